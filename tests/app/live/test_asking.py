"""When a live session reads a voice and asks for words: as often as the machine allows, and never too late."""

import numpy as np
import pytest

from app.live.context import LiveConfig
from app.live.inbox import Frame
from comp_core.modalities import TEXT
from comp_core.senses.reading import NO_WORDS
from comp_core.senses.speech.recognition import Transcript
from tests.app.doubles import SHORT_PAUSE, ScriptedTranscriber
from tests.app.sessions import FACE, QUIET, SPEECH, SteppedSession, absent

CONFIG = LiveConfig()
PAUSE = np.zeros(SHORT_PAUSE // 2, np.float32)


def test_words_are_asked_for_in_the_visitors_language(stepped):
    stepped.session.settings.language = "de"
    stepped.say()
    assert set(stepped.transcriber.languages_asked) == {"de"}


def test_voice_is_read_at_most_every_so_often(stepped):
    for _ in range(8):
        stepped.step(FACE, SPEECH[:1600])
    reads = len(stepped.predictor.voice.lengths)
    assert 1 < reads <= 1 + 0.8 / CONFIG.voice_every
    assert stepped.predictor.voice.lengths == sorted(stepped.predictor.voice.lengths)


def test_a_voice_that_takes_long_to_read_is_read_less_often(stepped, monkeypatch):
    monkeypatch.setattr(stepped.session.latencies, "median", lambda stage: 200.0)
    for _ in range(30):
        stepped.step(FACE, SPEECH[:1600])
    assert len(stepped.predictor.voice.lengths) == round(3.0 / (0.2 / CONFIG.voice_share))


def test_words_of_a_growing_utterance_are_asked_for_only_from_a_quick_recogniser(stepped):
    stepped.step(FACE, SPEECH)
    stepped.step(FACE, SPEECH)
    assert stepped.transcriber.requests == []
    stepped.transcriber.quick = True
    stepped.step(FACE, SPEECH)
    stepped.hear("what joy")
    snapshot = stepped.step(FACE, SPEECH[:800])
    assert (snapshot.words.text, snapshot.utterances) == ("what joy", [])
    stepped.step(FACE, QUIET)
    stepped.hear("too late", request=0)
    stepped.hear("what a joy")
    assert stepped.step(FACE, QUIET).words.text == "what a joy"


def test_while_someone_speaks_words_come_every_second(stepped):
    stepped.transcriber.quick = True
    for _ in range(30):
        stepped.step(FACE, SPEECH[:1600])
    assert len(stepped.transcriber.requests) >= 3


def test_words_asked_for_in_a_pause_are_final_if_it_was_the_end(stepped):
    stepped.transcriber.quick = True
    stepped.step(FACE, SPEECH[:3200])
    for _ in range(3):
        stepped.step(FACE, PAUSE)
    assert len(stepped.transcriber.requests) == 1
    stepped.hear("what joy")
    stepped.step(FACE, PAUSE)
    snapshot = stepped.step(FACE, QUIET)
    assert len(stepped.transcriber.requests) == 1
    assert (snapshot.pending, [said.transcript for said in snapshot.utterances]) == (False, ["what joy"])
    assert snapshot.utterances[0].judged is not None


def test_words_of_a_pause_that_come_after_the_end_are_waited_for(stepped):
    stepped.transcriber.quick = True
    stepped.step(FACE, SPEECH[:3200])
    stepped.step(FACE, PAUSE)
    assert stepped.step(FACE, QUIET).pending
    stepped.hear("what joy")
    snapshot = stepped.step(FACE, QUIET)
    assert (snapshot.pending, snapshot.words.text, len(stepped.transcriber.requests)) == (False, "what joy", 1)


def test_who_speaks_on_after_a_pause_is_heard_to_the_end(stepped):
    stepped.transcriber.quick = True
    stepped.step(FACE, SPEECH[:3200])
    stepped.step(FACE, PAUSE)
    stepped.hear("what")
    stepped.step(FACE, SPEECH[:3200])
    assert stepped.step(FACE, QUIET).pending
    assert [len(samples) for samples, _ in stepped.transcriber.requests] == [3200, 6400]
    stepped.hear("what joy")
    assert stepped.step(FACE, QUIET).words.text == "what joy"


def test_without_a_recogniser_nothing_is_pending():
    stepped = SteppedSession(ScriptedTranscriber(available=False))
    snapshot = stepped.say()
    assert not snapshot.pending
    assert absent(snapshot) == {TEXT: NO_WORDS}


def test_a_failed_recogniser_makes_the_words_absent(stepped):
    stepped.say()
    stepped.transcriber.requests[-1][1](Transcript("", 0.0), 5.0, "out of memory")
    assert absent(stepped.step(FACE, QUIET)) == {TEXT: "failed: out of memory"}


@pytest.mark.parametrize(("waiting", "rest"), [(0, 0.0), (2, 2 * CONFIG.rest), (16, CONFIG.longest_rest)])
def test_pictures_become_fewer_while_words_wait(stepped, monkeypatch, waiting, rest):
    rests = []
    stepped.transcriber.waiting = waiting
    monkeypatch.setattr("app.live.session.time.sleep", lambda seconds: (rests.append(seconds), stepped.session.close()))
    stepped.session.inbox.put(Frame(FACE, 5.0), None)
    stepped.session.run()
    assert rests == [rest]
