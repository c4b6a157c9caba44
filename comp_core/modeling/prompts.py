"""Progressive prompt generation: prototypes of a conversation, and the prompts made from them (ComP, eq. 6-9)."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from comp_core.modalities import MODALITIES
from comp_core.modeling.layers import PerModalityLinear, feed_forward


class Prototypes(nn.Module):
    """Compress a modality's observed utterances into c prototypes (eq. 6, repaired).

    The paper maps positions 1..n to prototypes with an MLP over the padded length, which ties a prototype to a position. Here c
    learned queries pool the observed utterances by attention, so that any number of utterances will do, in any order.

    Args:
        width: d, size of a state.
        count: c, number of prototypes.
    """

    def __init__(self, width: int, count: int) -> None:
        super().__init__()
        self.queries = nn.Parameter(torch.randn(len(MODALITIES), 1, count, width) / math.sqrt(width))
        self.to_key = PerModalityLinear(width, width)

    def forward(self, state: Tensor, observed: Tensor) -> Tensor:
        """(M, B, N, d) and (M, B, N) bool -> (M, B, c, d); zeros for a conversation in which the modality never occurs."""
        scores = self.queries @ self.to_key(state).transpose(-1, -2) / math.sqrt(state.shape[-1])
        shares = scores.masked_fill(~observed.unsqueeze(-2), -torch.inf).softmax(-1).nan_to_num(0.0)
        return shares @ state


class PromptGenerator(nn.Module):
    """What each modality tells the others about each utterance (eq. 7-8).

    Args:
        width: d, size of a state.
        prompt: p, size of a prompt.
    """

    def __init__(self, width: int, prompt: int, dropout: float) -> None:
        super().__init__()
        self.log_sharpness = nn.Parameter(torch.full((len(MODALITIES), 1, 1, 1), math.log(5.0)))
        self.from_prototypes = feed_forward(width, dropout)
        self.from_state = feed_forward(width, dropout)
        self.to_prompt = nn.Sequential(PerModalityLinear(width, width), nn.GELU(), PerModalityLinear(width, prompt))
        self.empty = nn.Parameter(torch.zeros(len(MODALITIES), 1, 1, prompt))

    def forward(self, state: Tensor, previous: Tensor, prototypes: Tensor, speaks: Tensor) -> Tensor:
        """Prompts of one block.

        Args:
            state: (M, B, N, d) at this block.
            previous: (M, B, N, d) before the last propagation (the state itself at the first block).
            prototypes: (M, B, c, d).
            speaks: (M, B, N) bool, which rows have something to tell. For those that were not observed the paper adds a constant to a
                whole row before the softmax (eq. 7), which changes nothing; here they send the learned ``empty`` prompt instead.

        Returns:
            (M, B, N, p)
        """
        shares = similarity(state, prototypes, self.log_sharpness.exp())
        generated = self.to_prompt(self.from_prototypes(shares @ prototypes) + self.from_state(previous))
        return torch.where(speaks.unsqueeze(-1), generated, self.empty)

    def nothing(self, state: Tensor) -> Tensor:
        """The prompts (M, B, N, p) where no row has anything to tell."""
        return self.empty.expand(*state.shape[:-1], -1)


def similarity(state: Tensor, prototypes: Tensor, sharpness: Tensor | float = 1.0) -> Tensor:
    """S of eq. 7: softmax over the prototypes of the cosine, (..., N, d) and (..., c, d) -> (..., N, c)."""
    cosine = F.normalize(state, dim=-1) @ F.normalize(prototypes, dim=-1).transpose(-1, -2)
    return (cosine * sharpness).softmax(-1)


def momentum(carried: Tensor, generated: Tensor, share: float) -> Tensor:
    """Prompts of this block from those that came out of the last one and the newly generated (eq. 9); ``share`` is lambda."""
    return share * carried + (1 - share) * generated
