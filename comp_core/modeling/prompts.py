"""Progressive prompt generation: prototypes of a conversation, and the prompts made from them (ComP, eq. 6-9)."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


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
        self.queries = nn.Parameter(torch.randn(count, width) / math.sqrt(width))
        self.to_key = nn.Linear(width, width)

    def forward(self, state: Tensor, observed: Tensor) -> Tensor:
        """(B, N, d) and (B, N) bool -> (B, c, d); zeros for a conversation in which the modality never occurs."""
        scores = self.queries @ self.to_key(state).transpose(1, 2) / math.sqrt(state.shape[-1])
        shares = scores.masked_fill(~observed.unsqueeze(1), -torch.inf).softmax(-1).nan_to_num(0.0)
        return shares @ state


class PromptGenerator(nn.Module):
    """What one modality tells the others about each utterance (eq. 7-8).

    Args:
        width: d, size of a state.
        prompt: p, size of a prompt.
    """

    def __init__(self, width: int, prompt: int, dropout: float) -> None:
        super().__init__()
        self.log_sharpness = nn.Parameter(torch.tensor(math.log(5.0)))
        self.from_prototypes = _feed_forward(width, dropout)
        self.from_state = _feed_forward(width, dropout)
        self.to_prompt = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, prompt))
        self.empty = nn.Parameter(torch.zeros(prompt))

    def forward(self, state: Tensor, previous: Tensor, prototypes: Tensor, observed: Tensor) -> Tensor:
        """Prompts of one block.

        Args:
            state: (B, N, d) of the sending modality at this block.
            previous: (B, N, d) its state before the last propagation (the state itself at the first block).
            prototypes: (B, c, d).
            observed: (B, N) bool. The paper adds a constant to a whole row before the softmax (eq. 7), which changes nothing; here a
                row that was not observed sends the learned ``empty`` prompt instead.

        Returns:
            (B, N, p)
        """
        cosine = F.normalize(state, dim=-1) @ F.normalize(prototypes, dim=-1).transpose(1, 2)
        similarity = (cosine * self.log_sharpness.exp()).softmax(-1)
        generated = self.to_prompt(self.from_prototypes(similarity @ prototypes) + self.from_state(previous))
        return torch.where(observed.unsqueeze(-1), generated, self.empty)


def momentum(carried: Tensor, generated: Tensor, share: float) -> Tensor:
    """Prompts of this block from those that came out of the last one and the newly generated (eq. 9); ``share`` is lambda."""
    return share * carried + (1 - share) * generated


def _feed_forward(width: int, dropout: float) -> nn.Module:
    return nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Dropout(dropout), nn.Linear(width, width))
