"""A clock that jumps, a connection that breaks, a device that goes: what the server makes of it."""

import json
import math
import time
from types import SimpleNamespace

import numpy as np
import pytest

from app.capture import local
from app.capture.local import LocalCapture
from app.live.context import LiveConfig, LiveContext
from app.live.session import LiveSession
from comp_core.modalities import AUDIO, VIDEO
from comp_core.senses.reading import DISCONNECTED, NOT_GIVEN, PAUSED, SILENCE
from comp_core.senses.speech.utterances import Segmenter
from comp_core.senses.speech.vad import CHUNK, SAMPLE_RATE
from tests.app.doubles import ScriptedLocator, ScriptedPredictor, ScriptedSegmenter, ScriptedTranscriber
from tests.app.sessions import FACE, PICTURE, QUIET, SPEECH, Device, Page, SteppedSession, absent, jpeg, pcm, until

HOUR = 3600.0


def numbers(of):
    """All numbers in a JSON value."""
    if isinstance(of, dict):
        return [number for value in of.values() for number in numbers(value)]
    if isinstance(of, list):
        return [number for value in of for number in numbers(value)]
    return [of] if isinstance(of, (int, float)) else []


# --- a clock that jumps ---------------------------------------------------------------------------------------------


def test_after_an_hours_sleep_a_session_goes_on_and_its_record_has_no_odd_numbers():
    stepped = SteppedSession()
    stepped.say()
    stepped.hear("what joy")
    stepped.step(FACE, QUIET)
    snapshot = stepped.step(FACE, QUIET, seconds=HOUR)
    assert snapshot.fused["observed"] == {"audio": False, "text": False, "video": True}
    stepped.say()
    stepped.hear("pure fear")
    stepped.step(FACE, QUIET)
    record = json.loads(stepped.session.record.files()["json"])
    assert [one["transcript"] for one in record["utterances"]] == ["what joy", "pure fear"]
    assert all(math.isfinite(number) and number >= 0 for number in numbers(record))
    times = [line["seconds"] for line in record["lines"]]
    assert times == sorted(times)
    assert "-" not in stepped.session.record.files()["vtt"].split("NOTE")[1].replace("-->", "")


def test_what_was_shown_before_the_sleep_does_not_colour_what_is_shown_after():
    stepped = SteppedSession()
    stepped.step(FACE, QUIET)
    stepped.predictor.face.label = "fear"
    fused = stepped.step(FACE, QUIET, seconds=HOUR).fused["fused"]
    assert max(fused, key=fused.get) == "fear"
    assert sum(fused.values()) == pytest.approx(1)


def test_the_clock_on_the_wall_plays_no_part(monkeypatch):
    stepped = SteppedSession()
    before = stepped.say().at
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert stepped.step(FACE, QUIET).at == pytest.approx(before + 0.1)


def test_a_server_that_slept_ends_its_visits_politely():
    page = Page()
    token = page.start()
    page.now = HOUR
    # The page may ask before the visits are looked through: it has no time left, never less.
    assert page.exchange({"token": token})["ending"]["seconds"] == 0
    page.visitors.sweep()
    assert page.exchange({"token": token}) == {"error": "ended", "message": "The session has ended. Press Start to begin a new one."}
    assert "error" not in page.exchange({"token": page.start(), "jpeg": jpeg(), "captured": 1.0})


# --- a connection that breaks ---------------------------------------------------------------------------------------


def test_sound_that_was_not_kept_is_counted_and_what_follows_has_its_right_time():
    page = Page()
    token = page.start()
    page.exchange({"token": token, "pcm": pcm(1.0), "first": 0})
    page.exchange({"token": token, "pcm": pcm(1.0), "first": 5 * SAMPLE_RATE})
    (session,) = page.sessions
    inbox = session.inbox.take(0)
    assert (inbox.missed, session.inbox.audio_lost_s) == (4.0, 4.0)
    page.exchange({"token": token, "pcm": pcm(2.0), "first": 5 * SAMPLE_RATE})
    assert session.inbox.take(0).samples.size == SAMPLE_RATE
    assert session.inbox.audio_lost_s == 4.0


def test_an_utterance_before_the_gap_and_one_after_it_are_two():
    stepped = SteppedSession()
    stepped.step(FACE, SPEECH, seconds=1.0)
    stepped.session.inbox.miss(4.0)
    stepped.step(FACE, SPEECH, seconds=5.0)
    utterances = stepped.step(FACE, QUIET).utterances
    assert [utterance.start for utterance in utterances] == pytest.approx([0.0, 5.0], abs=0.2)
    assert utterances[0].end == 1.0


def test_a_segmenter_goes_on_after_a_gap():
    class Loud:
        def push(self, samples):
            return [1.0 if chunk.any() else 0.0 for chunk in samples.reshape(-1, CHUNK)]

        def reset(self):
            pass

    segmenter = Segmenter(detector=Loud())
    assert segmenter.push(SPEECH) == []
    (before,) = segmenter.skip(10.0)
    assert (before.start, before.complete) == (0.0, True)
    assert not segmenter.speaking
    segmenter.push(SPEECH)
    (after,) = segmenter.finish()
    assert after.start == pytest.approx(before.end + 10.0, abs=0.1)


# --- a device that goes, a page that is hidden ----------------------------------------------------------------------


@pytest.mark.parametrize("why", [DISCONNECTED, PAUSED])
def test_a_device_that_goes_makes_its_modality_absent_with_the_reason_until_it_is_back(why):
    stepped = SteppedSession()
    stepped.step(FACE, QUIET)
    stepped.session.inbox.lose(VIDEO, why)
    snapshot = stepped.step(None, QUIET)
    assert (absent(snapshot)[VIDEO], snapshot.box) == (why, None)
    assert absent(snapshot)[AUDIO] == SILENCE
    assert stepped.step(FACE, QUIET).fused["observed"][VIDEO]


def test_what_was_being_said_when_the_microphone_went_is_an_utterance():
    stepped = SteppedSession()
    stepped.step(FACE, SPEECH, seconds=1.0)
    stepped.session.inbox.lose(AUDIO)
    snapshot = stepped.step(FACE)
    assert [utterance.end for utterance in snapshot.utterances] == [1.0]
    assert not snapshot.speaking
    stepped.hear("what joy")
    snapshot = stepped.step(FACE, seconds=LiveConfig().hold + 5)
    snapshot = stepped.step(FACE, seconds=LiveConfig().hold + 5)
    assert absent(snapshot)[AUDIO] == DISCONNECTED
    stepped.say()
    began = stepped.step(FACE, QUIET).utterances[-1].start
    assert began == pytest.approx(stepped.now - 100.0 - 1.2, abs=0.15)


def test_one_that_never_was_there_is_not_given():
    stepped = SteppedSession()
    stepped.session.inbox.lose(VIDEO)
    assert absent(stepped.step(None, QUIET))[VIDEO] == NOT_GIVEN


def test_the_page_says_which_device_is_gone_and_why():
    page = Page()
    token = page.start()
    page.exchange({"token": token, "jpeg": jpeg(), "captured": 1.0, "pcm": pcm(), "first": 0})
    (session,) = page.sessions
    session.update(session.inbox.take(0))
    page.exchange({"token": token, "gone": {"video": DISCONNECTED}})
    session.update(session.inbox.take(0))
    assert (session.looking.gone, session.hearing.gone) == (DISCONNECTED, None)
    for bad in ({"text": PAUSED}, {"video": "<b>"}, ["video"], 3):
        assert page.exchange({"token": token, "gone": bad})["error"] == "bad_request"
    page.exchange({"token": token, "gone": {"video": PAUSED, "audio": PAUSED}})
    session.update(session.inbox.take(0))
    assert (session.looking.gone, session.hearing.gone) == (PAUSED, PAUSED)


def test_a_hidden_page_ends_after_some_minutes_even_if_it_goes_on_asking():
    page = Page()
    token = page.start()
    for page.now in np.arange(0.0, 301.0, 10.0):
        answer = page.exchange({"token": token, "gone": {"video": PAUSED, "audio": PAUSED}})
        page.visitors.sweep()
    assert answer["ending"]["seconds"] == 0
    assert page.sessions[0].closed


def test_the_computers_own_devices_are_released_while_the_page_is_hidden(monkeypatch):
    monkeypatch.setattr(local, "RETRY_S", 0.01)
    monkeypatch.setattr(local, "PAUSE_S", 0.01)
    closed = []

    class Releasing(Device):
        def __call__(self):
            try:
                yield from super().__call__()
            finally:
                closed.append(self)

    camera, microphone = Releasing(), Releasing()
    session = LiveSession("token", LiveContext(ScriptedPredictor(), ScriptedTranscriber()), ScriptedLocator(), ScriptedSegmenter())
    LocalCapture(camera, microphone).start(session)
    there = SimpleNamespace(picture=lambda: session.local.view()["picture"])
    camera.items.put(PICTURE)
    until(there.picture)
    session.local.pause(True)
    assert there.picture() is None
    for device in (camera, microphone):
        device.items.put(np.zeros((48, 48, 3), np.uint8) if device is camera else np.zeros(160, np.float32))
    until(lambda: len(closed) == 2)
    session.local.pause(False)
    camera.items.put(PICTURE)
    until(there.picture)
    session.close()
    for device in (camera, microphone):
        device.items.put(None)
