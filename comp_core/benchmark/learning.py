"""How large the gradients of each modality's encoder are during a training."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager

import torch
from torch import nn

from comp_core.metrics.balance import modality_learning
from comp_core.modalities import MODALITIES
from comp_core.modeling.modulators import parts_of


class GradientSizes:
    """Stands around each step of a training, outside of what stands there already, and notes sizes of gradients.

    Args:
        encoders: whose parameters are each modality's own.
        inner: what else stands around a step.
    """

    def __init__(self, encoders: nn.Module, given: Collection[str], inner: Callable[[], AbstractContextManager[None]]) -> None:
        self._parts = [parts for modality, parts in zip(MODALITIES, parts_of(encoders), strict=True) if modality in given]
        self._inner = inner
        self._steps: list[torch.Tensor] = []

    @contextmanager
    def __call__(self) -> Iterator[None]:
        self._steps.append(torch.stack([self._size(parts) for parts in self._parts]))
        with self._inner():
            yield

    @staticmethod
    def _size(parts: list) -> torch.Tensor:
        grads = [parameter.grad[row] for parameter, row in parts if parameter.grad is not None]
        if not grads:
            return torch.zeros((), device=parts[0][0].device)
        return torch.stack([grad.square().sum() for grad in grads]).sum().div(sum(grad.numel() for grad in grads)).sqrt()

    @property
    def index(self) -> float:
        """`modality_learning` of the steps so far."""
        return modality_learning(torch.stack(self._steps).double().cpu().numpy())
