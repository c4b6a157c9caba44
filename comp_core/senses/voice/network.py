"""The voice network: two views of the sound -> towers of small CNNs -> attentive statistics -> feature; heads per corpus."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from comp_core.senses.voice.spectra import BANDS


@dataclass(frozen=True)
class VoiceNetConfig:
    """Sizes of the voice network; saved in its checkpoint.

    Attributes:
        views: for each tower, how many of the views it sees, the first ones first.
        widths: channels of a tower's blocks.
        tower_dim: features of one tower.
        heads: corpus -> number of classes.
    """

    views: tuple[int, ...] = (1, 2)
    widths: tuple[int, ...] = (24, 48, 96, 128)
    tower_dim: int = 64
    heads: dict[str, int] = field(default_factory=lambda: {"ravdess": 8, "emodb": 7})
    dropout: float = 0.25

    @property
    def feature_dim(self) -> int:
        return len(self.views) * self.tower_dim


class ResidualBlock(nn.Module):
    """Halves bands and time, then two 3x3 convolutions around a shortcut (He et al., 2016)."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels_in, channels_out, 3, 1, 1, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels_out, channels_out, 3, 1, 1, bias=False),
            nn.BatchNorm2d(channels_out),
        )
        self.shortcut = nn.Sequential(nn.Conv2d(channels_in, channels_out, 1, bias=False), nn.BatchNorm2d(channels_out))

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(x, 2, ceil_mode=True)
        return torch.relu(self.body(x) + self.shortcut(x))


class Tower(nn.Module):
    """One network on some of the views: (B, views, BANDS, T), ``valid`` (B, T) -> features (B, tower_dim)."""

    def __init__(self, config: VoiceNetConfig, views: int) -> None:
        super().__init__()
        self.views = views
        first, last = config.widths[0], config.widths[-1]
        # The first block strides instead of pooling: at full resolution it alone would cost as much as all the others.
        self.stem = nn.Sequential(nn.Conv2d(views, first, 5, 2, 2, bias=False), nn.BatchNorm2d(first), nn.ReLU(inplace=True))
        self.blocks = nn.Sequential(*(ResidualBlock(i, o) for i, o in zip(config.widths, config.widths[1:], strict=False)))
        self.reduction = 2 ** len(config.widths)
        self.squeeze = nn.Conv1d(last * (BANDS // self.reduction), last, 1)
        self.attention = nn.Conv1d(last, last, 1)
        self.normalise = nn.BatchNorm1d(2 * last)
        self.dropout = nn.Dropout(config.dropout)
        self.to_feature = nn.Linear(2 * last, config.tower_dim)
        self.heads = nn.ModuleDict({corpus: nn.Linear(config.tower_dim, classes) for corpus, classes in config.heads.items()})

    def forward(self, x: Tensor, valid: Tensor) -> Tensor:
        x = self.blocks(self.stem(x[:, : self.views])).flatten(1, 2)
        x = torch.relu(self.squeeze(x))
        kept = F.max_pool1d(valid[:, None].float(), self.reduction, ceil_mode=True).bool()
        # Attentive statistics (Okabe et al., 2018), with an attention of its own for each channel.
        attention = self.attention(x).masked_fill(~kept, -torch.inf).softmax(2)
        centre = (x * attention).sum(2)
        spread = ((x - centre.unsqueeze(2)).square() * attention).sum(2).clamp(min=1e-6).sqrt()
        return torch.relu(self.to_feature(self.dropout(self.normalise(torch.cat([centre, spread], 1)))))


class VoiceNet(nn.Module):
    """Towers that learn apart and answer together: small corpora leave a single network much to chance."""

    def __init__(self, config: VoiceNetConfig) -> None:
        super().__init__()
        self.config = config
        self.towers = nn.ModuleList(Tower(config, views) for views in config.views)

    def features(self, spectra: Tensor, valid: Tensor) -> Tensor:
        """(B, VIEWS, BANDS, T), (B, T) bool -> (B, D). Frames that are not valid have no influence beyond the edge's receptive field."""
        # Two frames as one: 20 ms are short enough for what a voice shows, and half the work.
        spectra, valid = F.avg_pool2d(spectra, (1, 2)), valid[:, 1::2]
        there = valid[:, None, None]
        mean = (spectra * there).sum((2, 3), keepdim=True) / (BANDS * there.sum(3, keepdim=True).clamp(min=1))
        # Loudness is the microphone's gain as much as the speaker's: take each utterance's own level away.
        x = torch.where(there, (spectra - mean) / 4, 0.0)
        return torch.cat([tower(x, valid) for tower in self.towers], 1)

    def forward(self, spectra: Tensor, valid: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Features (B, D), and for each corpus the logits of every tower, (B, towers, classes)."""
        feature = self.features(spectra, valid)
        parts = feature.chunk(len(self.towers), 1)
        logits = {
            corpus: torch.stack([t.heads[corpus](t.dropout(part)) for t, part in zip(self.towers, parts, strict=True)], 1)
            for corpus in self.config.heads
        }
        return feature, logits


def together(logits: Tensor) -> Tensor:
    """Logits of the towers (B, towers, classes) -> log of their mean probabilities (B, classes)."""
    return logits.log_softmax(2).logsumexp(1) - math.log(logits.shape[1])
