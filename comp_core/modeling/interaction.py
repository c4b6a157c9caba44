"""ProgInteract: step by step, the other modalities are drawn to the dominant one (PRLF, after its abstract; the equations are ours)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from comp_core.modeling.layers import Dropout, PerModalityLinear, PerModalityNorm


class ProgressiveInteraction(nn.Module):
    """One step, which is repeated: a = MHA(h_m; h_d, h_m), g = sigmoid(W [h_m; a; r_d - r_m]), h_m <- LN(h_m + g * a); h_d stays.

    The steps share their weights, so that each continues what the one before began.
    """

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"width {width} is not a multiple of {heads} heads")
        self.heads = heads
        self.to_query = PerModalityLinear(width, width)
        self.to_key_value = PerModalityLinear(width, 2 * width)
        self.out = PerModalityLinear(width, width)
        self.gate = PerModalityLinear(2 * width + 1, width)
        self.norm = PerModalityNorm(width)
        self.dropout = Dropout(dropout)

    def forward(self, states: Tensor, reliability: Tensor, leads: Tensor) -> Tensor:
        """States (M, B, N, d), r and whether a modality is the dominant one (bool), both (M, B, N) -> states (M, B, N, d)."""
        chosen = leads.unsqueeze(-1)
        dominant = torch.where(chosen, states, 0.0).sum(0).expand_as(states)
        ahead = torch.where(leads, reliability, 0.0).sum(0) - reliability
        query = self.to_query(states).unflatten(-1, (self.heads, -1))
        # The dominant state is read by the receiving modality's own maps.
        pairs = self.to_key_value(torch.stack([dominant, states], 3)).unflatten(-1, (2, self.heads, -1))
        key, value = pairs.unbind(-3)  # each (M, B, N, 2, heads, d / heads)
        shares = ((query.unsqueeze(3) * key).sum(-1) / key.shape[-1] ** 0.5).softmax(3)
        taken = self.dropout(self.out((shares.unsqueeze(-1) * value).sum(3).reshape(states.shape)))
        gate = torch.sigmoid(self.gate(torch.cat([states, taken, ahead.unsqueeze(-1)], -1)))
        return torch.where(chosen, states, self.norm(states + gate * taken))


def alignment(states: Tensor, leads: Tensor) -> Tensor:
    """Cosine of each modality's state to the dominant one's, (M, B, N, d), (M, B, N) bool -> (M, B, N); 1 for the dominant itself.

    The dominant state is taken as given: it is not to move towards the others.
    """
    dominant = torch.where(leads.unsqueeze(-1), states, 0.0).sum(0).detach()
    return F.cosine_similarity(states, dominant.expand_as(states), dim=-1)
