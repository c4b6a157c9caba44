"""A stream of sound -> utterances: stretches of speech between pauses."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from comp_core.senses.speech.vad import CHUNK, SAMPLE_RATE, VoiceActivity

_CHUNK_SECONDS = CHUNK / SAMPLE_RATE


@dataclass(frozen=True)
class SegmenterConfig:
    """When an utterance begins and ends. Times in seconds, in steps of 32 ms.

    Attributes:
        begin: a chunk at least this likely to be speech opens an utterance. From .5 on cries of anger are lost: 2 in 150 acted clips.
        keep: inside an utterance, this much is enough to count as speech (words fade out).
        pad: kept before the first and after the last speech, so that soft consonants are not cut off.
        pause: this long without speech ends the utterance.
        longest: a longer one is split, at its likeliest pause.
        least_speech: an utterance with less speech than this is a click or a cough and is dropped.
    """

    begin: float = 0.3
    keep: float = 0.2
    pad: float = 0.2
    pause: float = 0.6
    longest: float = 12.0
    least_speech: float = 0.25

    def __post_init__(self) -> None:
        if not 0 < self.keep <= self.begin < 1:
            raise ValueError("the thresholds must be 0 < keep <= begin < 1")
        if not 0 <= self.pad <= self.pause < self.longest / 2 or self.least_speech <= 0:
            raise ValueError("the times must be 0 <= pad <= pause < longest / 2 and least_speech > 0")


# Of files: nobody waits for the answer, so a speaker may think for longer within a sentence.
OF_FILES = SegmenterConfig(pause=0.9)


@dataclass(frozen=True)
class Utterance:
    """``samples`` (n,) float32 mono 16 kHz from ``start`` to ``end`` (seconds of the stream); ``complete`` False while it grows."""

    start: float
    end: float
    samples: np.ndarray
    complete: bool


class Detector(Protocol):
    """Anything that gives the speech probability of each chunk, as `VoiceActivity` does."""

    def push(self, samples: np.ndarray) -> list[float]: ...

    def reset(self) -> None: ...


class Segmenter:
    """Cuts one stream into utterances as it arrives. Memory is bounded by the longest utterance.

    Args:
        config: thresholds and times.
        detector: where the speech probabilities come from; silero-vad when not given.
    """

    def __init__(self, config: SegmenterConfig | None = None, detector: Detector | None = None) -> None:
        self.config = config or SegmenterConfig()
        self._detector = detector or VoiceActivity()
        self._pad, self._pause, self._longest, self._least = (
            round(seconds / _CHUNK_SECONDS)
            for seconds in (self.config.pad, self.config.pause, self.config.longest, self.config.least_speech)
        )
        self.reset()

    def reset(self) -> None:
        """Forget the stream so far; time starts at zero again."""
        self._detector.reset()
        self._remainder = np.zeros(0, np.float32)
        self._position = 0  # whole chunks taken so far
        self._last_probability = 0.0
        self._before: deque[np.ndarray] = deque(maxlen=self._pad)  # the latest chunks outside utterances
        self._close()

    def _close(self) -> None:
        self._chunks: list[np.ndarray] = []  # of the open utterance, padding included
        self._voiced: list[float] = []  # the probability of each of them, 0 where it does not count as speech

    @property
    def time(self) -> float:
        """Seconds of sound pushed so far."""
        return (self._position * CHUNK + len(self._remainder)) / SAMPLE_RATE

    @property
    def speech_probability(self) -> float:
        """Of the latest whole chunk."""
        return self._last_probability

    @property
    def speaking(self) -> bool:
        """Whether there was speech within the last ``pad`` seconds of an open utterance."""
        return any(self._voiced[-max(1, self._pad) :])

    @property
    def open(self) -> Utterance | None:
        """The utterance that is still growing, with its samples so far; None until it has enough speech to be one."""
        return self._cut(len(self._chunks), complete=False)

    @property
    def paused(self) -> Utterance | None:
        """The open utterance as it will have been if nobody speaks on; None while somebody does."""
        return None if self.speaking else self._cut(self._end_of_speech(), complete=False)

    def push(self, samples: np.ndarray) -> list[Utterance]:
        """Take the next samples, (n,) float32 mono 16 kHz in [-1, 1]; return the utterances that ended in them.

        Raises:
            ValueError: the array has more than one axis.
        """
        samples = np.asarray(samples, dtype=np.float32)
        if samples.ndim != 1:
            raise ValueError(f"mono samples of shape (n,) are needed, not {samples.shape}")
        # A single NaN would stay in the detector's recurrent state for the rest of the stream.
        waiting = np.concatenate([self._remainder, np.nan_to_num(samples, posinf=1.0, neginf=-1.0)])
        whole = len(waiting) - len(waiting) % CHUNK
        self._remainder = waiting[whole:].copy()
        chunks = waiting[:whole].reshape(-1, CHUNK)
        ended = (self._step(chunk, p) for chunk, p in zip(chunks, self._detector.push(waiting[:whole]), strict=True))
        return [utterance for utterance in ended if utterance]

    def finish(self) -> list[Utterance]:
        """End the stream: the open utterance, if it is one, is complete now."""
        utterance = self._cut(self._end_of_speech(), complete=True)
        self._close()
        self._before.clear()
        return [utterance] if utterance else []

    def skip(self, seconds: float) -> list[Utterance]:
        """Go on after a gap: the open utterance, if it is one, is complete now, and time is that much later."""
        ended = self.finish()
        self._detector.reset()
        self._remainder = np.zeros(0, np.float32)
        self._last_probability = 0.0
        self._position += max(0, round(seconds / _CHUNK_SECONDS))
        return ended

    def _step(self, chunk: np.ndarray, probability: float) -> Utterance | None:
        self._last_probability = probability
        self._position += 1
        chunk = chunk.copy()  # a view would keep the whole push alive
        if not self._chunks:
            if probability < self.config.begin:
                self._before.append(chunk)
                return None
            self._chunks, self._voiced = list(self._before), [0.0] * len(self._before)
            self._before.clear()
        self._chunks.append(chunk)
        self._voiced.append(probability if probability >= self.config.keep else 0.0)
        if not any(self._voiced[-self._pause :]):
            return self._end()
        if len(self._chunks) >= self._longest:
            return self._split()
        return None

    def _end_of_speech(self) -> int:
        """Number of chunks up to the last speech, with padding."""
        last = max((i for i, voiced in enumerate(self._voiced) if voiced), default=-1)
        return min(last + 1 + self._pad, len(self._chunks))

    def _end(self) -> Utterance | None:
        stop = self._end_of_speech()
        utterance = self._cut(stop, complete=True)
        self._before.extend(self._chunks[stop:])
        self._close()
        return utterance

    def _split(self) -> Utterance | None:
        """Cut at the least likely speech of the last third; what follows goes on as the next utterance."""
        first = 2 * len(self._chunks) // 3
        stop = first + int(np.argmin(self._voiced[first:])) + 1
        utterance = self._cut(stop, complete=True)
        self._chunks, self._voiced = self._chunks[stop:], self._voiced[stop:]
        return utterance

    def _cut(self, stop: int, complete: bool) -> Utterance | None:
        """The first ``stop`` chunks as an utterance; None when there is too little speech in them."""
        if sum(voiced > 0 for voiced in self._voiced[:stop]) < max(1, self._least):
            return None
        begin = self._position - len(self._chunks)
        return Utterance(begin * _CHUNK_SECONDS, (begin + stop) * _CHUNK_SECONDS, np.concatenate(self._chunks[:stop]), complete)


def segment(samples: np.ndarray, config: SegmenterConfig | None = None) -> list[Utterance]:
    """Cut a whole recording, (n,) float32 mono 16 kHz, into utterances."""
    segmenter = Segmenter(config)
    return segmenter.push(samples) + segmenter.finish()
