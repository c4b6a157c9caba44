"""Rooms, noise and bad microphones, each a function that makes a sound worse; always by the same amount, to be reported by name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from comp_core.inference.degradation import band_limited, noisy
from comp_core.senses.speech.vad import SAMPLE_RATE

# Sound (n,) and randomness -> worse sound.
Condition = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def _noise(snr_db: float, colour: float) -> Condition:
    return lambda samples, random: noisy(samples, snr_db, colour, random)


def _room(seconds: float, direct: float) -> Condition:
    """A room in which sound falls by 60 dB in ``seconds``; ``direct`` is the share of the energy that comes without reflection."""

    def worsen(samples: np.ndarray, random: np.random.Generator) -> np.ndarray:
        count = round(seconds * SAMPLE_RATE)
        tail = random.normal(size=count) * 10 ** (-3 * np.arange(count) / count)
        tail *= np.sqrt((1 - direct) / direct / np.sum(tail**2))
        tail[0] = 1.0
        size = len(samples) + count
        return np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(tail, size), size)[: len(samples)]

    return worsen


def _mu_law(samples: np.ndarray, _: np.random.Generator) -> np.ndarray:
    """Eight bits a sample, as in telephony (ITU-T G.711's curve)."""
    scaled = samples / max(float(np.abs(samples).max()), 1e-6)
    compressed = np.sign(scaled) * np.log1p(255 * np.abs(scaled)) / np.log(256)
    rounded = np.round(compressed * 127) / 127
    return np.sign(rounded) * np.expm1(np.abs(rounded) * np.log(256)) / 255


def _first(seconds: float) -> Condition:
    """The beginning only: an utterance that has just begun. What precedes the first loud sample is silence."""

    def worsen(samples: np.ndarray, _: np.random.Generator) -> np.ndarray:
        start = int(np.argmax(np.abs(samples) > 0.05 * np.abs(samples).max()))
        return samples[start : start + round(seconds * SAMPLE_RATE)]

    return worsen


CONDITIONS: dict[str, Condition] = {
    "studio": lambda samples, _: samples,
    "white noise, 20 dB": _noise(20, 0),
    "pink noise, 20 dB": _noise(20, 1),
    "pink noise, 10 dB": _noise(10, 1),
    "room, 0.3 s": _room(0.3, 0.7),
    "room, 0.8 s": _room(0.8, 0.4),
    "telephone band": lambda samples, _: band_limited(samples, 300, 3400),
    "8-bit mu-law": _mu_law,
    "40 dB softer": lambda samples, _: samples * 0.01,
    "first second": _first(1.0),
    "first half second": _first(0.5),
}
