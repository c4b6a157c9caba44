"""Sounds in which nothing is said, made of numbers: what a recogniser hears in them is invented.

Each maker takes the number of samples (16 kHz) and randomness, and returns (n,) float32 of a plausible loudness.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from comp_core.senses.speech.vad import SAMPLE_RATE

Maker = Callable[[int, np.random.Generator], np.ndarray]

# Formants of the vowels that people laugh in, in Hz.
_VOWELS = ((730, 1090, 2440), (570, 840, 2410), (530, 1840, 2480))


def silence(n: int, random: np.random.Generator) -> np.ndarray:
    """A quiet room through a microphone: its own noise, some 60 dB below speech."""
    return _scaled(_coloured(n, random, 1.0), 10 ** random.uniform(-4.0, -3.0))


def breath(n: int, random: np.random.Generator) -> np.ndarray:
    """In and out, every few seconds: noise between 400 Hz and 4 kHz that swells and fades."""
    out, at = np.zeros(n), 0
    while at < n:
        for seconds, centre in ((random.uniform(0.7, 1.3), 1800), (random.uniform(0.9, 1.8), 1000)):
            size = round(seconds * SAMPLE_RATE)
            wind = _shaped(random.normal(size=size), ((centre, 900), (2.2 * centre, 1200))) * np.sin(np.pi * np.arange(size) / size) ** 1.5
            _add(out, at, wind)
            at += size + round(random.uniform(0.1, 0.6) * SAMPLE_RATE)
    return _scaled(out, random.uniform(0.01, 0.06))


def music(n: int, random: np.random.Generator) -> np.ndarray:
    """Chords and a tune over them, plucked or held, with drums."""
    out = np.zeros(n)
    beat = 60 / random.uniform(70, 140)
    root = 110 * 2 ** (random.integers(0, 12) / 12)
    falls = random.uniform(0.5, 6.0)
    for number in range(int(n / SAMPLE_RATE / beat) + 1):
        at = round(number * beat * SAMPLE_RATE)
        chord = (0, 5, 7, 9)[number // 4 % 4]
        notes = [(chord + step, 2.0 * beat) for step in (0, 4, 7)] if number % 4 == 0 else []
        notes.append((12 + int(random.choice((0, 2, 4, 5, 7, 9, 11, 12))), beat * random.uniform(0.5, 1.0)))
        for semitones, seconds in notes:
            _add(out, at, _note(root * 2 ** (semitones / 12), seconds, falls, random))
        size = round(0.12 * SAMPLE_RATE)
        drum = random.normal(size=size) if number % 2 else np.sin(2 * np.pi * 70 * np.arange(size) / SAMPLE_RATE) * 2
        _add(out, at, 0.3 * drum * np.exp(-np.arange(size) / (0.03 * SAMPLE_RATE)))
    return _scaled(out, random.uniform(0.03, 0.15))


def fan(n: int, random: np.random.Generator) -> np.ndarray:
    """Rushing air, and the hum of blades and mains."""
    time = np.arange(n) / SAMPLE_RATE
    blades = random.uniform(60, 180)
    hum = sum(np.sin(2 * np.pi * f * time + random.uniform(0, 6)) / (k + 1) for k in range(6) for f in (blades * (k + 1), 50.0 * (k + 1)))
    sway = 1 + 0.2 * np.sin(2 * np.pi * random.uniform(0.2, 3) * time)
    return _scaled(sway * (_scaled(_coloured(n, random, random.uniform(0.7, 1.8)), 1.0) + 0.3 * hum), random.uniform(0.01, 0.1))


def typing(n: int, random: np.random.Generator) -> np.ndarray:
    """Keys: two short clicks each, down and up, in bursts."""
    out, at = np.zeros(n), 0
    while at < n:
        for _ in range(random.integers(3, 12)):
            for loud, wait in ((1.0, random.uniform(0.05, 0.1)), (0.5, random.uniform(0.05, 0.15))):
                size = round(random.uniform(0.01, 0.03) * SAMPLE_RATE)
                click = _shaped(random.normal(size=size), ((random.uniform(1500, 4500), 1500), (random.uniform(200, 500), 200)))
                _add(out, at, loud * click * np.exp(-np.arange(size) / (0.2 * size)))
                at += round(wait * SAMPLE_RATE)
        at += round(random.uniform(0.2, 1.0) * SAMPLE_RATE)
    return _scaled(out + 0.002 * random.normal(size=n), random.uniform(0.01, 0.05))


def laughter(n: int, random: np.random.Generator) -> np.ndarray:
    """Series of breathy vowels, four to six a second, falling in pitch and loudness, with a gasp between the series."""
    out, at = np.zeros(n), 0
    formants, base = _VOWELS[random.integers(len(_VOWELS))], random.uniform(140, 380)
    while at < n:
        rate, count = random.uniform(4, 6), random.integers(4, 9)
        for number in range(count):
            size = round(random.uniform(0.09, 0.14) * SAMPLE_RATE)
            pitch = base * (1.25 - 0.5 * number / count) * np.linspace(1.06, 0.92, size)
            phase = np.cumsum(pitch) / SAMPLE_RATE
            voiced = 2 * (phase % 1) - 1 + 0.25 * random.normal(size=size)
            aspired = 0.3 * random.normal(size=size // 2)
            envelope = np.sin(np.pi * np.arange(size) / size) ** 0.7
            syllable = np.concatenate([aspired * np.hanning(2 * len(aspired))[: len(aspired)], voiced * envelope])
            _add(out, at, (1 - 0.6 * number / count) * _shaped(syllable, tuple((f, 90 + 0.05 * f) for f in formants)))
            at += round(SAMPLE_RATE / rate)
        size = round(random.uniform(0.3, 0.5) * SAMPLE_RATE)
        _add(out, at, 0.1 * _shaped(random.normal(size=size), ((1700, 900),)) * np.hanning(size))
        at += size + round(random.uniform(0.1, 0.8) * SAMPLE_RATE)
    return _scaled(out, random.uniform(0.03, 0.15))


WORDLESS: dict[str, Maker] = {maker.__name__: maker for maker in (silence, breath, music, fan, typing, laughter)}


def _note(frequency: float, seconds: float, falls: float, random: np.random.Generator) -> np.ndarray:
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    tone = sum(np.sin(2 * np.pi * frequency * k * time) / k**1.5 for k in range(1, 9) if frequency * k < SAMPLE_RATE / 2)
    return (
        0.3 * tone * np.exp(-falls * time) * np.minimum(1, (time[-1] - time) / 0.02) * np.minimum(1, time / 0.01 + random.uniform(0, 0.3))
    )


def _add(out: np.ndarray, at: int, part: np.ndarray) -> None:
    room = max(0, len(out) - at)
    out[at : at + len(part)] += part[:room]


def _scaled(samples: np.ndarray, level: float) -> np.ndarray:
    """To this root mean square, without going beyond full scale."""
    samples = samples * level / max(float(np.sqrt(np.mean(samples**2))), 1e-12)
    return np.clip(samples, -1, 1).astype(np.float32)


def _coloured(n: int, random: np.random.Generator, colour: float) -> np.ndarray:
    """Noise whose power falls with the frequency to the power ``colour``: 0 white, 1 pink, 2 brown."""
    spectrum = np.fft.rfft(random.normal(size=n))
    frequency = np.fft.rfftfreq(n, 1 / SAMPLE_RATE)
    return np.fft.irfft(spectrum / np.maximum(frequency, 20) ** (colour / 2), n)


def _shaped(samples: np.ndarray, resonances: tuple[tuple[float, float], ...]) -> np.ndarray:
    """Through resonances (centre, width) in Hz, side by side."""
    frequency = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE)
    gain = sum(1 / (1 + ((frequency - centre) / width) ** 2) for centre, width in resonances)
    return np.fft.irfft(np.fft.rfft(samples) * gain, len(samples))
