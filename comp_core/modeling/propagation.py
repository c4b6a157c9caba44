"""Knowledge propagation: a modality takes up the others' prompts and its neighbours in the conversation (ComP, eq. 3-5)."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from comp_core.modalities import MODALITIES
from comp_core.modeling.layers import Dropout, PerModalityLinear, PerModalityNorm


def may_look(observed: Tensor) -> Tensor:
    """Who may look at whom: what was observed, (..., N) bool -> (..., N, N).

    Only observed utterances may be looked at. Each may also look at itself, so that an utterance in a conversation without the modality
    has something to attend to: its prompts.
    """
    places = torch.arange(observed.shape[-1], device=observed.device)
    return observed.unsqueeze(-2) | (places == places.unsqueeze(-1))


class SelfAttention(nn.Module):
    """Multi-head self-attention over the utterances of a conversation, in each modality (eq. 4 as printed)."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"width {width} is not a multiple of {heads} heads")
        self.heads = heads
        self.to_qkv = PerModalityLinear(width, 3 * width)
        self.out = PerModalityLinear(width, width)
        self.dropout = Dropout(dropout)

    def forward(self, state: Tensor, allowed: Tensor, _distance: Tensor, _prompts: Tensor | None = None) -> Tensor:
        """What each utterance takes from its conversation, (M, B, N, d).

        Args:
            state: (M, B, N, d).
            allowed: (M, B, N, N) bool, who may look at whom.
            distance: (B, N, N), how far apart they are.
            prompts: (M, B, N, P) received from the other modalities, where there are any.
        """
        return self.attend(state, allowed.unsqueeze(2))

    def attend(self, state: Tensor, mask: Tensor) -> Tensor:
        """(M, B, N, d) under a mask of each head, (M, B, 1 or heads, N, N): bool, or added to the scores."""
        query, key, value = self.to_qkv(state).unflatten(-1, (3, self.heads, -1)).permute(3, 0, 1, 4, 2, 5).flatten(1, 2)
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=mask.flatten(0, 1))
        return self.dropout(self.out(mixed.transpose(1, 2).reshape(state.shape)))


class NearSelfAttention(SelfAttention):
    """The same after a layer norm, and near utterances are heard better than far ones.

    A score falls with the distance, by a slope that each head learns (Press et al., 2022, have fixed ones).
    """

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__(width, heads, dropout)
        self.norm = PerModalityNorm(width)
        self.log_slope = nn.Parameter(torch.linspace(0.0, -3.0, heads).repeat(len(MODALITIES), 1))

    def forward(self, state: Tensor, allowed: Tensor, distance: Tensor, prompts: Tensor | None = None) -> Tensor:
        scores = torch.where(allowed.unsqueeze(2), self.added(allowed, distance, prompts), -torch.inf)
        return self.attend(self.norm(state), scores)

    def added(self, _allowed: Tensor, distance: Tensor, _prompts: Tensor | None) -> Tensor:
        """What is added to the scores, (M, B, heads, N, N)."""
        return -self.log_slope.exp()[:, None, :, None, None] * distance.unsqueeze(1)


class AlikeSelfAttention(NearSelfAttention):
    """The same, and utterances of which the other modalities tell alike are heard better.

    A missing utterance so looks at those of which the others say what they say of it. Without this a model finds such a rule by luck
    only: what it knows of an utterance must first meet itself through several maps that are learned.
    """

    # Gains of the first and the last head, those between in equal steps of their logarithm: one head begins as it would without.
    GAINS = (0.05, 3.0)

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__(width, heads, dropout)
        first, last = map(math.log, self.GAINS)
        self.log_gain = nn.Parameter(torch.linspace(first, last, heads).repeat(len(MODALITIES), 1))

    def added(self, allowed: Tensor, distance: Tensor, prompts: Tensor | None) -> Tensor:
        scores = super().added(allowed, distance, prompts)
        if prompts is None or not prompts.shape[-1]:
            return scores
        # What is told of all that an utterance may look at tells nothing apart.
        shares = allowed / allowed.sum(-1, keepdim=True)
        told = F.normalize(prompts - shares @ prompts, dim=-1)
        return scores + self.log_gain.exp()[:, None, :, None, None] * (told @ told.transpose(-1, -2)).unsqueeze(2)


class KnowledgePropagation(nn.Module):
    """One block: [state; prompts from the others] -> the same, updated. Missing utterances come out filled in.

    Args:
        width: d, size of a state.
        prompts: total size of the prompts that a modality receives (2p with three modalities).
        layers: m, attention layers. With none, no utterance knows of another.
        attention: `SelfAttention` as printed, or the default's.
    """

    def __init__(
        self, width: int, prompts: int, layers: int, heads: int, dropout: float, attention: type[SelfAttention] = NearSelfAttention
    ) -> None:
        super().__init__()
        self.width = width
        self.enter = PerModalityLinear(width + prompts, width)
        self.attention = nn.ModuleList(attention(width, heads, dropout) for _ in range(layers))
        self.leave = PerModalityLinear(width, width + prompts)

    def forward(self, state: Tensor, prompts: Tensor, allowed: Tensor, distance: Tensor) -> tuple[Tensor, Tensor]:
        """(M, B, N, d), (M, B, N, prompts), `may_look` (M, B, N, N), (B, N, N) -> updated (M, B, N, d) and (M, B, N, prompts)."""
        mixed = self.enter(torch.cat([state, prompts], -1))  # eq. 3
        for attend in self.attention:
            mixed = mixed + attend(mixed, allowed, distance, prompts)  # eq. 4
        return self.leave(mixed).split([self.width, prompts.shape[-1]], -1)  # eq. 5
