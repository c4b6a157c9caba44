"""What visitors say while they are measured, and how soon its words are shown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from comp_core.inference.media import open_media
from tests.browser import media
from tools.load.visitor import SAMPLE_RATE

# The end of a sentence is the end of its last 10 ms that are less than so many dB below its loudest.
ENDS_DB, FRAME = 35.0, SAMPLE_RATE // 100
SENTENCES = (
    "I am so happy today, this is wonderful.",
    "I hate you, leave me alone.",
    "We won! I can not believe it.",
    "There is somebody in the house, and I am afraid of the dark.",
    "She never called me back and I miss her very much.",
    "The train leaves at nine from the other platform.",
    "What is this? That is disgusting, take it away.",
    "Nobody told me that you would be here tonight.",
    "I did not sleep at all, and now I have to work the whole day.",
    "This is the best day of my life, I love it.",
)
VOICES = ("slt", "rms", "awb")


def sentences(data: Path | None, count: int, folder: Path) -> list[np.ndarray]:
    """RAVDESS clips where the corpora are given, else synthetic speech; (n,) float32 at 16 kHz each."""
    if data is None:
        return [media.speak(SENTENCES[i % len(SENTENCES)], folder, VOICES[i % len(VOICES)]) for i in range(count)]
    clips = sorted((data / "ravdess_speech").glob("03-01-*.flac"))
    return [open_media(clips[i]).samples for i in np.random.default_rng(0).permutation(len(clips))[:count]]


def end_of_speech(samples: np.ndarray) -> float:
    """Seconds."""
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    power = np.mean(frames**2, 1)
    return float((np.flatnonzero(power > power.max() * 10 ** (-ENDS_DB / 10))[-1] + 1) * FRAME / SAMPLE_RATE)


@dataclass(frozen=True)
class Speech:
    """Sentences with pauses between them.

    Attributes:
        sound: (n,) int16 mono at 16 kHz.
        spans: (start, end) of each sentence in seconds.
    """

    sound: np.ndarray
    spans: Sequence[tuple[float, float]]

    @property
    def seconds(self) -> float:
        return len(self.sound) / SAMPLE_RATE

    def turns(self, offset: float, until: float) -> Iterator[tuple[int, float, float]]:
        """(number of the sentence, start, end) of what is said from ``offset`` on, again and again, and has ended by ``until``."""
        for turn in range(int((until + offset) / self.seconds) + 1):
            for number, (start, end) in enumerate(self.spans):
                began = turn * self.seconds - offset
                if began + start >= 0 and began + end <= until:
                    yield number, began + start, began + end


def said(given: Sequence[np.ndarray], pauses: Sequence[float], before: float = 0.0) -> Speech:
    """Speech of float32 sentences, each with a pause after it, and one ``before`` them all, in seconds."""
    parts, spans, at = [media.silence(before)], list[tuple[float, float]](), before
    for samples, pause in zip(given, pauses, strict=True):
        spans.append((at, at + end_of_speech(samples)))
        parts += [samples, media.silence(pause)]
        at += len(samples) / SAMPLE_RATE + pause
    return Speech((np.concatenate(parts) * 32767).astype("<i2"), spans)


def shown_between(words: Sequence[tuple[float, str]], start: float, until: float) -> list[tuple[float, str]]:
    """Of the words that were shown, (when, what), those of one sentence."""
    return [(when, text) for when, text in words if start < when < until and text]


def shown_of(words: Sequence[tuple[float, str]], sentence: str, start: float, until: float) -> list[tuple[float, str]]:
    """Those in which half of a sentence's words occur: others may come late and early."""
    wanted = _words(sentence)
    return [(when, text) for when, text in words if start < when < until and len(wanted & _words(text)) >= len(wanted) / 2]


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z']+", text.lower()))


def final_after(shown: Sequence[tuple[float, str]], end: float) -> float:
    """Seconds from the end of speech until the last of the words that were shown."""
    return next(when for when, text in shown if text == shown[-1][1]) - end


def spread(seconds: Sequence[float]) -> dict[str, float]:
    return {name: round(float(np.quantile(seconds, q)), 2) for name, q in (("median", 0.5), ("p90", 0.9), ("most", 1.0))} if seconds else {}
