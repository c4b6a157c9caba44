"""The words network: a small transformer encoder over word pieces."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from comp_core.modalities import LABELS, LIVE


@dataclass(frozen=True)
class WordsNetConfig:
    """Sizes of the words network; saved in its checkpoint.

    Attributes:
        vocabulary: number of word pieces.
        inner: hidden units of each feed-forward block.
        positions: longest text in pieces, the two end marks included.
        corpora: one head each, beside the live one; their annotators did not label alike.
    """

    vocabulary: int
    width: int = 384
    layers: int = 6
    heads: int = 12
    inner: int = 1536
    positions: int = 64
    feature_dim: int = 64
    corpora: tuple[str, ...] = ("goemotions", "meld")
    dropout: float = 0.1
    feature_dropout: float = 0.2


class EncoderBlock(nn.Module):
    """Self-attention and feed-forward, each normalised after its shortcut (Vaswani et al., 2017; Devlin et al., 2019)."""

    def __init__(self, config: WordsNetConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.to_qkv = nn.Linear(config.width, 3 * config.width)
        self.attended = nn.Linear(config.width, config.width)
        self.attention_norm = nn.LayerNorm(config.width, eps=1e-12)
        self.expand = nn.Linear(config.width, config.inner)
        self.contract = nn.Linear(config.inner, config.width)
        self.feed_norm = nn.LayerNorm(config.width, eps=1e-12)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, L, W), mask (B, L) True where there is a piece -> (B, L, W)."""
        q, k, v = self.to_qkv(x).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask[:, None, None]).transpose(1, 2).flatten(2)
        x = self.attention_norm(x + self.dropout(self.attended(mixed)))
        return self.feed_norm(x + self.dropout(self.contract(F.gelu(self.expand(x)))))


class WordsNet(nn.Module):
    """Word pieces (B, L) and mask (B, L) -> features (B, D) and, for each head, logits (B, 7) over LABELS.

    The head called LIVE answers visitors; the others answer as the annotators of one corpus would.
    """

    def __init__(self, config: WordsNetConfig) -> None:
        super().__init__()
        self.config = config
        self.pieces = nn.Embedding(config.vocabulary, config.width, padding_idx=0)
        self.places = nn.Embedding(config.positions, config.width)
        self.norm = nn.LayerNorm(config.width, eps=1e-12)
        self.dropout = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList(EncoderBlock(config) for _ in range(config.layers))
        # Each group of columns is pooled with its own attention; zero scores make it the mean, which is how the encoder was taught.
        self.attention = nn.Linear(config.width, config.heads)
        nn.init.zeros_(self.attention.weight)
        nn.init.zeros_(self.attention.bias)
        self.to_feature = nn.Linear(config.width, config.feature_dim)
        self.feature_dropout = nn.Dropout(config.feature_dropout)
        self.heads = nn.ModuleDict({corpus: nn.Linear(config.feature_dim, len(LABELS)) for corpus in (LIVE, *config.corpora)})

    def forward(self, tokens: Tensor, mask: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        x = self.pieces(tokens) + self.places.weight[: tokens.shape[1]]
        x = self.dropout(self.norm(x))
        for block in self.blocks:
            x = block(x, mask)
        shares = self.attention(x).masked_fill(~mask.unsqueeze(2), -torch.inf).softmax(1)
        pooled = (x.unflatten(2, (self.config.heads, -1)) * shares.unsqueeze(3)).sum(1).flatten(1)
        feature = torch.relu(self.to_feature(self.feature_dropout(pooled)))
        return feature, {corpus: head(self.feature_dropout(feature)) for corpus, head in self.heads.items()}
