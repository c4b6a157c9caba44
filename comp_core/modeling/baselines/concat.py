"""States side by side, zeros where nothing is known: the plainest fusion, and the same with modality dropout."""

from __future__ import annotations

import torch
from torch import Tensor

from comp_core.modalities import MODALITIES
from comp_core.modeling.baselines.baseline import Baseline, BaselineConfig
from comp_core.modeling.layers import perceptron


class Concat(Baseline):
    """An MLP over all states and a bit for each modality that says whether anything is known of it."""

    def __init__(self, config: BaselineConfig) -> None:
        super().__init__(config)
        self.classifier = perceptron(len(MODALITIES) * (config.width + 1), config.width, config.outputs, config.dropout)

    def fuse(self, states: Tensor, known: Tensor) -> Tensor:
        return self.classifier(torch.cat([states, known.unsqueeze(-1)], -1).permute(1, 2, 0, 3).flatten(2))


class ModalityDropout(Concat):
    """The same, losing a modality more now and then in training (Neverova et al., 2016)."""

    RATE = 0.3

    def fuse(self, states: Tensor, known: Tensor) -> Tensor:
        if self.training:
            kept = known & (torch.rand(known.shape, device=known.device) >= self.RATE)
            # At least one stays.
            known = torch.where(kept.any(0), kept, known)
            states = torch.where(known.unsqueeze(-1), states, 0.0)
        return super().fuse(states, known)
