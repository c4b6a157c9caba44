"""The live path from what a page sends to what it draws, replayed as fast as the machine can: no browser, no waiting, no threads."""

from __future__ import annotations

import base64
from typing import Any, Protocol

import numpy as np

from app.capture import wire
from app.live.context import LiveContext
from app.live.inbox import Frame
from app.live.people import MOST_FACES
from app.live.session import LiveSession
from app.live.transcription import Deliver, Speaker
from app.live.views import live_view
from comp_core.inference.smoothing import TIME_CONSTANT
from comp_core.predictor import Predictor
from comp_core.senses.face.locator import FaceLocator, LookAround
from comp_core.senses.speech.recognition import Transcript
from comp_core.senses.speech.utterances import Segmenter
from tests.support.minute import SPEECHES, Moment


class Transcribes(Protocol):
    """A recogniser, as the live loop's transcriber needs it."""

    def transcribe(self, samples: np.ndarray, language: str) -> Transcript: ...


class Prompt:
    """Speech recognition without a queue: words come with the next update, however fast the machine is."""

    available = True
    waiting = 0

    def __init__(self, recogniser: Transcribes) -> None:
        self._recogniser = recogniser

    def can_do_within(self, seconds: float) -> bool:
        return False

    def submit(self, samples: np.ndarray, deliver: Deliver, speaker: Speaker) -> bool:
        deliver(self._recogniser.transcribe(samples, speaker.language), 0.0, None)
        return True


class Script:
    """A recogniser that knows the words of the minute and hears them in their order."""

    def __init__(self) -> None:
        self._words = [words for speech in SPEECHES for words in speech.words]

    def transcribe(self, samples: np.ndarray, language: str) -> Transcript:
        return Transcript(self._words.pop(0), 1.0) if self._words else Transcript("", 0.0)


class Visit:
    """A visit of the live page, from what the page sends to what it draws, on a clock that the minute moves."""

    def __init__(
        self, predictor: Predictor, recogniser: Transcribes, smoothing: float = TIME_CONSTANT, around: LookAround | None = None
    ) -> None:
        self.now = 0.0
        locator = FaceLocator(tracking=True, around=around or LookAround(MOST_FACES))
        context = LiveContext(predictor, Prompt(recogniser), clock=lambda: self.now)
        self.session = LiveSession("token", context, locator, Segmenter())
        self.session.settings.smoothing = smoothing

    def send(self, moment: Moment) -> dict[str, Any]:
        """What the page draws after it has sent this moment (see `app.live.views.live_view`)."""
        self.now = moment.at
        jpeg, pcm = (base64.b64encode(part).decode() for part in (moment.jpeg, moment.pcm))
        self.session.inbox.put(Frame(wire.picture(jpeg), 1000 * moment.at), wire.samples(pcm))
        self.session.update(self.session.inbox.take(0))
        return live_view(self.session.snapshot())

    def close(self) -> None:
        self.session.close()
        self.session.looking.locator.close()
