"""Other rooms, microphones and speakers, made in the spectral domain from studio recordings."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from comp_core.senses.voice.spectra import BANDS, FLOOR, TIMBRE_HZ, VIEWS, centres, to_mel

SHORTEST = 80  # frames: an utterance that has only begun
_CENTRES = centres()
_DEAD = -16.0  # natural log of the power that a filter leaves


def augment(spectra: Tensor, random: np.random.Generator) -> Tensor:
    """One random variant of (VIEWS, BANDS, T) -> (VIEWS, BANDS, T')."""
    spectra = crop(spectra, random) if random.random() < 0.3 else spectra
    # Another length of the vocal tract moves the timbre, another pitch the melody.
    tract, pitch = random.uniform(0.92, 1.08), random.uniform(-2, 2)
    spectra = torch.stack([warp(view, *how) for view, how in zip(spectra, ((tract, 0.0), (1.0, pitch)), strict=True)])
    spectra = tempo(spectra, random.uniform(0.85, 1.18))
    if random.random() < 0.25:
        spectra = reverberate(spectra, decay=random.uniform(0.05, 0.3))
    if random.random() < 0.2:
        lowest = random.uniform(100, 350) if random.random() < 0.5 else 0.0
        spectra = band_limit(spectra, lowest, math.exp(random.uniform(math.log(2800), math.log(7600))))
    if random.random() < 0.5:
        spectra = add_noise(spectra, snr_db=random.uniform(8, 45), tilt=random.uniform(-3, 1), random=random)
    return mask(spectra, random)


def crop(spectra: Tensor, random: np.random.Generator) -> Tensor:
    """A stretch of the utterance, as heard while it grows or is cut."""
    frames = spectra.shape[2]
    if frames <= SHORTEST:
        return spectra
    length = int(random.integers(SHORTEST, frames + 1))
    start = int(random.integers(0, frames - length + 1))
    return spectra[:, :, start : start + length]


def warp(view: Tensor, scale: float, shift: float) -> Tensor:
    """Bands (BANDS, T) read at ``scale`` times their place plus ``shift``."""
    source = (torch.arange(BANDS) * scale + shift).clamp(0, BANDS - 1)
    low = source.floor().long()
    high = (low + 1).clamp(max=BANDS - 1)
    return torch.lerp(view[low], view[high], (source - low).unsqueeze(1))


def tempo(spectra: Tensor, slower: float) -> Tensor:
    """As many times longer."""
    return F.interpolate(spectra, size=max(8, round(spectra.shape[2] * slower)), mode="linear", align_corners=False)


def reverberate(spectra: Tensor, decay: float, length: int = 40) -> Tensor:
    """A room whose power falls by 60 dB in ``decay`` seconds times about 14: exponential tails in every band."""
    tail = torch.exp(-torch.arange(length) * 0.01 / decay) * 0.3
    tail[0] = 1.0
    power = F.conv1d(F.pad(spectra.exp().flatten(0, 1).unsqueeze(1), (length - 1, 0)), tail.flip(0)[None, None])
    return power.view_as(spectra).clamp(min=FLOOR).log()


def band_limit(spectra: Tensor, lowest_hz: float, highest_hz: float) -> Tensor:
    """A telephone, a small loudspeaker or a codec: next to nothing outside these frequencies."""
    outside = (lowest_hz > _CENTRES) | (highest_hz < _CENTRES)
    return torch.where(outside.unsqueeze(2), spectra.clamp(max=_DEAD), spectra)


def add_noise(spectra: Tensor, snr_db: float, tilt: float, random: np.random.Generator) -> Tensor:
    """Steady noise whose spectrum slopes by ``tilt`` nepers from the lowest to the highest mel band."""
    lowest, highest = to_mel(torch.tensor(TIMBRE_HZ))
    slope = tilt * (to_mel(_CENTRES) - lowest) / (highest - lowest)
    shape = slope.unsqueeze(2) + torch.from_numpy(random.normal(0, 0.4, spectra.shape).astype(np.float32))
    loudness = spectra.exp().mean((1, 2), keepdim=True).log() - shape.exp().mean((1, 2), keepdim=True).log()
    return torch.logaddexp(spectra, shape + loudness - snr_db / 10 * math.log(10))


def mask(spectra: Tensor, random: np.random.Generator) -> Tensor:
    """SpecAugment (Park et al., 2019): in each view a group of bands, and in both a stretch of time, at the utterance's mean."""
    spectra = spectra.clone()
    frames = spectra.shape[2]
    mean = spectra.mean((1, 2))
    length = int(random.integers(0, max(2, frames // 6)))
    start = int(random.integers(0, max(1, frames - length)))
    for view in range(len(VIEWS)):
        bands, first = int(random.integers(0, 10)), int(random.integers(0, BANDS - 10))
        spectra[view, first : first + bands] = mean[view]
        spectra[view, :, start : start + length] = mean[view]
    return spectra
