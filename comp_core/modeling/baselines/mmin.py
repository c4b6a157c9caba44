"""Missing modality imagination (after MMIN; Zhao, Li, Jin, 2021): absent states are imagined from those that are there."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from comp_core.modalities import MODALITIES
from comp_core.modeling.baselines.baseline import Baseline, BaselineConfig
from comp_core.modeling.layers import perceptron

BLOCKS = 3


class Imagination(Baseline):
    """A cascade of residual autoencoders over all states; what is not known is taken from its output."""

    def __init__(self, config: BaselineConfig) -> None:
        super().__init__(config)
        wide = len(MODALITIES) * config.width
        self.cascade = nn.ModuleList(perceptron(wide, config.width, wide, config.dropout) for _ in range(BLOCKS))
        self.classifier = perceptron(wide, config.width, config.outputs, config.dropout)

    def imagine(self, states: Tensor) -> Tensor:
        """(M, B, N, d) with zeros for what is missing -> the same without gaps."""
        x = states.permute(1, 2, 0, 3).flatten(2)
        total = torch.zeros_like(x)
        for autoencoder in self.cascade:
            total = total + autoencoder(x + total)
        return total.unflatten(2, (len(MODALITIES), -1)).permute(2, 0, 1, 3)

    def fuse(self, states: Tensor, known: Tensor) -> Tensor:
        complete = torch.where(known.unsqueeze(-1), states, self.imagine(states))
        return self.classifier(complete.permute(1, 2, 0, 3).flatten(2))
