"""Sound -> stretches of speech of one visitor."""

from __future__ import annotations

import numpy as np

from app.live.context import Segmenter
from app.live.latencies import Latencies
from app.live.senses import failure
from app.live.settings import Settings
from comp_core.senses.reading import NOT_GIVEN, SILENCE
from comp_core.senses.speech.utterances import Utterance as Stretch
from comp_core.senses.speech.vad import SAMPLE_RATE


class Hearing:
    """Listens to one visitor.

    Attributes:
        segmenter: cuts the sound; its clock is the session's.
        has_microphone: sound comes.
        gone: why none comes any more, or for now; None unless some has come.
        failure: why speech is not detected; None while it is.
    """

    def __init__(self, segmenter: Segmenter, settings: Settings, latencies: Latencies, random: np.random.Generator) -> None:
        self.segmenter, self._settings, self._latencies, self._random = segmenter, settings, latencies, random
        self.has_microphone = False
        self.gone: str | None = None
        self.failure: str | None = None
        self._broken_off_at: float | None = None  # on the loop's clock, since when there is no sound

    @property
    def silence(self) -> str:
        """Why there is no voice while nothing is said."""
        return (self.failure or SILENCE) if self.has_microphone else (self.gone or NOT_GIVEN)

    def listen(self, samples: np.ndarray, now: float) -> list[Stretch]:
        """Take in ``samples`` (n,) float32; returns the stretches of speech that ended."""
        self.has_microphone, self.gone, ended = True, None, []
        if self._broken_off_at is not None:
            # These samples were spoken before now; what is told of an utterance is when it was said.
            gap, self._broken_off_at = now - self._broken_off_at - len(samples) / SAMPLE_RATE, None
            ended = self.segmenter.skip(gap)
        degraded = self._settings.degradation.sound(samples, self._random)
        try:
            with self._latencies.measure("speech"):
                ended += self.segmenter.push(np.zeros_like(samples) if degraded is None else degraded)
            self.failure = None
        except Exception as error:
            self.failure = failure("speech", error)
        return ended

    def lose(self, why: str, now: float) -> list[Stretch]:
        """The microphone is gone: what is being said ends here. One that never was there is not given."""
        if not self.has_microphone:
            self.gone = why if self.gone else None
            return []
        self.gone, self.has_microphone, self._broken_off_at = why, False, now
        return self.segmenter.finish()
