"""The live loop, step by step, on scripted senses and a clock that the test moves."""

import threading
import time

import numpy as np
import pytest

from app.live.inbox import AUDIO_BACKLOG_S, MOST_WORDS, Frame, Inbox
from comp_core.inference.degradation import Degradation
from comp_core.inference.smoothing import TIME_CONSTANT
from comp_core.modalities import AUDIO, MODALITIES, TEXT, VIDEO
from comp_core.senses.reading import NO_FACE, NO_WORDS, NOT_GIVEN, SILENCE, SWITCHED_OFF
from comp_core.senses.speech.vad import SAMPLE_RATE
from tests.app.doubles import SHORT_PAUSE
from tests.app.sessions import FACE, QUIET, SPEECH, WALL, SteppedSession, absent

PAUSE = np.zeros(SHORT_PAUSE // 2, np.float32)


def test_speech_words_and_face_come_together(stepped):
    stepped.say()
    stepped.hear("what joy")
    snapshot = stepped.step(FACE, QUIET)
    assert snapshot.fused["observed"] == dict.fromkeys(MODALITIES, True)
    assert (snapshot.words.text, snapshot.words.source, snapshot.pending) == ("what joy", "recognised", False)
    assert snapshot.words.confidence == 0.62
    assert snapshot.box == (0.2, 0.2, 0.6, 0.8)
    assert snapshot.captured == pytest.approx(1000 * stepped.now)
    assert [(t.transcript, t.judged is not None) for t in snapshot.utterances] == [("what joy", True)]


def test_the_model_that_was_chosen_judges_from_then_on(stepped):
    stepped.step(FACE)
    stepped.session.choose("prlf")
    stepped.step(FACE)
    assert list(dict.fromkeys(stepped.predictor.models)) == ["comp", "prlf"]
    assert stepped.predictor.models[-1] == "prlf"


def test_what_is_degraded_reaches_the_senses_degraded(stepped):
    given = {}
    see, hear, read = stepped.predictor.face.see_all, stepped.session.hearing.segmenter.push, stepped.predictor.words.read
    stepped.predictor.face.see_all = lambda picture, locator: given.update(picture=picture) or see(picture, locator)
    stepped.session.hearing.segmenter.push = lambda samples: given.update(sound=samples) or hear(samples)
    stepped.predictor.words.read = lambda text: given.update(words=text) or read(text)
    stepped.say()
    stepped.session.settings.degradation = Degradation(darkness=0.5, muted=True, words_lost=1.0)
    stepped.hear("what joy")
    stepped.step(FACE, SPEECH)
    assert given["picture"].mean() == pytest.approx(FACE.mean() / 2, rel=0.05)
    assert not given["sound"].any() and len(given["sound"]) == len(SPEECH)
    assert given["words"] == ""


def test_lost_pictures_are_not_looked_at(stepped):
    stepped.session.settings.degradation = Degradation(frames_lost=1.0)
    assert stepped.step(FACE).box is None


def test_before_anything_came_the_reasons_are_not_given(stepped):
    snapshot = stepped.step()
    assert absent(snapshot) == {AUDIO: NOT_GIVEN, TEXT: NO_WORDS, VIDEO: NOT_GIVEN}
    assert snapshot.fused["fused"] is None


def test_silence_and_an_empty_wall_are_absent_with_their_reasons(stepped):
    snapshot = stepped.step(WALL, QUIET)
    assert absent(snapshot) == {AUDIO: SILENCE, TEXT: NO_WORDS, VIDEO: NO_FACE}


@pytest.mark.parametrize("modality", MODALITIES)
def test_a_switch_acts_at_the_next_update_and_back(stepped, modality):
    stepped.say()
    stepped.hear("what joy")
    assert stepped.step(FACE, QUIET).fused["observed"][modality]
    stepped.session.switch(modality, False)
    assert absent(stepped.step(FACE, QUIET)) == {modality: SWITCHED_OFF}
    stepped.session.switch(modality, True)
    assert stepped.step(FACE, QUIET).fused["observed"][modality]


def test_the_subsets_are_of_all_that_is_there_whatever_is_switched_off(stepped):
    stepped.say()
    stepped.hear("what fear")
    stepped.session.switch(AUDIO, False)
    snapshot = stepped.step(FACE, QUIET)
    subsets = snapshot.fused["subsets"]
    assert max(subsets["A"], key=subsets["A"].get) == "anger"
    assert subsets["TV"] == pytest.approx(snapshot.fused["fused"])
    assert snapshot.switched_off == {AUDIO}


def test_smoothing_is_the_visitors_own(stepped):
    other = SteppedSession(stepped.transcriber)
    stepped.session.settings.smoothing = 3.0
    shares = []
    for one in (stepped, other):
        one.step(FACE, QUIET)
        one.predictor.face.label = "fear"
        shares.append([one.step(FACE, QUIET).fused["fused"]["fear"] for _ in range(3)][-1])
    assert shares[0] < shares[1] / 2


def test_the_record_has_a_line_a_second_and_all_utterances(stepped):
    for _ in range(15):
        stepped.say()
    record = stepped.session.record
    assert len(record.utterances) == 15
    gaps = np.diff([line.at for line in record.lines])
    assert len(gaps) > 10
    assert gaps.min() >= 1.0
    assert not any(turn.sights for turn in record.utterances)


@pytest.mark.parametrize(("sense", "modality"), [("face", VIDEO), ("voice", AUDIO), ("words", TEXT)])
def test_a_failing_sense_makes_its_modality_absent_and_the_loop_goes_on(stepped, sense, modality):
    getattr(stepped.predictor, sense).error = RuntimeError("broken")
    stepped.say()
    stepped.hear("what joy")
    snapshot = stepped.step(FACE, QUIET)
    assert absent(snapshot) == {modality: "failed: broken"}
    getattr(stepped.predictor, sense).error = None
    stepped.say()
    stepped.hear("what joy")
    assert absent(stepped.step(FACE, QUIET)) == {}


def test_failing_speech_detection_leaves_the_face(stepped):
    stepped.session.hearing.segmenter.error = ValueError("bad state")
    snapshot = stepped.step(FACE, SPEECH)
    assert absent(snapshot)[AUDIO] == "failed: bad state"
    assert snapshot.fused["observed"][VIDEO]


def test_the_face_is_gone_soon_after_it_left_but_not_at_one_lost_frame(stepped):
    stepped.step(FACE, QUIET)
    assert stepped.step(WALL, QUIET).fused["observed"][VIDEO]
    snapshot = stepped.step(WALL, QUIET, seconds=TIME_CONSTANT)
    assert absent(snapshot)[VIDEO] == NO_FACE
    assert snapshot.box is None


def test_the_newest_frame_wins_and_no_sound_is_dropped(stepped):
    for n in range(3):
        stepped.session.inbox.put(Frame(FACE, float(n)), SPEECH[:1600])
    inbox = stepped.session.inbox.take(0)
    assert inbox.frame.captured == 2.0
    assert inbox.samples.size == 4800
    assert stepped.session.inbox.frames_dropped == 2
    assert stepped.session.inbox.audio_lost_s == 0.0


def test_sound_that_nobody_takes_is_bounded_and_counted(stepped):
    for _ in range(int(AUDIO_BACKLOG_S) + 5):
        stepped.session.inbox.put(None, SPEECH)
    assert stepped.session.inbox.take(0).samples.size <= AUDIO_BACKLOG_S * SAMPLE_RATE
    assert stepped.session.inbox.audio_lost_s == pytest.approx(5.0)


def test_two_visitors_do_not_see_each_other(stepped):
    other = SteppedSession(stepped.transcriber)
    stepped.say()
    other.session.switch(VIDEO, False)
    other.step(WALL, QUIET)
    stepped.hear("what joy")
    mine, theirs = stepped.step(FACE, QUIET), other.step(WALL, QUIET)
    assert mine.words.text == "what joy"
    assert (theirs.words.text, theirs.utterances, theirs.box) == ("", [], None)
    assert mine.fused["observed"][VIDEO]


def test_the_thread_publishes_the_frame_it_was_given_and_lets_go_of_all_at_its_end(stepped):
    thread = threading.Thread(target=stepped.session.run)
    thread.start()
    stepped.session.inbox.put(Frame(FACE, 5.0), None)
    assert stepped.session.snapshot(at_least=5.0, timeout=10).captured == 5.0
    assert not stepped.over.is_set()
    stepped.session.close()
    thread.join(10)
    assert not thread.is_alive()
    assert stepped.session.looking.locator.closed and stepped.over.is_set()


def test_of_words_that_are_typed_faster_than_they_are_read_the_newest_are_kept():
    inbox = Inbox()
    for n in range(3 * MOST_WORDS):
        inbox.type(str(n))
        inbox.correct(n, "other")
    taken = inbox.take(0)
    assert taken.typed == [str(n) for n in range(2 * MOST_WORDS, 3 * MOST_WORDS)]
    assert [number for number, _ in taken.corrected] == list(range(2 * MOST_WORDS, 3 * MOST_WORDS))


def test_one_call_waits_for_a_snapshot_and_others_get_the_newest_at_once(stepped):
    stepped.step(FACE, QUIET)
    waiting = threading.Thread(target=stepped.session.snapshot, args=(1e9, 20.0))
    waiting.start()
    until = time.monotonic() + 10
    while not stepped.session._waited_for:
        assert time.monotonic() < until
        time.sleep(0.01)
    begin = time.monotonic()
    assert stepped.session.snapshot(1e9, 20.0) is stepped.session.snapshot()
    assert time.monotonic() - begin < 5
    stepped.session.close()
    waiting.join(10)
    assert not waiting.is_alive()


@pytest.mark.parametrize("sense", ["voice", "words"])
def test_a_picture_is_answered_before_the_voice_and_words_that_came_with_it_are_read(stepped, sense):
    reader, reads, read_on = getattr(stepped.predictor, sense), threading.Event(), threading.Event()
    stepped.say()
    read = reader.read

    def slowly(given):
        reads.set()
        assert read_on.wait(10)
        return read(given)

    if sense == "words":
        stepped.hear("what joy")
    else:
        stepped.step(FACE, SPEECH)
    reader.read = slowly
    stepped.now += 1.0
    stepped.session.inbox.put(Frame(FACE, 1e6), QUIET if sense == "words" else SPEECH)
    thread = threading.Thread(target=stepped.session.run)
    thread.start()
    try:
        assert stepped.session.snapshot(at_least=1e6, timeout=5).captured == 1e6
        assert reads.wait(10)
    finally:
        read_on.set()
        stepped.session.close()
        thread.join(10)


def test_a_picture_that_came_after_the_camera_was_lost_is_not_taken_before_that(stepped):
    stepped.step(FACE, SPEECH, seconds=1.0)
    stepped.session.inbox.lose(VIDEO)
    stepped.session.inbox.put(Frame(FACE, 1e6), SPEECH)
    arrived = stepped.session.inbox.take(0)
    assert stepped.session.conversation.takes_long(arrived, stepped.now + 1.0)
    assert arrived.picture_first() == [arrived]
