"""The coordinator: how much each modality counts for an utterance (ComP, eq. 12-14)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Coordinator(nn.Module):
    """Weights over modalities from their states.

    A missing modality has been filled in from its neighbours and from the others, and may count for something.

    Args:
        repaired: it is also told which modalities were really observed, gives no weight to one that occurs nowhere in the conversation,
            and judges the states without changing them: its own loss (`comp_core.modeling.losses.reliability`) would otherwise
            bend them to be judged easily. The paper has none of these.
    """

    def __init__(self, width: int, modalities: int, dropout: float, repaired: bool = True) -> None:
        super().__init__()
        self.repaired = repaired
        inputs = modalities * (width + repaired)
        self.score = nn.Sequential(nn.Linear(inputs, width), nn.GELU(), nn.Dropout(dropout), nn.Linear(width, modalities))

    def forward(self, states: Tensor, observed: Tensor, known: Tensor) -> Tensor:
        """(B, N, M, d) and what is observed and known, both (B, N, M) bool -> weights (B, N, M) that sum to 1."""
        if not self.repaired:
            return self.score(states.flatten(2)).softmax(-1)
        scores = self.score(torch.cat([states.detach().flatten(2), observed.to(states.dtype)], -1))
        # Where nothing is known there is nothing to compare.
        return torch.where(known, scores, -torch.inf).where(known.any(-1, keepdim=True), 0.0).softmax(-1)


class EqualWeights(nn.Module):
    """What stands in the coordinator's place where it is left out (the paper's ablation)."""

    def forward(self, states: Tensor, observed: Tensor, _known: Tensor) -> Tensor:
        """(B, N, M, d), (B, N, M) bool -> (B, N, M), all 1/M."""
        return torch.full_like(observed, 1 / observed.shape[-1], dtype=states.dtype)
