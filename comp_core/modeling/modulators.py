"""Modulators: so that no modality learns at the cost of another (ComP's GM, eq. 10-11; OGM-GE).

A modulator watches the errors of a batch and then stands around the optimiser's step.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import EllipsisType

import torch
from torch import Tensor, nn

from comp_core.modalities import MODALITIES

# A parameter, and which part of it is one modality's: a row of the modality axis, or all of it.
Part = tuple[nn.Parameter, int | EllipsisType]


def parts_of(*modules: nn.Module) -> list[list[Part]]:
    """The parts of the modules' parameters that are each modality's own.

    A parameter is one modality's if its path names it (``widen.audio.weight``); otherwise its first axis must be the modalities.

    Raises:
        ValueError: a parameter is neither.
    """
    parts: list[list[Part]] = [[] for _ in MODALITIES]
    for module in modules:
        for name, parameter in module.named_parameters():
            owner = [i for i, modality in enumerate(MODALITIES) if modality in name.split(".")]
            if not owner and (parameter.ndim == 0 or len(parameter) != len(MODALITIES)):
                raise ValueError(f"{name} belongs to no modality")
            for i in owner or range(len(MODALITIES)):
                parts[i].append((parameter, ... if owner else i))
    return parts


class GradientModulator:
    """Scales the steps of each modality's parameters by how far it lags behind the others (GM, eq. 10-11, repaired).

    The paper scales the gradient of the prototypes' first map with weights (eq. 10) that do not tell the weaker modality from the
    stronger, have no bound, and lose any constant factor in Adam, which divides a gradient by its own size. Here the step that the
    optimiser has made is scaled, in all that is the modality's own, by 1 + tanh(strength (E^u - mean of the others' E) / mean E), which
    lies between 0 and 2 and is above 1 for the weaker modality.
    """

    def __init__(self, parts: list[list[Part]], strength: float = 1.0) -> None:
        self._parts = parts
        self._strength = strength
        self.scale = torch.ones(len(parts))

    def watch(self, errors: Tensor, known: Tensor) -> None:
        """Take the errors E of a batch, (n, M), of which only ``known`` ones, (n, M) bool, count."""
        with torch.no_grad():
            mean, others = _mean_and_others(errors, known)
            self.scale = 1 + torch.tanh(self._strength * (mean - others) / mean.mean().clamp(min=1e-6))

    @contextmanager
    def __call__(self) -> Iterator[None]:
        before = {parameter: parameter.detach().clone() for of_one in self._parts for parameter, _ in of_one}
        yield
        with torch.no_grad():
            for factor, of_one in zip(self.scale.tolist(), self._parts, strict=True):
                for parameter, part in of_one:
                    parameter[part] = before[parameter][part].lerp(parameter[part], factor)


class DominanceModulator(GradientModulator):
    """OGM-GE (Peng et al., 2022) after the optimiser's step: the modality that is ahead takes smaller steps, with noise of their size.

    The published method acts on gradients of SGD; under Adam a factor on the gradient would be lost.
    """

    def watch(self, errors: Tensor, known: Tensor) -> None:
        """Take the errors of a batch, (n, M), of which only ``known`` ones, (n, M) bool, count."""
        with torch.no_grad():
            mean, others = _mean_and_others(errors, known)
            ahead = (others / mean.clamp(min=1e-6) - 1).clamp(min=0)
            self.scale = 1 - torch.tanh(self._strength * ahead)

    @contextmanager
    def __call__(self) -> Iterator[None]:
        before = {parameter: parameter.detach().clone() for of_one in self._parts for parameter, _ in of_one}
        with super().__call__():
            yield
        with torch.no_grad():
            for factor, of_one in zip(self.scale.tolist(), self._parts, strict=True):
                for parameter, part in of_one if factor < 1 else ():
                    step = parameter[part] - before[parameter][part]
                    parameter[part] += torch.randn_like(step) * step.square().mean().sqrt()


def _mean_and_others(errors: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
    """The mean error of each modality, (M,), and that of the others. One of which nothing is known counts as the mean of the rest."""
    count = known.sum(0)
    mean = (errors * known).sum(0) / count.clamp(min=1)
    mean = torch.where(count > 0, mean, mean[count > 0].mean() if (count > 0).any() else 0.0)
    return mean, (mean.sum() - mean) / (len(mean) - 1)
