"""What the baselines share: sizes, the encoders in front, and the record they return."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from comp_core.modalities import MODALITIES
from comp_core.modeling.batch import Conversations, FusionOutput, stack
from comp_core.modeling.encoders import Encoders


@dataclass(frozen=True)
class BaselineConfig:
    """Sizes of a baseline: modality -> size of its features, number of outputs, width of its layers."""

    dims: dict[str, int]
    outputs: int
    width: int = 96
    dropout: float = 0.3


class Baseline(nn.Module, ABC):
    """A model that fuses encoded states and has no heads of single modalities.

    What it makes of one modality is what it answers when given that one alone.
    """

    def __init__(self, config: BaselineConfig) -> None:
        super().__init__()
        self.config = config
        self.encoders = Encoders(config.dims, config.width, config.dropout)

    @abstractmethod
    def fuse(self, states: Tensor, observed: Tensor) -> Tensor:
        """States (M, B, N, d), zero where not ``observed``, (M, B, N) -> logits (B, N, K)."""

    def forward(self, conversations: Conversations) -> FusionOutput:
        alone = [conversations.only((m,)) for m in MODALITIES]
        # One pass for all that is observed, and for each modality alone.
        everything = stack([conversations, *alone])
        logits = self.fuse(self.encoders(everything.features, everything.by_modality), everything.by_modality)
        fused, *unimodal = logits.split(len(conversations.valid))
        return output_of(fused, torch.stack(unimodal, 2), conversations)


def output_of(logits: Tensor, modality_logits: Tensor, conversations: Conversations) -> FusionOutput:
    """The record of a model without coordinator: what is observed counts alike."""
    observed = conversations.by_modality.permute(1, 2, 0)
    weights = torch.where(observed.any(-1, keepdim=True), observed / observed.sum(-1, keepdim=True).clamp(min=1), 1 / len(MODALITIES))
    return FusionOutput(logits=logits, modality_logits=modality_logits, weights=weights, grounded=observed.any(-1))


def perceptron(inputs: int, width: int, outputs: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, width), nn.GELU(), nn.Dropout(dropout), nn.Linear(width, outputs))
