"""Knowledge propagation: a modality takes up the others' prompts and its neighbours in the conversation (ComP, eq. 3-5)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class MaskedSelfAttention(nn.Module):
    """Multi-head self-attention over the utterances of a conversation, with a layer norm before it."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"width {width} is not a multiple of {heads} heads")
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.to_qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, state: Tensor, allowed: Tensor) -> Tensor:
        """(B, N, d) and (B, N, N) bool, who may look at whom -> (B, N, d)."""
        count, length, width = state.shape
        split = self.to_qkv(self.norm(state)).view(count, length, 3, self.heads, width // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=allowed.unsqueeze(1))
        return self.dropout(self.out(mixed.transpose(1, 2).reshape(count, length, width)))


class KnowledgePropagation(nn.Module):
    """One block of one modality: [state; prompts from the others] -> the same, updated. Missing utterances come out filled in.

    Args:
        width: d, size of a state.
        prompts: total size of the prompts that come in (2p with three modalities).
        layers: m, attention layers.
    """

    def __init__(self, width: int, prompts: int, layers: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.width = width
        self.enter = nn.Linear(width + prompts, width)
        self.attention = nn.ModuleList(MaskedSelfAttention(width, heads, dropout) for _ in range(layers))
        self.leave = nn.Linear(width, width + prompts)

    def forward(self, state: Tensor, prompts: Tensor, observed: Tensor) -> tuple[Tensor, Tensor]:
        """(B, N, d), (B, N, prompts), (B, N) bool -> updated (B, N, d) and (B, N, prompts).

        Only observed utterances may be looked at. Each may also look at itself, so that an utterance in a conversation
        without the modality has something to attend to: its prompts.
        """
        itself = torch.eye(state.shape[1], dtype=torch.bool, device=state.device)
        allowed = observed.unsqueeze(1) | itself
        mixed = self.enter(torch.cat([state, prompts], -1))  # eq. 3
        for attend in self.attention:
            mixed = mixed + attend(mixed, allowed)  # eq. 4
        return self.leave(mixed).split([self.width, prompts.shape[-1]], -1)  # eq. 5
