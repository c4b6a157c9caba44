"""What the baselines share: sizes, how they read a conversation, and the record they return."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from comp_core.modalities import MODALITIES
from comp_core.modeling.batch import Conversations, FusionOutput, stack
from comp_core.modeling.encoders import Encoders
from comp_core.modeling.propagation import NearSelfAttention, may_look

HEADS = 2


@dataclass(frozen=True)
class BaselineConfig:
    """Sizes of a baseline.

    Attributes:
        dims: modality -> size of its features.
        outputs: number of them.
        width: of its layers.
        context: layers of attention over the conversation between encoders and fusion, the same as ComP's; without any, no utterance
            knows of another.
    """

    dims: dict[str, int]
    outputs: int
    width: int = 96
    dropout: float = 0.3
    context: int = 0


class Reader(nn.Module):
    """Features to states, utterance by utterance or with what the conversation tells of them."""

    def __init__(self, config: BaselineConfig) -> None:
        super().__init__()
        self.config = config
        self.encoders = Encoders(config.dims, config.width, config.dropout)
        self.attention = nn.ModuleList(NearSelfAttention(config.width, HEADS, config.dropout) for _ in range(config.context))

    def read(self, conversations: Conversations) -> tuple[Tensor, Tensor]:
        """States (M, B, N, d), and where there is one, (M, B, N) bool; zero elsewhere.

        With context a modality that is missing in an utterance, but not in the conversation, has a state: what the others say of it.
        """
        observed = conversations.by_modality
        states = self.encoders(conversations.features, observed)
        if not self.attention:
            return states, observed
        allowed = may_look(observed)
        for attend in self.attention:
            states = states + attend(states, allowed, conversations.distance)
        known = conversations.known.permute(2, 0, 1)
        return torch.where(known.unsqueeze(-1), states, 0.0), known


class Baseline(Reader, ABC):
    """A model that fuses states and has no heads of single modalities.

    What it makes of one modality is what it answers when given that one alone.
    """

    @abstractmethod
    def fuse(self, states: Tensor, known: Tensor) -> Tensor:
        """States (M, B, N, d), zero where nothing is ``known``, (M, B, N) -> logits (B, N, K)."""

    def forward(self, conversations: Conversations) -> FusionOutput:
        alone = [conversations.only((m,)) for m in MODALITIES]
        # One pass for all that is observed, and for each modality alone.
        logits = self.fuse(*self.read(stack([conversations, *alone])))
        fused, *unimodal = logits.split(len(conversations.valid))
        return output_of(fused, torch.stack(unimodal, 2), conversations, conversations.by_modality)


def output_of(logits: Tensor, modality_logits: Tensor, conversations: Conversations, counted: Tensor) -> FusionOutput:
    """The record of a model without coordinator: the modalities that are ``counted``, (M, B, N), count alike."""
    counted = counted.permute(1, 2, 0)
    weights = torch.where(counted.any(-1, keepdim=True), counted / counted.sum(-1, keepdim=True).clamp(min=1), 1 / len(MODALITIES))
    grounded = conversations.by_modality.any(0)
    return FusionOutput(logits=logits, modality_logits=modality_logits, weights=weights, grounded=grounded)
