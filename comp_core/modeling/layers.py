"""Layers that blocks share. Most are for every modality by itself, computed for all of them in one product.

A state of all modalities is one tensor with the modality axis first, (M, B, N, d), in the order of ``MODALITIES``. A loop over
modalities would read as well, but a live window is so small that the number of calls is what takes time.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from comp_core.modalities import MODALITIES
from comp_core.support.devices import CPU


class PerModalityLinear(nn.Module):
    """A linear map for each modality: (M, ..., inputs) -> (M, ..., outputs)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.outputs = outputs
        bound = 1 / math.sqrt(inputs)
        self.weight = nn.Parameter(torch.empty(len(MODALITIES), inputs, outputs).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(len(MODALITIES), 1, outputs).uniform_(-bound, bound))

    def forward(self, x: Tensor) -> Tensor:
        return torch.baddbmm(self.bias, x.flatten(1, -2), self.weight).reshape(*x.shape[:-1], self.outputs)


class PerModalityNorm(nn.Module):
    """Layer norm with a gain and a bias for each modality: (M, B, N, d) -> the same."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.gain = nn.Parameter(torch.ones(len(MODALITIES), 1, 1, width))
        self.bias = nn.Parameter(torch.zeros(len(MODALITIES), 1, 1, width))

    def forward(self, x: Tensor) -> Tensor:
        return torch.addcmul(self.bias, F.layer_norm(x, (self.width,)), self.gain)


class Dropout(nn.Dropout):
    """PyTorch's dropout, number for number, in two thirds of its time on the processor.

    To draw is most of what dropout costs there. PyTorch compares 53 random bits, as a fraction, with the share that is kept; here it is
    integers that are compared.
    """

    _DRAWN = 2**53

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or x.device.type != CPU or self.p in (0, 1):
            return super().forward(x)
        kept = 1 - self.p
        drawn = torch.empty_like(x, dtype=torch.int64, requires_grad=False).random_(self._DRAWN)
        return x * (drawn < math.ceil(kept * self._DRAWN)).to(x.dtype).div_(kept)


def feed_forward(width: int, dropout: float) -> nn.Sequential:
    """FFN^u: (M, ..., d) -> the same."""
    return nn.Sequential(PerModalityLinear(width, width), nn.GELU(), Dropout(dropout), PerModalityLinear(width, width))


def perceptron(inputs: int, width: int, outputs: int, dropout: float) -> nn.Sequential:
    """Two layers: (..., inputs) -> (..., outputs)."""
    return nn.Sequential(nn.Linear(inputs, width), nn.GELU(), Dropout(dropout), nn.Linear(width, outputs))


def from_others(x: Tensor) -> Tensor:
    """For each modality what the others have, side by side: (M, B, N, p) -> (M, B, N, (M - 1) p)."""
    count = len(x)
    return torch.stack([torch.cat([x[other] for other in range(count) if other != m], -1) for m in range(count)])
