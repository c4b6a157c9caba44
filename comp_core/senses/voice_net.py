"""The voice network: log-mel spectrogram -> small CNN -> attentive statistics -> feature; one head per corpus."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from comp_core.senses.activity import SAMPLE_RATE

FRAME, HOP, MELS = 400, 160, 64  # samples, samples, bands: 25 ms windows every 10 ms
LOWEST_HZ, HIGHEST_HZ = 50.0, 7600.0
FLOOR = 1e-8  # added to the power, so that digital silence has a logarithm


@dataclass(frozen=True)
class VoiceNetConfig:
    """Sizes of the voice network; saved in its checkpoint. ``heads`` maps a corpus to its number of classes."""

    widths: tuple[int, ...] = (24, 48, 96, 128)
    feature_dim: int = 64
    heads: dict[str, int] = field(default_factory=lambda: {"ravdess": 8, "emodb": 7})
    dropout: float = 0.25


def mel_filters() -> Tensor:
    """Triangular filters on the mel scale of O'Shaughnessy, (MELS, FRAME // 2 + 1)."""

    def to_mel(hz: Tensor) -> Tensor:
        return 2595 * torch.log10(1 + hz / 700)

    edges_mel = torch.linspace(*to_mel(torch.tensor([LOWEST_HZ, HIGHEST_HZ])).tolist(), MELS + 2)
    edges = 700 * (10 ** (edges_mel / 2595) - 1)
    bins = torch.linspace(0, SAMPLE_RATE / 2, FRAME // 2 + 1)
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    return torch.minimum(rising, falling).clamp(min=0)


def log_mel(samples: Tensor, filters: Tensor) -> Tensor:
    """Natural-log mel power of 16 kHz mono sound: (T,) -> (MELS, frames). At least one frame for T >= FRAME."""
    spectrum = torch.stft(samples, FRAME, HOP, window=torch.hann_window(FRAME, device=samples.device), center=False, return_complex=True)
    return (filters @ spectrum.abs().square() + FLOOR).log()


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


class VoiceNet(nn.Module):
    """Log-mel frames (B, MELS, T) with ``valid`` (B, T) -> features (B, D) and logits per corpus."""

    def __init__(self, config: VoiceNetConfig) -> None:
        super().__init__()
        self.config = config
        first, last = config.widths[0], config.widths[-1]
        # The first block strides instead of pooling: at full resolution it alone would cost as much as all the others.
        self.stem = nn.Sequential(nn.Conv2d(1, first, 5, 2, 2, bias=False), nn.BatchNorm2d(first), nn.ReLU(inplace=True))
        self.blocks = nn.Sequential(*(ResidualBlock(i, o) for i, o in zip(config.widths, config.widths[1:], strict=False)))
        self.reduction = 2 ** len(config.widths)
        self.squeeze = nn.Conv1d(last * (MELS // self.reduction), last, 1)
        self.attention = nn.Conv1d(last, last, 1)
        self.normalise = nn.BatchNorm1d(2 * last)
        self.dropout = nn.Dropout(config.dropout)
        self.to_feature = nn.Linear(2 * last, config.feature_dim)
        self.heads = nn.ModuleDict({corpus: nn.Linear(config.feature_dim, classes) for corpus, classes in config.heads.items()})

    def features(self, mel: Tensor, valid: Tensor) -> Tensor:
        """(B, MELS, T), (B, T) bool -> (B, D). Frames that are not valid have no influence beyond the receptive field of the edge."""
        # Two frames as one: 20 ms are short enough for what a voice shows, and half the work.
        mel, valid = F.avg_pool1d(mel, 2), valid[:, 1::2]
        count = valid.sum(1).clamp(min=1)[:, None, None]
        mean = (mel * valid[:, None]).sum((1, 2), keepdim=True) / (count * MELS)
        # Loudness is the microphone's gain as much as the speaker's: take each utterance's own level away.
        x = torch.where(valid[:, None], (mel - mean) / 4, 0.0)
        x = self.blocks(self.stem(x.unsqueeze(1))).flatten(1, 2)
        x = torch.relu(self.squeeze(x))
        kept = F.max_pool1d(valid[:, None].float(), self.reduction, ceil_mode=True).bool()
        # Attentive statistics (Okabe et al., 2018), with an attention of its own for each channel.
        attention = self.attention(x).masked_fill(~kept, -torch.inf).softmax(2)
        centre = (x * attention).sum(2)
        spread = ((x - centre.unsqueeze(2)).square() * attention).sum(2).clamp(min=1e-6).sqrt()
        return torch.relu(self.to_feature(self.dropout(self.normalise(torch.cat([centre, spread], 1)))))

    def forward(self, mel: Tensor, valid: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        feature = self.features(mel, valid)
        return feature, {corpus: head(self.dropout(feature)) for corpus, head in self.heads.items()}
