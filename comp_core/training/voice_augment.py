"""Other rooms, microphones, lines and speakers, made of studio recordings: a whole batch at once, on the device that trains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from comp_core.senses.speech.vad import SAMPLE_RATE
from comp_core.senses.voice.spectra import BANDS, HOP, LogMel

_TAIL = SAMPLE_RATE // 2  # samples of a room's echo that are kept


@dataclass(frozen=True)
class Chances:
    """How often each happens to an utterance."""

    room: float = 0.25
    noise: float = 0.5
    babble: float = 0.2  # of the noises
    colour: float = 0.4
    band: float = 0.3
    clipping: float = 0.1
    coarse: float = 0.1


class Changes:
    """Random variants of sounds, as log-mel frames.

    Args:
        random: decides everything but the noise itself, which torch's generator draws.
    """

    def __init__(self, device: torch.device, random: np.random.Generator, chances: Chances) -> None:
        self._device, self._random, self._chances = device, random, chances
        self._log_mel = LogMel(device)

    def __call__(self, waves: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """(B, N) sounds and how many samples of each are real -> (B, BANDS, T) and the number of real frames (B,)."""
        waves, lengths = self._faster(waves, lengths)
        waves = self._heard(waves, lengths)
        waves = self._recorded(waves) * (torch.arange(waves.shape[1], device=self._device) < lengths[:, None])
        return self._spoken_otherwise(self._log_mel(waves), lengths // HOP)

    def _between(self, low: float, high: float, count: int) -> Tensor:
        return torch.from_numpy(self._random.uniform(low, high, (count, 1)).astype(np.float32)).to(self._device)

    def _happens(self, chance: float, count: int) -> Tensor:
        return self._between(0, 1, count) < chance

    def _faster(self, waves: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Played faster or slower, which moves pitch and timbre, too."""
        speed = self._between(0.92, 1.09, len(waves))
        place = torch.arange(int(waves.shape[1] / 0.92), device=self._device) * speed
        low = place.long().clamp(max=waves.shape[1] - 1)
        high = (low + 1).clamp(max=waves.shape[1] - 1)
        lengths = (lengths / speed[:, 0]).long()
        played = torch.lerp(waves.gather(1, low), waves.gather(1, high), place - low)
        return played * (torch.arange(played.shape[1], device=self._device) < lengths[:, None]), lengths

    def _heard(self, waves: Tensor, lengths: Tensor) -> Tensor:
        """In a room, with noise, through a microphone that hears some frequencies only."""
        count, size = len(waves), -(-(waves.shape[1] + _TAIL) // 4096) * 4096
        hertz = torch.fft.rfftfreq(size, 1 / SAMPLE_RATE, device=self._device)
        speech = torch.fft.rfft(waves, size)
        power = waves.square().sum(1, keepdim=True) / lengths[:, None]
        # The voices of others in the batch, and noise whose power falls with frequency to a power between -0.5 and 2.
        others = speech.roll(1, 0) + speech.roll(2, 0) + speech.roll(3, 0)
        noise = torch.view_as_complex(torch.randn(*speech.shape, 2, device=self._device))
        noise = noise * hertz.clamp(min=30) ** (-self._between(-0.5, 2, count) / 2)
        noise = torch.where(self._happens(self._chances.babble, count), others, noise)
        loudness = 2 * torch.view_as_real(noise).square().sum((1, 2))[:, None] / size**2
        level = self._between(3, 35, count) / 10
        level = (power / loudness.clamp(min=1e-12) * 10**-level).sqrt() * self._happens(self._chances.noise, count)
        sound = speech * torch.fft.rfft(self._room(count), size) + noise * level
        tilt = self._between(-0.5, 0.5, count) * self._happens(self._chances.colour, count)
        banded = self._happens(self._chances.band, count)
        lowest, highest = self._between(50, 400, count), 2 ** self._between(11.4, 12.9, count)  # 2.7 to 7.6 kHz
        passes = ~banded | ((hertz >= lowest) & (hertz <= highest))
        return torch.fft.irfft(sound * (hertz.clamp(min=50) / 1000) ** tilt * passes, size)[:, : waves.shape[1]]

    def _room(self, count: int) -> Tensor:
        """Impulse responses (count, _TAIL): the sound itself, then noise that falls by 60 dB in 0.1 to 0.9 s."""
        time = torch.arange(_TAIL, device=self._device) / SAMPLE_RATE
        echo = torch.randn(count, _TAIL, device=self._device) * 10 ** (-3 * time / self._between(0.1, 0.9, count))
        direct = self._between(0.3, 0.9, count)  # share of the energy that comes without reflection
        echo = echo * ((1 - direct) / direct / echo.square().sum(1, keepdim=True)).sqrt()
        echo = echo * self._happens(self._chances.room, count)
        return torch.cat([torch.ones_like(direct), echo[:, 1:]], 1)

    def _recorded(self, waves: Tensor) -> Tensor:
        """Too loud for the microphone, or with few bits a sample on a logarithmic scale (mu-law)."""
        count = len(waves)
        peak = waves.abs().amax(1, keepdim=True).clamp(min=1e-6)
        limit = torch.where(self._happens(self._chances.clipping, count), self._between(0.1, 0.6, count), 1.0)
        waves = (waves / peak).clamp(-limit, limit) / limit
        steps = 2 ** self._between(5, 8, count).round() / 2 - 1
        coarse = (waves.sign() * (255 * waves.abs()).log1p() / np.log(256) * steps).round() / steps
        coarse = coarse.sign() * ((coarse.abs() * np.log(256)).exp() - 1) / 255
        return torch.where(self._happens(self._chances.coarse, count), coarse, waves)

    def _spoken_otherwise(self, mel: Tensor, frames: Tensor) -> tuple[Tensor, Tensor]:
        """At another pace, with a vocal tract of another length."""
        slower, longer = self._between(0.85, 1.18, len(mel)), self._between(0.93, 1.07, len(mel))
        time = torch.arange(int(mel.shape[2] * 1.18), device=self._device) / slower
        band = torch.arange(BANDS, device=self._device) * longer
        place = torch.stack(torch.broadcast_tensors(2 * time[:, None] / (mel.shape[2] - 1) - 1, 2 * band[:, :, None] / (BANDS - 1) - 1), 3)
        changed = F.grid_sample(mel[:, None], place, padding_mode="border", align_corners=True)[:, 0]
        return changed, (frames * slower[:, 0]).long().clamp(min=1)
