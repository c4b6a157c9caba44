"""Frames -> the faces of one visitor."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from app.live.context import FaceSense, Locator
from app.live.inbox import Frame
from app.live.latencies import Latencies
from app.live.people import Face, People, Sight, whose
from app.live.senses import failure, reading_of
from app.live.settings import Settings
from comp_core.senses.face.choice import Box
from comp_core.senses.reading import NOT_GIVEN, Reading


class Looking:
    """Follows one visitor's faces.

    Attributes:
        locator: finds the faces; it remembers where they were.
        people: which face is which, and whose is read.
        has_camera: pictures come.
        gone: why none come any more, or for now; None unless some have come.
        captured: page clock in ms of the newest frame.
        box: where the face that is read is.
    """

    def __init__(self, sense: FaceSense, locator: Locator, settings: Settings, latencies: Latencies, random: np.random.Generator) -> None:
        self._sense, self._settings, self._latencies, self._random = sense, settings, latencies, random
        self.locator, self.people = locator, People(sense)
        self.has_camera = False
        self.gone: str | None = None
        self.captured: float | None = None
        self.box: Box | None = None
        self._failure: str | None = None

    def look(self, frame: Frame, now: float, voice: float = 0.0) -> Sight | None:
        """What is seen in a picture; None when it was lost on the way, or the sense failed. ``voice``: probability that one is heard."""
        self.has_camera, self.gone, self.captured = True, None, frame.captured
        degradation = self._settings.degradation
        if self._random.random() < degradation.frames_lost:
            return None
        try:
            with self._latencies.measure("face"):
                seen = self._sense.see_all(degradation.picture(frame.picture, self._random), self.locator)
        except Exception as error:
            self._failure, self.box = failure("face", error), None
            self.people.lose()
            return None
        sight = self.people.take(seen, now, voice)
        self._failure, self.box = None, sight.frame.box
        return sight

    def lose(self, why: str) -> None:
        """The camera is gone; one that never was there is not given."""
        if self.has_camera or self.gone:
            self.gone = why
        self.has_camera, self.box = False, None
        self.people.lose()

    def present(self, now: float) -> Reading:
        """The face as it is now."""
        self.people.forget(now)
        return self._unless_absent(lambda: self.people.present(now, self._settings.smoothing))

    def faces(self, now: float) -> tuple[Face, ...]:
        """Every face where there are several."""
        return self.people.told(now, self._settings.smoothing) if self.has_camera and not self._failure else ()

    def during(self, sights: Sequence[Sight]) -> tuple[int | None, Reading]:
        """The face that belongs to a whole utterance: its number, and what it showed."""
        number = whose(sights)
        frames = [sight.frames[number] for sight in sights if number in sight.frames]
        return number, self._unless_absent(lambda: self._sense.summarise(frames))

    def _unless_absent(self, read: Callable[[], Reading]) -> Reading:
        if self._failure:
            return Reading.absent(self._failure)
        if not self.has_camera:
            return Reading.absent(self.gone or NOT_GIVEN)
        return reading_of("face", read)
