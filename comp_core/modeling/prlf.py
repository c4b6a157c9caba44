"""PRLF: progressive representation learning with incomplete modalities (Bao, Qian, Yan, Yang; arXiv 2603.09111).

Only the abstract is public to us: the modules are the paper's idea, the equations are ours.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from comp_core.modalities import MODALITIES, TEXT
from comp_core.modeling.batch import Conversations, FusionOutput
from comp_core.modeling.encoders import Encoders
from comp_core.modeling.interaction import ProgressiveInteraction, alignment
from comp_core.modeling.layers import PerModalityLinear, PerModalityNorm, perceptron
from comp_core.modeling.propagation import NearSelfAttention, may_look
from comp_core.modeling.reliability import CUES, Reliability

# Who leads: the most reliable modality, or, to see whether that matters, each in turn or always the words.
MOST_RELIABLE, IN_TURN = "reliable", "turn"
LEADERS = (MOST_RELIABLE, IN_TURN, TEXT)


@dataclass(frozen=True)
class PRLFConfig:
    """Sizes of PRLF, saved in its checkpoint.

    Attributes:
        dims: modality -> size of its feature vectors, D_m.
        outputs: K, number of classes; 1 for a score.
        width: d.
        layers: of attention over the conversation.
        steps: T, of interaction with the dominant modality; with none the modalities are only weighed.
        temperature: tau of the reliabilities.
        cues: what reliability is judged by, one or both of ``CUES``.
        leader: one of ``LEADERS``.
    """

    dims: dict[str, int]
    outputs: int
    width: int = 96
    layers: int = 1
    heads: int = 2
    steps: int = 3
    dropout: float = 0.3
    temperature: float = 1.0
    cues: tuple[str, ...] = CUES
    leader: str = MOST_RELIABLE

    def __post_init__(self) -> None:
        if not self.cues or set(self.cues) - set(CUES):
            raise ValueError(f"reliability can be judged by {' and '.join(CUES)}, not by {self.cues!r}")
        if self.leader not in LEADERS:
            raise ValueError(f"the leader is one of {', '.join(LEADERS)}, not {self.leader!r}")


@dataclass(frozen=True, kw_only=True)
class PRLFOutput(FusionOutput):
    """What PRLF returns beside what every fusion model does; its ``weights`` are the reliabilities r.

    Attributes:
        alignment: (B, N, M, T + 1) cosine to the dominant state before the first step and after each.
        unimodal: (B, N, M, K) the heads' predictions with all that they say: for a score (mean, log variance).
        states: (B, N, M, d) what the heads were given.
    """

    alignment: Tensor
    unimodal: Tensor
    states: Tensor


class PRLF(nn.Module):
    """Conversations -> fused and per-modality predictions, reliabilities, and how the modalities were aligned.

    A modality that was not observed starts from a learned token, takes up what its neighbours in the conversation say in it, and is
    judged like any other; only one that occurs nowhere in the conversation has no reliability.
    """

    def __init__(self, config: PRLFConfig) -> None:
        super().__init__()
        self.config = config
        width, modalities = config.width, len(MODALITIES)
        self.encoders = Encoders(config.dims, width, config.dropout)
        self.absent = nn.Parameter(torch.zeros(modalities, 1, 1, width))
        self.context = nn.ModuleList(NearSelfAttention(width, config.heads, config.dropout) for _ in range(config.layers))
        self.norm = PerModalityNorm(width)
        self.heads = PerModalityLinear(width, 2 if config.outputs == 1 else config.outputs)
        self.reliability = Reliability(config.cues, config.temperature, score=config.outputs == 1)
        if config.steps:
            self.interact = ProgressiveInteraction(width, config.heads, config.dropout)
        self.classifier = perceptron(modalities * width, width, config.outputs, config.dropout)

    def forward(self, conversations: Conversations) -> PRLFOutput:
        states, unimodal = self.read(conversations)
        return self.fuse(conversations, states, unimodal, self.reliability(unimodal, conversations.known))

    def read(self, conversations: Conversations) -> tuple[Tensor, Tensor]:
        """Each modality by itself: states (M, B, N, d), and the heads' predictions (B, N, M, K)."""
        observed = conversations.by_modality
        allowed, distance = may_look(observed), conversations.distance
        states = torch.where(observed.unsqueeze(-1), self.encoders(conversations.features, observed), self.absent)
        for attend in self.context:
            states = states + attend(states, allowed, distance)
        states = self.norm(states)
        return states, self.heads(states).permute(1, 2, 0, 3)

    def fuse(self, conversations: Conversations, states: Tensor, unimodal: Tensor, reliability: Tensor) -> PRLFOutput:
        """Draw the modalities to the dominant one and fuse them, given reliabilities (B, N, M)."""
        dominant = self._dominant(conversations, reliability)
        leads = (dominant.unsqueeze(-1) == torch.arange(len(MODALITIES), device=dominant.device)).permute(2, 0, 1)
        shares, drawn = reliability.permute(2, 0, 1), states
        aligned = [alignment(drawn, leads)]
        for _ in range(self.config.steps):
            drawn = self.interact(drawn, shares, leads)
            aligned.append(alignment(drawn, leads))
        by_utterance = drawn.permute(1, 2, 0, 3)
        return PRLFOutput(
            logits=self.classifier((reliability.unsqueeze(-1) * by_utterance).flatten(2)),
            modality_logits=unimodal[..., : self.config.outputs],
            weights=reliability,
            grounded=conversations.by_modality.any(0),
            dominant=dominant,
            alignment=torch.stack(aligned, -1).permute(1, 2, 0, 3),
            unimodal=unimodal,
            states=states.permute(1, 2, 0, 3),
        )

    def _dominant(self, conversations: Conversations, reliability: Tensor) -> Tensor:
        """(B, N) int."""
        if self.config.leader == MOST_RELIABLE:
            return reliability.argmax(-1)
        if self.config.leader == TEXT:
            return torch.full_like(conversations.position, MODALITIES.index(TEXT))
        # The next in turn of those that are known.
        wait = (torch.arange(len(MODALITIES), device=reliability.device) - conversations.position.unsqueeze(-1)) % len(MODALITIES)
        return torch.where(conversations.known, wait, wait + len(MODALITIES)).argmin(-1)
