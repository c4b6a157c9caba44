"""Late fusion: each modality predicts by itself, and the observed ones are averaged."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import nn

from comp_core.modeling.baselines.baseline import BaselineConfig, Reader, output_of
from comp_core.modeling.batch import Conversations, FusionOutput
from comp_core.modeling.layers import PerModalityLinear


class LateFusion(Reader):
    """Modalities meet in the mean of their predictions only."""

    def __init__(self, config: BaselineConfig) -> None:
        super().__init__(config)
        self.heads = nn.Sequential(nn.GELU(), nn.Dropout(config.dropout), PerModalityLinear(config.width, config.outputs))

    def forward(self, conversations: Conversations) -> FusionOutput:
        states, known = self.read(conversations)
        unimodal = self.heads(states).permute(1, 2, 0, 3)
        output = output_of(unimodal[:, :, 0], unimodal, conversations, known)
        return replace(output, logits=torch.sum(output.weights.unsqueeze(-1) * unimodal, 2), modality_logits=unimodal)
