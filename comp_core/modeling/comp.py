"""ComP: cross-modal prompting for incomplete multimodal emotion recognition (He, Zhu, Zhang; AAAI 2026), default preset.

The default preset keeps the paper's blocks and repairs what ties a prediction to its position, its padding or its batch
neighbours; each block's docstring says where it departs.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from comp_core.modalities import MODALITIES
from comp_core.modeling.coordinator import Coordinator
from comp_core.modeling.outputs import Conversations, FusionOutput
from comp_core.modeling.prompts import PromptGenerator, Prototypes, momentum
from comp_core.modeling.propagation import KnowledgePropagation


@dataclass(frozen=True)
class ComPConfig:
    """Sizes of ComP, saved in its checkpoint; the letters are the paper's.

    Attributes:
        dims: modality -> size of its feature vectors, D_m.
        outputs: K, number of classes.
        width: d.
        prompt: p.
        prototypes: c.
        blocks: L, rounds of prompting and propagation.
        layers: m, attention layers in a block.
        momentum: lambda of eq. 9, the share of the carried prompt.
    """

    dims: dict[str, int]
    outputs: int
    width: int = 96
    prompt: int = 16
    prototypes: int = 10
    blocks: int = 2
    layers: int = 2
    heads: int = 2
    momentum: float = 0.3
    dropout: float = 0.3


class Encoder(nn.Module):
    """Enc^u of the paper: one modality's features to the common width. Utterances without it are zero (eq. 1).

    Attributes:
        mean, spread: (D_m,) of the training features, by which features are standardised: raw scales differ by orders of magnitude
            between modalities, and training diverges on them.
    """

    def __init__(self, dim: int, width: int, dropout: float) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(dim))
        self.register_buffer("spread", torch.ones(dim))
        self.layers = nn.Sequential(nn.Linear(dim, width), nn.GELU(), nn.Dropout(dropout), nn.Linear(width, width))

    def standardise_by(self, features: Tensor) -> None:
        """Take mean and spread from training features, (n, D_m)."""
        self.mean.copy_(features.mean(0))
        # A feature that never varies stays small instead of being blown up.
        self.spread.copy_(features.std(0).clamp(min=1e-2))

    def forward(self, features: Tensor, observed: Tensor) -> Tensor:
        """(B, N, D_m), (B, N) bool -> (B, N, d)."""
        # Chosen, not multiplied: whatever stands in a missing place, even NaN, must not get through.
        present = torch.where(observed.unsqueeze(-1), (features - self.mean) / self.spread, 0.0)
        return torch.where(observed.unsqueeze(-1), self.layers(present), 0.0)


class ComP(nn.Module):
    """Conversations -> fused and per-modality predictions for every utterance.

    A conversation's output depends on nothing but its own observed features: not on the batch, the padding, or the order in
    which utterances stand.
    """

    def __init__(self, config: ComPConfig) -> None:
        super().__init__()
        self.config = config
        width, others = config.width, len(MODALITIES) - 1

        def per_modality(build) -> nn.ModuleDict:
            return nn.ModuleDict({modality: build(modality) for modality in MODALITIES})

        def per_block(build) -> nn.ModuleList:
            return nn.ModuleList(per_modality(build) for _ in range(config.blocks))

        self.encoders = per_modality(lambda m: Encoder(config.dims[m], width, config.dropout))
        self.prototypes = per_modality(lambda _: Prototypes(width, config.prototypes))
        self.generators = per_block(lambda _: PromptGenerator(width, config.prompt, config.dropout))
        self.propagation = per_block(
            lambda _: KnowledgePropagation(width, others * config.prompt, config.layers, config.heads, config.dropout)
        )
        self.heads = per_modality(lambda _: nn.Sequential(nn.LayerNorm(width), nn.Linear(width, config.outputs)))
        self.coordinator = Coordinator(width, len(MODALITIES), config.dropout)
        fused = len(MODALITIES) * width
        self.classifier = nn.Sequential(nn.Linear(fused, width), nn.GELU(), nn.Dropout(config.dropout), nn.Linear(width, config.outputs))

    def forward(self, conversations: Conversations) -> FusionOutput:
        states = self.propagate(conversations)
        stacked = torch.stack([states[m] for m in MODALITIES], 2)
        observed = conversations.observed & conversations.valid.unsqueeze(-1)
        weights, fused = self.coordinator(stacked, observed)
        return FusionOutput(
            logits=self.classifier(fused),
            modality_logits=torch.stack([self.heads[m](states[m]) for m in MODALITIES], 2),
            weights=weights,
            grounded=observed.any(-1),
        )

    def propagate(self, conversations: Conversations) -> dict[str, Tensor]:
        """The states after the last block: modality -> (B, N, d), missing ones filled in from the other modalities."""
        observed = {m: conversations.observed[..., i] & conversations.valid for i, m in enumerate(MODALITIES)}
        states = {m: self.encoders[m](conversations.features[m], observed[m]) for m in MODALITIES}
        prototypes = {m: self.prototypes[m](states[m], observed[m]) for m in MODALITIES}
        previous, carried = states, None
        for generators, propagation in zip(self.generators, self.propagation, strict=True):
            generated = {m: generators[m](states[m], previous[m], prototypes[m], observed[m]) for m in MODALITIES}
            # What each modality receives: the others' prompts. (The paper writes P^{vu} with a generated part from u itself, which would
            # carry nothing from v to u; the sender's is meant.)
            incoming = {m: torch.cat([generated[other] for other in MODALITIES if other != m], -1) for m in MODALITIES}
            if carried is not None:
                incoming = {m: momentum(carried[m], incoming[m], self.config.momentum) for m in MODALITIES}
            updated = {m: propagation[m](states[m], incoming[m], observed[m]) for m in MODALITIES}
            previous, states = states, {m: state for m, (state, _) in updated.items()}
            carried = {m: prompts for m, (_, prompts) in updated.items()}
        return states
