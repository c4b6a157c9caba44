"""Other rooms, microphones and speakers, made in the mel domain from studio recordings."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from comp_core.senses.voice_net import FLOOR

SHORTEST = 80  # frames: an utterance that has only begun


def augment(mel: Tensor, random: np.random.Generator) -> Tensor:
    """One random variant of a log-mel spectrogram, (MELS, T) -> (MELS, T')."""
    mel = crop(mel, random) if random.random() < 0.3 else mel
    mel = stretch(mel, time=random.uniform(0.85, 1.18), bands=random.uniform(0.92, 1.08))
    if random.random() < 0.25:
        mel = reverberate(mel, decay=random.uniform(0.05, 0.3))
    if random.random() < 0.2:
        mel = band_limit(mel, keep=int(random.integers(40, len(mel))))
    if random.random() < 0.5:
        mel = add_noise(mel, snr_db=random.uniform(8, 45), tilt=random.uniform(-3, 1), random=random)
    return mask(mel, random)


def crop(mel: Tensor, random: np.random.Generator) -> Tensor:
    """A stretch of the utterance, as heard while it grows or is cut."""
    frames = mel.shape[1]
    if frames <= SHORTEST:
        return mel
    length = int(random.integers(SHORTEST, frames + 1))
    start = int(random.integers(0, frames - length + 1))
    return mel[:, start : start + length]


def stretch(mel: Tensor, time: float, bands: float) -> Tensor:
    """Another tempo, and another length of the vocal tract."""
    count, frames = mel.shape
    source = (torch.arange(count) * bands).clamp(max=count - 1)
    low = source.floor().long()
    high = (low + 1).clamp(max=count - 1)
    mel = torch.lerp(mel[low], mel[high], (source - low).unsqueeze(1))
    return F.interpolate(mel.unsqueeze(0), size=max(8, round(frames * time)), mode="linear", align_corners=False)[0]


def reverberate(mel: Tensor, decay: float, length: int = 40) -> Tensor:
    """A room whose power falls by 60 dB in ``decay`` seconds times about 14: exponential tails in every band."""
    tail = torch.exp(-torch.arange(length) * 0.01 / decay) * 0.3
    tail[0] = 1.0
    power = F.conv1d(F.pad(mel.exp().unsqueeze(1), (length - 1, 0)), tail.flip(0)[None, None])
    return power.squeeze(1).clamp(min=FLOOR).log()


def band_limit(mel: Tensor, keep: int) -> Tensor:
    """A telephone or a codec: nothing above the lowest ``keep`` bands."""
    return torch.cat([mel[:keep], mel[keep:].clamp(max=-16.0)])


def add_noise(mel: Tensor, snr_db: float, tilt: float, random: np.random.Generator) -> Tensor:
    """Steady noise with a sloping spectrum, ``tilt`` nepers from the lowest to the highest band."""
    count, frames = mel.shape
    shape = torch.linspace(0, tilt, count).unsqueeze(1) + torch.from_numpy(random.normal(0, 0.4, (count, frames)).astype(np.float32))
    level = mel.exp().mean().log() - snr_db / 10 * np.log(10)
    return torch.logaddexp(mel, shape - shape.exp().mean().log() + level)


def mask(mel: Tensor, random: np.random.Generator) -> Tensor:
    """SpecAugment (Park et al., 2019): one group of bands and one stretch of time at the utterance's mean."""
    mel = mel.clone()
    count, frames = mel.shape
    mean = mel.mean()
    bands, first = int(random.integers(0, 10)), int(random.integers(0, count - 10))
    mel[first : first + bands] = mean
    length = int(random.integers(0, max(2, frames // 6)))
    start = int(random.integers(0, max(1, frames - length)))
    mel[:, start : start + length] = mean
    return mel
