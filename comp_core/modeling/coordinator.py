"""The coordinator: how much each modality counts for an utterance (ComP, eq. 12-14)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Coordinator(nn.Module):
    """Weights over modalities from their states.

    The weights are not masked: an absent modality has been filled in from the others, and may count for something.

    Args:
        told_observed: whether it is also told which modalities were really observed. The paper's is not.
    """

    def __init__(self, width: int, modalities: int, dropout: float, told_observed: bool = True) -> None:
        super().__init__()
        self.told_observed = told_observed
        inputs = modalities * (width + told_observed)
        self.score = nn.Sequential(nn.Linear(inputs, width), nn.GELU(), nn.Dropout(dropout), nn.Linear(width, modalities))

    def forward(self, states: Tensor, observed: Tensor) -> Tensor:
        """(B, N, M, d), (B, N, M) bool -> weights (B, N, M) that sum to 1."""
        known = [states.flatten(2), *([observed.to(states.dtype)] if self.told_observed else [])]
        return self.score(torch.cat(known, -1)).softmax(-1)


class EqualWeights(nn.Module):
    """What stands in the coordinator's place where it is left out (the paper's ablation)."""

    def forward(self, states: Tensor, observed: Tensor) -> Tensor:
        """(B, N, M, d), (B, N, M) bool -> (B, N, M), all 1/M."""
        return torch.full_like(observed, 1 / observed.shape[-1], dtype=states.dtype)
