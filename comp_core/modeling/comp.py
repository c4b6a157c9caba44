"""ComP: cross-modal prompting for incomplete multimodal emotion recognition (He, Zhu, Zhang; AAAI 2026).

A preset names the blocks that a model is built of: ``paper`` those as printed (`comp_core.modeling.paper_preset`); ``default`` repairs
what ties a prediction to its position or its padding, and each block's docstring says where it departs; in ``alike`` prompts steer
attention, too.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from typing import cast

from torch import Tensor, nn

from comp_core.modalities import MODALITIES
from comp_core.modeling.batch import Conversations, FusionOutput
from comp_core.modeling.classifier import FusedPrediction
from comp_core.modeling.coordinator import Coordinator, EqualWeights
from comp_core.modeling.encoders import Encoders
from comp_core.modeling.layers import PerModalityLinear, PerModalityNorm, from_others
from comp_core.modeling.paper_preset import PositionPrototypes, PrintedCoordinator, PrintedFusedPrediction, PrintedPromptGenerator, StageOne
from comp_core.modeling.prompts import PromptGenerator, Prototypes, momentum
from comp_core.modeling.propagation import AlikeSelfAttention, KnowledgePropagation, NearSelfAttention, SelfAttention, may_look

# The parts of the paper's Table 3 that belong to the model; the fourth, the gradient modulator, belongs to training.
PROPAGATION, PROMPTS, COORDINATOR = "propagation", "prompts", "coordinator"
COMPONENTS = (PROPAGATION, PROMPTS, COORDINATOR)
DEFAULT, ALIKE, PAPER = "default", "alike", "paper"


@dataclass(frozen=True)
class ComPConfig:
    """Sizes of ComP, saved in its checkpoint; the letters are the paper's.

    Attributes:
        dims: modality -> size of its feature vectors, D_m.
        outputs: K, number of classes; 1 for a score.
        width: d.
        prompt: p.
        prototypes: c.
        blocks: L, rounds of prompting and propagation.
        layers: m, attention layers in a block.
        momentum: lambda of eq. 9, the share of the carried prompt.
        without: which of the ``COMPONENTS`` are left out.
        preset: one of ``PRESETS``.
        length: n, the longest conversation; only the paper's prototypes need to know.
    """

    dims: dict[str, int]
    outputs: int
    width: int = 96
    prompt: int = 16
    prototypes: int = 10
    blocks: int = 2
    layers: int = 1
    heads: int = 2
    momentum: float = 0.3
    dropout: float = 0.3
    without: tuple[str, ...] = ()
    preset: str = DEFAULT
    length: int | None = None

    def __post_init__(self) -> None:
        if self.preset not in PRESETS:
            raise ValueError(f"ComP has no preset {self.preset!r}; there are {', '.join(map(repr, PRESETS))}")
        if (self.length is not None) != (self.preset == PAPER):
            raise ValueError("the paper's preset, and only that, must be told the length of the longest conversation")
        if unknown := set(self.without) - set(COMPONENTS):
            raise ValueError(f"ComP has no component {', '.join(sorted(unknown))}; those that can be left out are {', '.join(COMPONENTS)}")


@dataclass(frozen=True)
class Preset:
    """The blocks that a ComP is built of.

    Attributes:
        prototypes: of a configuration.
        norm: of a width; what heads, coordinator and classifier read goes through it.
        stage_one: it is trained in two stages, and has what the first one needs.
    """

    prototypes: Callable[[ComPConfig], nn.Module]
    generator: Callable[[int, int, float], nn.Module]
    attention: type[SelfAttention]
    norm: Callable[[int], nn.Module]
    coordinator: Callable[[int, int, float], nn.Module]
    fused: type[FusedPrediction]
    stage_one: bool


_REPAIRED = Preset(
    lambda config: Prototypes(config.width, config.prototypes),
    PromptGenerator,
    NearSelfAttention,
    PerModalityNorm,
    Coordinator,
    FusedPrediction,
    stage_one=False,
)
PRESETS = {
    DEFAULT: _REPAIRED,
    ALIKE: replace(_REPAIRED, attention=AlikeSelfAttention),
    PAPER: Preset(
        lambda config: PositionPrototypes(cast(int, config.length), config.prototypes),
        PrintedPromptGenerator,
        SelfAttention,
        nn.Identity,
        PrintedCoordinator,
        PrintedFusedPrediction,
        stage_one=True,
    ),
}


def as_printed(dims: dict[str, int], outputs: int, length: int, without: Collection[str] = ()) -> ComPConfig:
    """The paper's preset with the sizes that its authors' README gives."""
    return ComPConfig(dims, outputs, width=256, layers=2, dropout=0.5, without=tuple(without), preset=PAPER, length=length)


class ComP(nn.Module):
    """Conversations -> fused and per-modality predictions for every utterance.

    A conversation's output depends on nothing but its own observed features: not on the batch or the padding, nor, in the default
    preset, on the order in which utterances stand.
    """

    def __init__(self, config: ComPConfig) -> None:
        super().__init__()
        self.config = config
        preset, width, modalities = PRESETS[config.preset], config.width, len(MODALITIES)
        self.encoders = Encoders(config.dims, width, config.dropout)
        prompt = 0 if PROMPTS in config.without else config.prompt
        layers = 0 if PROPAGATION in config.without else config.layers
        if prompt:
            self.prototypes = preset.prototypes(config)
            self.generators = nn.ModuleList(preset.generator(width, prompt, config.dropout) for _ in range(config.blocks))
        self.propagation = nn.ModuleList(
            KnowledgePropagation(width, (modalities - 1) * prompt, layers, config.heads, config.dropout, preset.attention)
            for _ in range(config.blocks)
        )
        self.norm = preset.norm(width)
        self.heads = PerModalityLinear(width, config.outputs)
        self.coordinator = EqualWeights() if COORDINATOR in config.without else preset.coordinator(width, modalities, config.dropout)
        if preset.stage_one:
            self.stage_one = StageOne(config.dims, width, config.outputs)
        self.fused = preset.fused(width, modalities, config.outputs, config.dropout)

    def forward(self, conversations: Conversations, widened: Tensor | None = None) -> FusionOutput:
        """``widened``: what `Encoders.widened` makes of them, where somebody has asked already."""
        states = self.propagate(conversations, widened)
        observed = conversations.observed & conversations.valid.unsqueeze(-1)
        by_utterance = states.permute(1, 2, 0, 3)
        unimodal = self.heads(states).permute(1, 2, 0, 3)
        weights = self.coordinator(by_utterance, observed, conversations.known)  # eq. 12-13
        return FusionOutput(
            logits=self.fused(by_utterance, weights, unimodal),  # eq. 14-15
            modality_logits=unimodal,
            weights=weights,
            grounded=observed.any(-1),
        )

    @property
    def by_modality(self) -> list[nn.Module]:
        """The blocks whose parameters are each modality's own: all but coordinator and classifier."""
        return [block for name, block in self.named_children() if name not in ("coordinator", "fused")]

    def propagate(self, conversations: Conversations, widened: Tensor | None = None) -> Tensor:
        """The states after the last block, (M, B, N, d), missing ones filled in from the other modalities.

        In the default preset they are normalised: what heads, coordinator and classifier read is of one size.
        """
        *_, (states, _) = self.blocks(conversations, widened=widened)
        return self.norm(states)

    def alone(self, conversations: Conversations, widened: Tensor | None = None) -> Tensor:
        """What each modality would say if it were the only one, (B, N, M, K).

        The same as the ``modality_logits`` from it alone, for all of them at less than the price of one pass: no other would have
        anything to tell it, so they are computed side by side, and nobody speaks.

        Raises:
            ValueError: the preset is the paper's, where modalities speak of what they have not seen.
        """
        if self.config.preset == PAPER:
            raise ValueError("in the paper's preset a modality that was not observed speaks, too: give the model one modality at a time")
        *_, (states, _) = self.blocks(conversations, silent=True, widened=widened)
        return self.heads(self.norm(states)).permute(1, 2, 0, 3)

    def blocks(self, conversations: Conversations, silent: bool = False, widened: Tensor | None = None) -> Iterator[tuple[Tensor, Tensor]]:
        """Block by block the states (M, B, N, d) and the prompts that were received in it, (M, B, N, (M - 1) p).

        ``silent``: no modality has anything to tell the others.
        """
        observed, distance = conversations.by_modality, conversations.distance
        allowed = may_look(observed)
        if widened is None:
            widened = self.encoders.widened(conversations.features, observed)
        states = self.encoders.states(widened, observed)
        if PROMPTS in self.config.without:
            nothing = states[..., :0]
            for propagate in self.propagation:
                states, _ = propagate(states, nothing, allowed, distance)
                yield states, nothing
            return
        prototypes = None if silent else self.prototypes(states, observed)
        previous, carried, speaks = states, None, observed
        known = conversations.known.permute(2, 0, 1)
        for generate, propagate in zip(self.generators, self.propagation, strict=True):
            # What a modality receives are the others' prompts. (The paper writes P^{vu} with a generated part from u itself, which would
            # carry nothing from v to u; the sender's is meant.)
            told = cast(PromptGenerator, generate).nothing(states) if silent else generate(states, previous, prototypes, speaks)
            incoming = from_others(told)
            if carried is not None:
                incoming = momentum(carried, incoming, self.config.momentum)
            previous = states
            states, carried = propagate(states, incoming, allowed, distance)
            yield states, incoming
            # From now on a missing state holds what its neighbours say, and has something to tell the others.
            speaks = known
