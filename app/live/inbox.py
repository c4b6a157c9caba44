"""What one visitor sent and the loop has not yet taken. Filled from any thread, emptied by the loop."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace

import numpy as np

from comp_core.modalities import VIDEO
from comp_core.senses.reading import DISCONNECTED
from comp_core.senses.speech.recognition import Transcript
from comp_core.senses.speech.vad import SAMPLE_RATE

# Sound that waits for the loop. More than this means that the loop has stopped, not that it is late.
AUDIO_BACKLOG_S = 30.0
# Words typed or corrected that wait for the loop: each is read, which takes longer than to send it.
MOST_WORDS = 8


@dataclass(frozen=True)
class Frame:
    """One camera picture.

    Attributes:
        picture: (H, W, 3) uint8, RGB.
        captured: when it was taken, on the page's own clock in ms; it comes back with the snapshot.
    """

    picture: np.ndarray
    captured: float


@dataclass(frozen=True)
class Recognised:
    """What the recogniser says of the utterance with this number, `until` so many seconds of the session; or its `error`."""

    number: int
    words: Transcript
    until: float
    milliseconds: float
    error: str | None = None


@dataclass
class Arrived:
    """What arrived since the loop last looked.

    Attributes:
        frame: the newest picture.
        missed: seconds of sound, before that of ``audio``, that got lost on the way.
        lost: modality -> why its device gives nothing any more, or for now; a ``frame`` came after that, the ``audio`` before.
        corrected: other words for the utterance of a number.
    """

    frame: Frame | None = None
    audio: list[np.ndarray] = field(default_factory=list)
    missed: float = 0.0
    lost: dict[str, str] = field(default_factory=dict)
    recognised: list[Recognised] = field(default_factory=list)
    typed: list[str] = field(default_factory=list)
    corrected: list[tuple[int, str]] = field(default_factory=list)

    @property
    def samples(self) -> np.ndarray:
        """(n,) float32."""
        return np.concatenate(self.audio) if self.audio else np.zeros(0, np.float32)

    def picture_first(self) -> list[Arrived]:
        """The picture, then the rest; together where there is none, or a device is gone, which comes between them."""
        return [self] if self.frame is None or self.lost else [Arrived(self.frame), replace(self, frame=None)]


class Inbox:
    """Keeps the newest picture, all sound up to a bound, all recognised words, and the newest of those that were typed or corrected.

    Attributes:
        frames_dropped: pictures that were replaced by newer ones.
        audio_lost_s: seconds of sound that the loop will never get.
        samples_received: of the page's sound, whose samples are counted from Start.
    """

    def __init__(self) -> None:
        self.frames_dropped = 0
        self.audio_lost_s = 0.0
        self.samples_received = 0
        self._arrived = Arrived()
        self._changed = False
        self._closed = False
        self._condition = threading.Condition()

    def put(self, frame: Frame | None, samples: np.ndarray | None) -> None:
        """Hand over a frame (the newest wins) and samples (none is dropped while the loop runs)."""
        with self._condition:
            if frame is not None:
                self.frames_dropped += self._arrived.frame is not None
                self._arrived.frame = frame
            if samples is not None and samples.size:
                self._arrived.audio.append(samples)
                waiting = sum(len(chunk) for chunk in self._arrived.audio)
                while waiting > AUDIO_BACKLOG_S * SAMPLE_RATE:
                    lost = len(self._arrived.audio.pop(0))
                    waiting -= lost
                    self.audio_lost_s += lost / SAMPLE_RATE
            self._announce()

    def miss(self, seconds: float) -> None:
        """So much sound will never come: the connection was lost for longer than the page keeps it."""
        with self._condition:
            self._arrived.missed += seconds
            self.audio_lost_s += seconds
            self._announce()

    def lose(self, modality: str, why: str = DISCONNECTED) -> None:
        """The device of audio or video is gone; nothing comes from it until it is back."""
        with self._condition:
            self._arrived.lost[modality] = why
            if modality == VIDEO:
                self._arrived.frame = None
            self._announce()

    def type(self, text: str) -> None:
        """Words typed instead of spoken; empty text takes them back."""
        with self._condition:
            self._arrived.typed = [*self._arrived.typed, text][-MOST_WORDS:]
            self._announce()

    def correct(self, number: int, text: str) -> None:
        """Other words for an utterance that has ended; empty text takes them back."""
        with self._condition:
            self._arrived.corrected = [*self._arrived.corrected, (number, text)][-MOST_WORDS:]
            self._announce()

    def hear(self, recognised: Recognised) -> None:
        with self._condition:
            self._arrived.recognised.append(recognised)
            self._announce()

    def wake(self) -> None:
        """Have the loop look again: a setting was changed."""
        with self._condition:
            self._announce()

    def close(self) -> None:
        """Nobody waits any more."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    def take(self, timeout: float) -> Arrived:
        """What arrived since the last call; waits up to `timeout` seconds for something."""
        with self._condition:
            self._condition.wait_for(lambda: self._changed or self._closed, timeout)
            taken, self._arrived, self._changed = self._arrived, Arrived(), False
            return taken

    def _announce(self) -> None:
        self._changed = True
        self._condition.notify_all()
