"""Frames -> the face of one visitor."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from app.live.context import FaceSense, Locator
from app.live.inbox import Frame
from app.live.latencies import Latencies
from app.live.senses import failure, reading_of
from app.live.settings import Settings
from comp_core.inference.smoothing import RecentFaces
from comp_core.senses.face.choice import Box
from comp_core.senses.face.sense import FaceFrame
from comp_core.senses.reading import NOT_GIVEN, Reading


class Looking:
    """Follows one visitor's face.

    Attributes:
        locator: finds the face; it remembers where it was.
        has_camera: pictures come.
        gone: why none come any more, or for now; None unless some have come.
        captured: page clock in ms of the newest frame.
        box, others: where its faces are, the one that is read and those that are not.
    """

    def __init__(self, sense: FaceSense, locator: Locator, settings: Settings, latencies: Latencies, random: np.random.Generator) -> None:
        self._sense, self._settings, self._latencies, self._random = sense, settings, latencies, random
        self.locator = locator
        self.has_camera = False
        self.gone: str | None = None
        self.captured: float | None = None
        self.box: Box | None = None
        self.others: tuple[Box, ...] = ()
        self._recent = RecentFaces()
        self._failure: str | None = None

    def look(self, frame: Frame, now: float) -> FaceFrame | None:
        """What is seen in a picture; None when it was lost on the way, or the sense failed."""
        self.has_camera, self.gone, self.captured = True, None, frame.captured
        degradation = self._settings.degradation
        if self._random.random() < degradation.frames_lost:
            return None
        try:
            with self._latencies.measure("face"):
                seen = self._sense.see(degradation.picture(frame.picture, self._random), self.locator)
        except Exception as error:
            self._failure, self.box, self.others = failure("face", error), None, ()
            return None
        self._failure, self.box, self.others = None, seen.box, seen.others
        self._recent.add(seen, now)
        return seen

    def lose(self, why: str) -> None:
        """The camera is gone; one that never was there is not given."""
        if self.has_camera or self.gone:
            self.gone = why
        self.has_camera, self.box, self.others = False, None, ()

    def present(self, now: float) -> Reading:
        """The face as it is now."""
        self._recent.time_constant = self._settings.smoothing
        return self._unless_absent(lambda: self._recent.read(self._sense, now))

    def during(self, frames: Sequence[FaceFrame]) -> Reading:
        """The face of a whole utterance."""
        return self._unless_absent(lambda: self._sense.summarise(frames))

    def _unless_absent(self, read: Callable[[], Reading]) -> Reading:
        if self._failure:
            return Reading.absent(self._failure)
        if not self.has_camera:
            return Reading.absent(self.gone or NOT_GIVEN)
        return reading_of("face", read)
