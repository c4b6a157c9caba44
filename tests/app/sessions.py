"""What tests of a session use: a page that calls the server, a session that is stepped, media, and devices."""

from __future__ import annotations

import base64
import io
import math
import queue
import threading
import time

import numpy as np
from PIL import Image

from app.capture.browser import server_functions
from app.capture.local import DeviceGone
from app.live.context import LiveContext
from app.live.inbox import Frame
from app.live.session import LiveSession
from app.visitors.visitors import Visitors
from comp_core.senses.speech.recognition import Transcript
from comp_core.senses.speech.vad import SAMPLE_RATE
from tests.app.doubles import ScriptedLocator, ScriptedPredictor, ScriptedSegmenter, ScriptedTranscriber

FACE = np.full((24, 32, 3), 200, np.uint8)
WALL = np.zeros((24, 32, 3), np.uint8)
SPEECH = np.full(SAMPLE_RATE, 0.5, np.float32)
QUIET = np.zeros(SAMPLE_RATE // 10, np.float32)


def jpeg(width=32, height=24, format="JPEG"):
    out = io.BytesIO()
    Image.fromarray(np.full((height, width, 3), 90, np.uint8)).save(out, format)
    return base64.b64encode(out.getvalue()).decode()


def pcm(seconds=0.1, value=1000):
    return base64.b64encode(np.full(round(seconds * SAMPLE_RATE), value, "<i2").tobytes()).decode()


class Page:
    """The server functions over visitors without threads, and a clock."""

    def __init__(self, **limits):
        self.now = 0.0
        self.transcriber = ScriptedTranscriber()
        self.context = LiveContext(ScriptedPredictor(), self.transcriber, clock=lambda: self.now)
        self.sessions = []
        self.visitors = Visitors(self.make, self.sessions.append, clock=lambda: self.now, **limits)
        for function in server_functions(self.visitors, self.transcriber, ("comp", "prlf")):
            setattr(self, function.__name__, function)

    def make(self, token):
        return LiveSession(token, self.context, ScriptedLocator(), ScriptedSegmenter())

    def start(self):
        return self.open_session({})["token"]


class SteppedSession:
    """A session whose loop a test steps, on a clock that it moves."""

    def __init__(self, transcriber=None):
        self.now = 100.0
        self.predictor = ScriptedPredictor()
        self.transcriber = transcriber or ScriptedTranscriber()
        self.over = threading.Event()
        context = LiveContext(self.predictor, self.transcriber, clock=lambda: self.now, after=self.over.set)
        self.session = LiveSession("token", context, ScriptedLocator(), ScriptedSegmenter())

    def step(self, picture=None, sound=None, seconds=0.1):
        self.now += seconds
        self.session.inbox.put(None if picture is None else Frame(picture, 1000 * self.now), sound)
        self.session.update(self.session.inbox.take(0))
        return self.session.snapshot()

    def say(self):
        """One second of speech and its end, with the face in view."""
        self.step(FACE, SPEECH, seconds=1.0)
        return self.step(FACE, QUIET)

    def watch(self, seconds):
        """The same face, in silence, a picture a second."""
        for _ in range(math.ceil(seconds)):
            snapshot = self.step(FACE, QUIET, seconds=1.0)
        return snapshot

    def hear(self, text, request=-1):
        self.transcriber.requests[request][1](Transcript(text, 0.62), 12.0, None)


def absent(snapshot):
    return snapshot.fused["absent_because"]


PICTURE = np.full((480, 960, 3), (200, 20, 20), np.uint8)


class Device:
    """Gives what the test puts in; None unplugs it."""

    def __init__(self):
        self.items = queue.Queue()
        self.opened = 0

    def __call__(self):
        self.opened += 1
        while True:
            item = self.items.get(timeout=10)
            if item is None:
                raise DeviceGone("It was unplugged.")
            yield item


def until(true):
    limit = time.monotonic() + 10
    while not true():
        assert time.monotonic() < limit
        time.sleep(0.01)
