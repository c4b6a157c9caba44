"""The prediction from all modalities together (ComP, eq. 14-15)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from comp_core.modeling.layers import Dropout


class FusedPrediction(nn.Module):
    """Weighted states side by side through a two-layer classifier (repaired).

    The classifier says by how much the answer departs from the weighted mean of the modalities' own predictions. They are taken as they
    are: what a modality shows may differ from what the whole expresses, and its head shall not answer for that. And weights are
    multiplied by M, so that equal ones leave the states as they are. The paper has neither; there the classifier begins from states a
    third of their size, and learns anew what the heads already know.
    """

    def __init__(self, width: int, modalities: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.join = nn.Sequential(nn.Linear(modalities * width, width), nn.GELU(), Dropout(dropout))
        self.out = nn.Linear(width, outputs)

    def hidden(self, states: Tensor, weights: Tensor) -> Tensor:
        """What the classifier makes of states (B, N, M, d) and weights (B, N, M) before it answers, (B, N, d)."""
        return self.join((weights.shape[-1] * weights.unsqueeze(-1) * states).flatten(2))  # eq. 14

    def forward(self, states: Tensor, weights: Tensor, unimodal: Tensor) -> Tensor:
        """States (B, N, M, d), weights (B, N, M) and the modalities' own predictions (B, N, M, K) -> logits (B, N, K)."""
        return self.out(self.hidden(states, weights)) + torch.sum(weights.unsqueeze(-1) * unimodal.detach(), 2)  # eq. 15
