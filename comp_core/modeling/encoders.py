"""Enc^u: one modality's features to the common width (ComP, eq. 1-2)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from comp_core.modalities import MODALITIES
from comp_core.modeling.layers import Dropout, PerModalityLinear


class Encoders(nn.Module):
    """Standardised features of all modalities to states. Utterances without a modality are zero (eq. 1).

    Features are standardised by the training data: raw scales differ by orders of magnitude between modalities, and training
    diverges on them.

    Args:
        dims: modality -> size of its features, D_m.
    """

    def __init__(self, dims: dict[str, int], width: int, dropout: float) -> None:
        super().__init__()
        self.widen = nn.ModuleDict({m: nn.Linear(dims[m], width) for m in MODALITIES})
        for modality in MODALITIES:
            self.register_buffer(f"mean_{modality}", torch.zeros(dims[modality]))
            self.register_buffer(f"spread_{modality}", torch.ones(dims[modality]))
        self.dropout = Dropout(dropout)
        self.mix = PerModalityLinear(width, width)

    def standardise_by(self, features: dict[str, Tensor]) -> None:
        """Take mean and spread from training features, modality -> (n, D_m)."""
        for modality, values in features.items():
            getattr(self, f"mean_{modality}").copy_(values.mean(0))
            # A feature that never varies stays small instead of being blown up.
            getattr(self, f"spread_{modality}").copy_(values.std(0).clamp(min=1e-2))

    def standardised(self, features: dict[str, Tensor], observed: Tensor) -> dict[str, Tensor]:
        """Modality -> (B, N, D_m), zero where it is not ``observed``, (M, B, N)."""
        # Chosen, not multiplied: whatever stands in a missing place, even NaN, must not get through.
        return {
            m: torch.where(seen.unsqueeze(-1), (features[m] - getattr(self, f"mean_{m}")) / getattr(self, f"spread_{m}"), 0.0)
            for m, seen in zip(MODALITIES, observed, strict=True)
        }

    def widened(self, features: dict[str, Tensor], observed: Tensor) -> Tensor:
        """The first half, (M, B, N, d): the costly one, in which nothing is left to chance."""
        given = self.standardised(features, observed)
        return F.gelu(torch.stack([self.widen[m](given[m]) for m in MODALITIES]))

    def states(self, widened: Tensor, observed: Tensor) -> Tensor:
        """The second half, (M, B, N, d)."""
        return torch.where(observed.unsqueeze(-1), self.mix(self.dropout(widened)), 0.0)

    def forward(self, features: dict[str, Tensor], observed: Tensor) -> Tensor:
        """Modality -> (B, N, D_m), and (M, B, N) bool -> (M, B, N, d)."""
        return self.states(self.widened(features, observed), observed)
