"""Graph completion (in the spirit of GCNet; Lian et al., 2023): utterances complete one another, and what was missing is rebuilt."""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from comp_core.modalities import MODALITIES
from comp_core.modeling.baselines.baseline import Baseline, BaselineConfig

REACH = 4  # neighbours on either side to which an utterance is connected
LAYERS = 2


class GraphCompletion(Baseline):
    """Relational graph convolutions over the conversation; relations are before, itself and after."""

    def __init__(self, config: BaselineConfig) -> None:
        super().__init__(config)
        wide = len(MODALITIES) * config.width
        self.layers = nn.ModuleList(nn.ModuleList(nn.Linear(wide, wide, bias=False) for _ in range(3)) for _ in range(LAYERS))
        self.dropout = nn.Dropout(config.dropout)
        self.decoders = nn.ModuleDict({m: nn.Linear(wide, config.dims[m]) for m in MODALITIES})
        self.classifier = nn.Linear(2 * wide, config.outputs)

    def complete(self, states: Tensor, known: Tensor) -> Tensor:
        """(M, B, N, d), (M, B, N) -> what each utterance knows of itself and its neighbours, (B, N, 2 M d)."""
        x = states.permute(1, 2, 0, 3).flatten(2)
        # Utterances of which nothing is known, padding among them, send nothing.
        sends = known.any(0).to(x.dtype)
        place = torch.arange(x.shape[1], device=x.device)
        distance = place.unsqueeze(1) - place
        relations = [(distance > 0) & (distance <= REACH), distance == 0, (distance < 0) & (distance >= -REACH)]
        hidden = x
        for layer in self.layers:
            total = torch.zeros_like(hidden)
            for relation, linear in zip(relations, cast(nn.ModuleList, layer), strict=True):
                edges = relation * sends.unsqueeze(1)
                total = total + linear(edges @ hidden / edges.sum(-1, keepdim=True).clamp(min=1))
            hidden = self.dropout(F.relu(total))
        return torch.cat([x, hidden], -1)

    def fuse(self, states: Tensor, known: Tensor) -> Tensor:
        return self.classifier(self.complete(states, known))

    def rebuilt(self, states: Tensor, known: Tensor) -> dict[str, Tensor]:
        """Standardised features of all modalities, the missing ones too: modality -> (B, N, D_m)."""
        hidden = self.complete(states, known)[..., states.shape[0] * states.shape[-1] :]
        return {m: self.decoders[m](hidden) for m in MODALITIES}
