"""The coordinator: how much each modality counts for an utterance (ComP, eq. 12-14)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Coordinator(nn.Module):
    """Weights over modalities from their states.

    The weights are not masked: an absent modality has been filled in from the others, and may count for something.

    Args:
        repaired: it is also told which modalities were really observed, and judges the states without changing them: its own loss
            (:func:`comp_core.training.losses.reliability`) would otherwise bend them to be judged easily. The paper has neither.
    """

    def __init__(self, width: int, modalities: int, dropout: float, repaired: bool = True) -> None:
        super().__init__()
        self.repaired = repaired
        inputs = modalities * (width + repaired)
        self.score = nn.Sequential(nn.Linear(inputs, width), nn.GELU(), nn.Dropout(dropout), nn.Linear(width, modalities))

    def forward(self, states: Tensor, observed: Tensor) -> Tensor:
        """(B, N, M, d), (B, N, M) bool -> weights (B, N, M) that sum to 1."""
        known = [states.detach(), observed.to(states.dtype).unsqueeze(-1)] if self.repaired else [states]
        return self.score(torch.cat([part.flatten(2) for part in known], -1)).softmax(-1)


class EqualWeights(nn.Module):
    """What stands in the coordinator's place where it is left out (the paper's ablation)."""

    def forward(self, states: Tensor, observed: Tensor) -> Tensor:
        """(B, N, M, d), (B, N, M) bool -> (B, N, M), all 1/M."""
        return torch.full_like(observed, 1 / observed.shape[-1], dtype=states.dtype)
