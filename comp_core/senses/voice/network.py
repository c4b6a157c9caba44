"""The voice network: Whisper's convolutions and first blocks -> statistics of every layer over frames of speech -> feature -> heads."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from comp_core.senses.voice.spectra import BANDS, RANGE


@dataclass(frozen=True)
class VoiceNetConfig:
    """Sizes of the voice network; saved in its checkpoint.

    Attributes:
        blocks: how many of Whisper's blocks.
        width: channels of a block.
        attention_heads: of a block.
        positions: frames of 20 ms that can be read.
        heads: name -> number of classes.
        dropout: of the statistics, and of the feature.
    """

    blocks: int = 3
    width: int = 384
    attention_heads: int = 6
    positions: int = 600
    feature_dim: int = 128
    heads: dict[str, int] = field(default_factory=lambda: {"ravdess": 8, "emodb": 7, "live": 7})
    dropout: tuple[float, float] = (0.7, 0.2)


class Attention(nn.Module):
    """Multi-head self-attention (Vaswani et al., 2017); a key has no bias."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.value, self.out = (nn.Linear(width, width) for _ in range(3))
        self.key = nn.Linear(width, width, bias=False)

    def forward(self, x: Tensor, valid: Tensor | None) -> Tensor:
        query, key, value = (part(x).unflatten(2, (self.heads, -1)).transpose(1, 2) for part in (self.query, self.key, self.value))
        mask = None if valid is None else valid[:, None, None]
        return self.out(F.scaled_dot_product_attention(query, key, value, attn_mask=mask).transpose(1, 2).flatten(2))


class Block(nn.Module):
    """One block of Whisper's encoder: attention and a perceptron, each normalised before and added to what came in."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attn, self.attn_ln = Attention(width, heads), nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.mlp_ln = nn.LayerNorm(width)

    def forward(self, x: Tensor, valid: Tensor | None) -> Tensor:
        x = x + self.attn(self.attn_ln(x), valid)
        return x + self.mlp(self.mlp_ln(x))


class Ear(nn.Module):
    """The beginning of Whisper's encoder (Radford et al., 2022), under the names of its parameters."""

    positions: Tensor

    def __init__(self, config: VoiceNetConfig) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(BANDS, config.width, 3, padding=1)
        self.conv2 = nn.Conv1d(config.width, config.width, 3, stride=2, padding=1)
        self.blocks = nn.ModuleList(Block(config.width, config.attention_heads) for _ in range(config.blocks))
        self.register_buffer("positions", sinusoids(config.positions, config.width), persistent=False)

    def forward(self, mel: Tensor, frames: Tensor | None) -> tuple[list[Tensor], Tensor | None]:
        """(B, BANDS, T) and the number of real frames (B,), None if all are -> states after the convolutions and every block,
        each (B, T', width) with T' = ceil(T / 2), and which of them are real, (B, T')."""
        within = None if frames is None else (torch.arange(mel.shape[2], device=mel.device) < frames[:, None])[:, None]
        x = F.gelu(self.conv1(mel if within is None else mel * within))
        # Beyond its end an utterance in a batch meets zeros, as by itself.
        x = F.gelu(self.conv2(x if within is None else x * within)).transpose(1, 2)
        valid = None if within is None else within[:, 0, ::2]
        states = [x]
        x = x + self.positions[: x.shape[1]]
        for block in self.blocks:
            x = block(x, valid)
            states.append(x)
        return states, valid


def sinusoids(length: int, width: int) -> Tensor:
    """Whisper's table of positions, (length, width)."""
    rates = torch.exp(-math.log(10000) / (width // 2 - 1) * torch.arange(width // 2))
    angles = torch.arange(length)[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], 1)


def speech_statistics(states: list[Tensor], mel: Tensor, valid: Tensor | None) -> Tensor:
    """Mean and deviation of every layer over frames of speech: those within about 25 dB of the loudest.

    Args:
        states: after the convolutions and after every block, each (B, T', width).
        mel: (B, BANDS, T) with T' = ceil(T / 2); levelled, as `LogMel` gives it.
        valid: (B, T'), which frames are real; None: all.

    Returns:
        (B, layers * 2 * width)
    """
    decibels = 10 * RANGE / 2  # of one unit of ``mel``
    loud = torch.logsumexp(mel * decibels * (math.log(10) / 10), 1) * (10 / math.log(10))
    loud = F.max_pool1d(loud[:, None], 2, 2, ceil_mode=True)[:, 0]
    loud = loud if valid is None else loud.masked_fill(~valid, -torch.inf)
    weight = torch.sigmoid((loud - loud.amax(1, keepdim=True) + 25) / 4)
    weight = (weight / weight.sum(1, keepdim=True))[:, None]
    found = []
    for state in states:
        mean = weight @ state
        deviation = (weight @ (state - mean).square()).clamp(min=1e-6).sqrt()
        found += [mean[:, 0], deviation[:, 0]]
    return torch.cat(found, 1)


class Reader(nn.Module):
    """Statistics of the ear -> feature and logits. This part is trained."""

    centre: Tensor
    spread: Tensor

    def __init__(self, config: VoiceNetConfig) -> None:
        super().__init__()
        statistics = (config.blocks + 1) * 2 * config.width
        # Channels of Whisper differ a hundredfold in size: each is measured by its own spread over the training clips.
        self.register_buffer("centre", torch.zeros(statistics))
        self.register_buffer("spread", torch.ones(statistics))
        self.drop_statistics, self.drop_feature = (nn.Dropout(share) for share in config.dropout)
        self.to_feature = nn.Linear(statistics, config.feature_dim)
        self.heads = nn.ModuleDict({name: nn.Linear(config.feature_dim, classes) for name, classes in config.heads.items()})

    def standard(self, statistics: Tensor) -> Tensor:
        """Each number around 0 with deviation 1."""
        return (statistics - self.centre) / self.spread

    def feature(self, standard: Tensor) -> Tensor:
        """(B, layers * 2 * width) -> (B, feature_dim)."""
        return F.gelu(self.to_feature(self.drop_statistics(standard)))

    def logits(self, feature: Tensor) -> dict[str, Tensor]:
        """(B, feature_dim) -> for each head (B, classes)."""
        dropped = self.drop_feature(feature)
        return {name: head(dropped) for name, head in self.heads.items()}

    def forward(self, statistics: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Raw statistics -> features and logits."""
        feature = self.feature(self.standard(statistics))
        return feature, self.logits(feature)


class VoiceNet(nn.Module):
    """Log-mel frames to a feature, and from it the classes of each corpus and the live labels."""

    def __init__(self, config: VoiceNetConfig) -> None:
        super().__init__()
        self.config = config
        self.ear, self.reader = Ear(config), Reader(config)

    def listen_like(self, whisper: Mapping[str, Tensor]) -> VoiceNet:
        """Give the ear the weights of openai-whisper's state dict, of which it takes its own part."""
        self.ear.load_state_dict({name: whisper[f"encoder.{name}"] for name in self.ear.state_dict()})
        return self

    def statistics(self, mel: Tensor, frames: Tensor | None = None) -> Tensor:
        """(B, BANDS, T), number of real frames (B,) or None -> (B, layers * 2 * width)."""
        if frames is not None:
            mel = mel.masked_fill((torch.arange(mel.shape[2], device=mel.device) >= frames[:, None])[:, None], -1.0)
        states, valid = self.ear(mel, frames)
        return speech_statistics(states, mel, valid)

    def forward(self, mel: Tensor, frames: Tensor | None = None) -> tuple[Tensor, dict[str, Tensor]]:
        """(B, BANDS, T), (B,) or None -> features and logits."""
        return self.reader(self.statistics(mel, frames))
