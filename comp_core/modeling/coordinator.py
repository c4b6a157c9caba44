"""The coordinator: how much each modality counts for an utterance (ComP, eq. 12-14)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from comp_core.modeling.layers import perceptron


class Coordinator(nn.Module):
    """Weights over modalities from their states (repaired).

    A missing modality has been filled in from its neighbours and from the others, and may count for something. Unlike the paper's, this
    coordinator is told which modalities were really observed, gives no weight to one that occurs nowhere in the conversation, and
    judges the states without changing them: its own loss (`comp_core.modeling.comp_loss.reliability`) would otherwise bend them
    to be judged easily.
    """

    def __init__(self, width: int, modalities: int, dropout: float) -> None:
        super().__init__()
        self.score = perceptron(modalities * (width + 1), width, modalities, dropout)

    def forward(self, states: Tensor, observed: Tensor, known: Tensor) -> Tensor:
        """(B, N, M, d) and what is observed and known, both (B, N, M) bool -> weights (B, N, M) that sum to 1."""
        scores = self.score(torch.cat([states.detach().flatten(2), observed.to(states.dtype)], -1))
        # Where nothing is known there is nothing to compare.
        return torch.where(known, scores, -torch.inf).where(known.any(-1, keepdim=True), 0.0).softmax(-1)


class EqualWeights(nn.Module):
    """What stands in the coordinator's place where it is left out (the paper's ablation)."""

    def forward(self, states: Tensor, observed: Tensor, _known: Tensor) -> Tensor:
        """(B, N, M, d), (B, N, M) bool -> (B, N, M), all 1/M."""
        return torch.full_like(observed, 1 / observed.shape[-1], dtype=states.dtype)
