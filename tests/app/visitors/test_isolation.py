"""Several visitors at once, each with an expression of their own in picture, sound and words: nobody ever sees anybody else's."""

import base64
import io
import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pytest
from PIL import Image

from app.capture.browser import server_functions
from app.live.context import LiveContext
from app.live.session import LiveSession
from app.visitors.visitors import Visitors
from comp_core.modalities import LABELS, MODALITIES
from comp_core.senses.reading import NO_FACE, NO_WORDS, Reading
from comp_core.senses.speech.recognition import Transcript
from comp_core.senses.speech.vad import SAMPLE_RATE
from tests.app.doubles import ScriptedLocator, ScriptedPredictor, ScriptedSegmenter, ScriptedTranscriber, Seen, feature

# One step of brightness, and of loudness, for each label.
STEP = 30
ROUNDS = 30


def label_of(level):
    return LABELS[round(level / STEP) - 1]


class Predictor(ScriptedPredictor):
    """Takes a moment to fuse, so that others ask meanwhile and are answered together."""

    def __init__(self):
        super().__init__()
        self.together = 0

    def fuse_present(self, asked):
        time.sleep(0.002)
        self.together = max(self.together, len(asked))
        return super().fuse_present(asked)


class Face:
    """Each brightness is an expression."""

    def see_all(self, picture, locator):
        return [Seen((0.2, 0.2, 0.6, 0.8), feature(label_of(picture.mean())))]

    def summarise(self, frames, freshness=None):
        return Reading(np.mean([frame.feature for frame in frames], 0), quality=1.0) if frames else Reading.absent(NO_FACE)


class Voice:
    """Each loudness is an expression."""

    def read(self, samples):
        return Reading(feature(label_of(1000 * np.abs(samples).max())), quality=1.0)


class Words:
    def read(self, text):
        named = [label for label in LABELS if label in text]
        return Reading(feature(named[0]), quality=1.0) if named else Reading.absent(NO_WORDS)


class Transcriber(ScriptedTranscriber):
    """Hears the loudness."""

    def submit(self, samples, deliver, visit):
        deliver(Transcript(f"pure {label_of(1000 * np.abs(samples).max())}", 0.9), 1.0, None)
        return True


@dataclass
class Client:
    """A page of one label."""

    calls: dict
    label: str
    model: str
    off: str

    def media(self, n):
        level = STEP * (LABELS.index(self.label) + 1)
        out = io.BytesIO()
        Image.fromarray(np.full((24, 32, 3), level, np.uint8)).save(out, "JPEG", quality=95)
        # Four pieces of speech and one of silence, which ends the utterance.
        loudness = 0 if n % 5 == 4 else round(32768 * level / 1000)
        sound = np.full(SAMPLE_RATE // 2, loudness, "<i2")
        return {"jpeg": out.getvalue(), "pcm": sound.tobytes()}

    def visit(self):
        """Everything that was answered."""
        token = self.calls["open_session"]({})["token"]
        self.calls["control"]({"token": token, "switches": {self.off: False}, "model": self.model, "note": f"note of {self.label}"})
        views = []
        for n in range(ROUNDS):
            sent = {name: base64.b64encode(data).decode() for name, data in self.media(n).items()}
            answer = self.calls["exchange"]({"token": token, "captured": float(n), "first": n * SAMPLE_RATE // 2, **sent})
            views.append(answer["view"])
            if n == ROUNDS // 2:
                self.calls["control"]({"token": token, "typed": f"typed {self.label}"})
        files = self.calls["take_along"]({"token": token})["files"]
        return token, [view for view in views if view], files


@pytest.fixture(scope="module")
def visits():
    predictor = Predictor()
    predictor.face, predictor.voice, predictor.words = Face(), Voice(), Words()
    transcriber = Transcriber()
    context = LiveContext(predictor, transcriber)

    def make(token):
        return LiveSession(token, context, ScriptedLocator(), ScriptedSegmenter())

    visitors = Visitors(make, LiveSession.start, rate=1e6)
    calls = {call.__name__: call for call in server_functions(visitors, transcriber, ("comp", "prlf"))}
    clients = [Client(calls, label, ("comp", "prlf")[i % 2], MODALITIES[i % 3]) for i, label in enumerate(LABELS)]
    with ThreadPoolExecutor(len(clients)) as pool:
        done = list(zip(clients, pool.map(Client.visit, clients), strict=True))
    assert predictor.together > 1
    yield calls, visitors, done
    for _, (token, _, _) in done:
        visitors.close(token)


def test_everyone_sees_their_own_expression_alone(visits):
    for client, (_, views, _) in visits[2]:
        tops = {view["moment"]["top"] for view in views}
        assert tops - {None} == {client.label}
        own = {card["top"] for view in views for card in view["moment"]["modalities"].values()}
        assert own - {None} == {client.label}


def test_everyone_reads_their_own_words_alone(visits):
    others = set(LABELS)
    for client, (_, views, files) in visits[2]:
        said = json.dumps([[view["transcript"], [said["words"] for said in view["utterances"]]] for view in views])
        assert client.label in said
        assert not any(label in said for label in others - {client.label})
        assert f"note of {client.label}" in files["json"]
        notes = [label for label in LABELS if f"note of {label}" in files["json"]]
        assert notes == [client.label]


def test_switches_reach_nobody_else(visits):
    for client, (_, views, _) in visits[2]:
        states = {name: card["state"] for name, card in views[-1]["moment"]["modalities"].items()}
        assert [name for name, state in states.items() if state == "off"] == [client.off]


def test_every_visit_has_a_secret_of_its_own_and_others_open_nothing(visits):
    calls, visitors, done = visits
    tokens = [token for _, (token, _, _) in done]
    assert len(set(tokens)) == len(LABELS)
    closed = calls["open_session"]({})["token"]
    calls["close_session"]({"token": closed})
    near = tokens[0][:-1] + ("A" if tokens[0][-1] != "A" else "B")
    for wrong in (closed, near, tokens[0] + " ", tokens[0].swapcase(), "", None, tokens[:1]):
        for name in ("exchange", "control", "give_out", "take_along"):
            assert calls[name]({"token": wrong, "typed": "mine now"})["error"] == "ended"
        calls["close_session"]({"token": wrong})
    assert len(visitors) == len(LABELS)


def test_one_that_ends_takes_nobody_along(visits):
    calls, visitors, done = visits
    token = calls["open_session"]({})["token"]
    session = visitors.find(token)
    calls["close_session"]({"token": token})
    assert session.closed
    assert all("error" not in calls["exchange"]({"token": other}) for _, (other, _, _) in done)
