"""Mixture of modality knowledge experts (after MoMKE; Xu, Jiang, Liang, 2024)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from comp_core.modalities import MODALITIES
from comp_core.modeling.baselines.baseline import Baseline, BaselineConfig
from comp_core.modeling.layers import PerModalityLinear, perceptron


class Experts(Baseline):
    """Every state goes through the experts of all modalities; a router mixes what they make of it.

    In the first stage each expert learns on its own modality alone, see `alone`.
    """

    def __init__(self, config: BaselineConfig) -> None:
        super().__init__(config)
        self.experts = nn.ModuleList(perceptron(config.width, config.width, config.width, config.dropout) for _ in MODALITIES)
        self.heads = PerModalityLinear(config.width, config.outputs)
        self.router = nn.Linear(config.width, len(MODALITIES))
        self.classifier = perceptron(len(MODALITIES) * config.width, config.width, config.outputs, config.dropout)

    def alone(self, states: Tensor) -> Tensor:
        """Each modality by its own expert: (M, B, N, d) -> logits (B, N, M, K)."""
        known = torch.stack([state + expert(state) for state, expert in zip(states, self.experts, strict=True)])
        return self.heads(known).permute(1, 2, 0, 3)

    def fuse(self, states: Tensor, known: Tensor) -> Tensor:
        read = torch.stack([states + expert(states) for expert in self.experts], -2)
        mixed = (self.router(states).softmax(-1).unsqueeze(-1) * read).sum(-2)
        return self.classifier(torch.where(known.unsqueeze(-1), mixed, 0.0).permute(1, 2, 0, 3).flatten(2))
