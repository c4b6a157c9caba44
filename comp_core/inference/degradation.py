"""What degrades a picture, a sound or words: by how much is a number, so that it can be moved by a slider and reported."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from comp_core.inference.media import Media
from comp_core.senses.speech.vad import SAMPLE_RATE

# Short words that recognisers put where they did not understand.
FILLERS = ("the", "a", "and", "to", "it", "that", "he", "in", "of", "was", "they", "what", "no", "yeah", "so", "there", "know", "for")
_ALL_HERTZ = SAMPLE_RATE / 2


@dataclass(frozen=True)
class Degradation:
    """How much is taken away; the defaults take nothing.

    Attributes:
        darkness: share of the light that is lost.
        blur: width of the blur as a share of a twelfth of the picture's height.
        cover: share of the picture's height that is covered, from below.
        frames_lost: share of the pictures that are lost.
        noise_db: steady pink noise this many dB below the speech; None without.
        highest_hertz: nothing is heard above.
        clipping: share of the loudest sample's height that is cut off.
        muted: nothing is heard.
        words_lost: share of the words that are lost.
        words_misheard: share of the words that are taken for others.
    """

    darkness: float = 0.0
    blur: float = 0.0
    cover: float = 0.0
    frames_lost: float = 0.0
    noise_db: float | None = None
    highest_hertz: float = _ALL_HERTZ
    clipping: float = 0.0
    muted: bool = False
    words_lost: float = 0.0
    words_misheard: float = 0.0

    def picture(self, picture: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """(H, W, 3) uint8 -> the same shape, degraded."""
        height = picture.shape[0]
        if self.blur:
            picture = cv2.GaussianBlur(picture, (0, 0), self.blur * height / 12)
        if self.darkness:
            # What light is left stands beside the sensor's noise.
            dark = picture * (1 - self.darkness) + random.normal(0, 5 * self.darkness, picture.shape)
            picture = dark.clip(0, 255).astype(np.uint8)
        if self.cover:
            picture = picture.copy()
            picture[round(height * (1 - self.cover)) :] = 90
        return picture

    def sound(self, samples: np.ndarray, random: np.random.Generator) -> np.ndarray | None:
        """(n,) float32 at 16 kHz -> the same, degraded; None when nothing is heard."""
        return None if self.muted else self._heard(samples, random)

    def _heard(self, samples: np.ndarray, random: np.random.Generator) -> np.ndarray:
        if not samples.size:
            return samples
        if self.clipping:
            highest = np.abs(samples).max() * (1 - self.clipping)
            samples = samples.clip(-highest, highest)
        if self.highest_hertz < _ALL_HERTZ:
            samples = band_limited(samples, 0, self.highest_hertz)
        if self.noise_db is not None:
            samples = noisy(samples, self.noise_db, 1.0, random)
        return samples.astype(np.float32)

    def words(self, text: str, random: np.random.Generator) -> str:
        """The text with words lost and misheard."""
        kept = [word for word in text.split() if random.random() >= self.words_lost]
        return " ".join(misheard(kept, self.words_misheard, FILLERS, random))

    def media(self, media: Media, start: float = 0.0, end: float = math.inf, seed: int = 0) -> Media:
        """A file, degraded as it is read; of its sound the part from ``start`` to ``end`` seconds, the rest stays as it is."""
        samples = None if self.muted else media.samples
        if samples is not None:
            first, last = (round(min(seconds, media.duration) * SAMPLE_RATE) for seconds in (start, end))
            before, part, after = np.split(samples, [first, last])
            samples = np.concatenate([before, self._heard(part, np.random.default_rng(seed)), after])
        return _DegradedMedia(**{**vars(media), "samples": samples}, degradation=self, seed=seed)


@dataclass(frozen=True)
class _DegradedMedia(Media):
    """The file with its pictures degraded."""

    degradation: Degradation = Degradation()
    seed: int = 0

    def frames(self, rate_hz: float) -> Iterator[tuple[float, np.ndarray]]:
        random = np.random.default_rng(self.seed)
        for time, picture in super().frames(rate_hz):
            if random.random() >= self.degradation.frames_lost:
                yield time, self.degradation.picture(picture, random)


def noisy(samples: np.ndarray, snr_db: float, colour: float, random: np.random.Generator) -> np.ndarray:
    """With steady noise whose power falls with frequency to the power of ``colour``: 0 is white, 1 is pink."""
    spectrum = np.fft.rfft(random.normal(size=len(samples)))
    spectrum /= np.maximum(np.arange(len(spectrum)), 1) ** (colour / 2)
    noise = np.fft.irfft(spectrum, len(samples))
    return samples + noise * np.sqrt(np.mean(samples**2) / np.mean(noise**2) / 10 ** (snr_db / 10))


def band_limited(samples: np.ndarray, lowest: float, highest: float) -> np.ndarray:
    """With nothing outside these frequencies, in Hz."""
    hertz = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE)
    return np.fft.irfft(np.fft.rfft(samples) * ((hertz >= lowest) & (hertz <= highest)), len(samples))


def misheard(words: Sequence[str], rate: float, lexicon: Sequence[str], random: np.random.Generator) -> list[str]:
    """The words, some of them replaced by others."""
    return [lexicon[int(random.integers(len(lexicon)))] if random.random() < rate else word for word in words]
