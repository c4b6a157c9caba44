"""The live loop, step by step, on scripted senses and a clock that the test moves."""

import threading

import numpy as np
import pytest

from app.engine import Engine, EngineConfig
from app.visits.session import AUDIO_BACKLOG_S, SAMPLE_RATE, Frame, Session
from comp_core.modalities import AUDIO, MODALITIES, TEXT, VIDEO
from comp_core.senses.base import NO_FACE, NO_WORDS, NOT_GIVEN, SILENCE, SWITCHED_OFF
from comp_core.senses.recognition import Transcript
from comp_core.smoothing import TIME_CONSTANT, Smoother
from comp_core.spoiling import Spoiling
from tests.app.doubles import SHORT_PAUSE, ScriptedLocator, ScriptedPredictor, ScriptedSegmenter, ScriptedTranscriber

FACE = np.full((24, 32, 3), 200, np.uint8)
WALL = np.zeros((24, 32, 3), np.uint8)
SPEECH = np.full(SAMPLE_RATE, 0.5, np.float32)
QUIET = np.zeros(SAMPLE_RATE // 10, np.float32)
PAUSE = np.zeros(SHORT_PAUSE // 2, np.float32)
CONFIG = EngineConfig()


class Visit:
    """A session with its engine, and a clock."""

    def __init__(self, transcriber=None):
        self.now = 100.0
        self.predictor = ScriptedPredictor()
        self.transcriber = transcriber or ScriptedTranscriber()
        self.engine = Engine(self.predictor, self.transcriber, clock=lambda: self.now)
        self.session = Session("token", self.now, ScriptedLocator(), ScriptedSegmenter(), "comp")
        self.smoother = Smoother()

    def step(self, picture=None, sound=None, seconds=0.1):
        self.now += seconds
        self.session.put(None if picture is None else Frame(picture, 1000 * self.now), sound)
        self.engine.update(self.session, self.session.take(0), self.smoother)
        return self.session.snapshot()

    def say(self):
        """One second of speech and its end, with the face in view."""
        self.step(FACE, SPEECH, seconds=1.0)
        return self.step(FACE, QUIET)

    def hear(self, text, request=-1):
        self.transcriber.requests[request][1](Transcript(text, 0.62), 12.0, None)


@pytest.fixture
def visit():
    return Visit()


def absent(snapshot):
    return snapshot.fused["absent_because"]


def test_speech_words_and_face_come_together(visit):
    visit.say()
    visit.hear("what joy")
    snapshot = visit.step(FACE, QUIET)
    assert snapshot.fused["observed"] == dict.fromkeys(MODALITIES, True)
    assert (snapshot.transcript, snapshot.transcript_source, snapshot.pending) == ("what joy", "recognised", False)
    assert snapshot.confidence == 0.62
    assert snapshot.box == (0.2, 0.2, 0.6, 0.8)
    assert snapshot.captured == pytest.approx(1000 * visit.now)
    assert [(t["transcript"], t["fused"] is not None) for t in snapshot.turns] == [("what joy", True)]


def test_the_model_that_was_chosen_judges_from_then_on(visit):
    visit.step(FACE)
    visit.session.choose("prlf")
    visit.step(FACE)
    assert list(dict.fromkeys(visit.predictor.models)) == ["comp", "prlf"]
    assert visit.predictor.models[-1] == "prlf"


def test_words_typed_during_a_cough_are_kept(visit):
    visit.step(FACE, SPEECH)
    visit.session.type("joy")
    visit.step(FACE, SPEECH)
    visit.session.segmenter._samples = np.zeros(0, np.float32)  # too short for an utterance
    snapshot = visit.step(FACE, QUIET)
    assert [turn["transcript"] for turn in snapshot.turns] == ["joy"]
    assert snapshot.transcript_source == "typed"


def test_words_are_asked_for_in_the_visitors_language(visit):
    visit.session.language = "de"
    visit.say()
    assert set(visit.transcriber.languages_asked) == {"de"}


def test_what_is_spoilt_reaches_the_senses_spoilt(visit):
    given = {}
    see, hear, read = visit.predictor.face.see, visit.session.segmenter.push, visit.predictor.words.read
    visit.predictor.face.see = lambda picture, locator: given.update(picture=picture) or see(picture, locator)
    visit.session.segmenter.push = lambda samples: given.update(sound=samples) or hear(samples)
    visit.predictor.words.read = lambda text: given.update(words=text) or read(text)
    visit.say()
    visit.session.spoiling = Spoiling(darkness=0.5, muted=True, words_lost=1.0)
    visit.hear("what joy")
    visit.step(FACE, SPEECH)
    assert given["picture"].mean() == pytest.approx(FACE.mean() / 2, rel=0.05)
    assert not given["sound"].any() and len(given["sound"]) == len(SPEECH)
    assert given["words"] == ""


def test_lost_pictures_are_not_looked_at(visit):
    visit.session.spoiling = Spoiling(frames_lost=1.0)
    assert visit.step(FACE).box is None


def test_before_anything_came_the_reasons_are_not_given(visit):
    snapshot = visit.step()
    assert absent(snapshot) == {AUDIO: NOT_GIVEN, TEXT: NO_WORDS, VIDEO: NOT_GIVEN}
    assert snapshot.fused["fused"] is None


def test_silence_and_an_empty_wall_are_absent_with_their_reasons(visit):
    snapshot = visit.step(WALL, QUIET)
    assert absent(snapshot) == {AUDIO: SILENCE, TEXT: NO_WORDS, VIDEO: NO_FACE}


def test_an_utterance_is_held_and_then_let_go_while_the_face_goes_on(visit):
    visit.say()
    visit.hear("what joy")
    assert visit.step(FACE, QUIET).fused["observed"][AUDIO]
    assert visit.step(FACE, QUIET, seconds=CONFIG.hold - 0.5).fused["observed"][AUDIO]
    snapshot = visit.step(FACE, QUIET, seconds=1.0)
    assert snapshot.fused["observed"] == {AUDIO: False, TEXT: False, VIDEO: True}
    assert snapshot.transcript == ""
    assert len(snapshot.turns) == 1


def test_words_that_come_late_are_still_seen(visit):
    visit.say()
    snapshot = visit.step(FACE, QUIET, seconds=CONFIG.hold + 1)
    assert snapshot.pending
    assert snapshot.fused["observed"][AUDIO]
    visit.hear("what joy")
    assert visit.step(FACE, QUIET, seconds=0.1).fused["observed"][TEXT]
    assert visit.step(FACE, QUIET, seconds=CONFIG.hold - 0.2).fused["observed"][TEXT]


def test_words_are_not_waited_for_without_end(visit):
    visit.say()
    assert not visit.step(FACE, QUIET, seconds=CONFIG.patience + 0.1).fused["observed"][AUDIO]
    visit.hear("what joy")
    snapshot = visit.step(FACE, QUIET)
    assert snapshot.turns[0]["transcript"] == "what joy"
    assert snapshot.transcript == ""


def test_the_present_moment_is_fused_in_the_context_of_the_conversation(visit):
    visit.say()
    visit.hear("what joy")
    visit.step(FACE, QUIET, seconds=CONFIG.hold + 1)
    visit.step(FACE, QUIET, seconds=CONFIG.hold + 1)
    visit.step(FACE, SPEECH, seconds=1.0)
    before, present = visit.predictor.conversations[-1]
    assert before[TEXT].present
    assert present[AUDIO].present
    assert not present[TEXT].present


@pytest.mark.parametrize("modality", MODALITIES)
def test_a_switch_acts_at_the_next_update_and_back(visit, modality):
    visit.say()
    visit.hear("what joy")
    assert visit.step(FACE, QUIET).fused["observed"][modality]
    visit.session.switch(modality, False)
    assert absent(visit.step(FACE, QUIET)) == {modality: SWITCHED_OFF}
    visit.session.switch(modality, True)
    assert visit.step(FACE, QUIET).fused["observed"][modality]


def test_typed_words_replace_the_recognised_ones(visit):
    visit.say()
    visit.hear("what joy")
    visit.session.type("what anger")
    snapshot = visit.step(FACE, QUIET)
    assert (snapshot.transcript, snapshot.transcript_source, snapshot.confidence) == ("what anger", "typed", None)
    assert snapshot.turns[0]["transcript"] == "what anger"
    visit.session.type("  ")
    assert visit.step(FACE, QUIET).transcript == "what joy"


def test_words_of_an_earlier_utterance_can_be_corrected_and_taken_back(visit):
    visit.say()
    visit.hear("what joy")
    first = visit.step(FACE, QUIET).turns[0]
    visit.say()
    visit.hear("pure fear")
    visit.session.correct(first["number"], "what anger")
    corrected, other = visit.step(FACE, QUIET).turns
    assert (corrected["transcript"], other["transcript"]) == ("what anger", "pure fear")
    assert corrected["fused"]["anger"] > first["fused"]["anger"]
    visit.session.correct(first["number"], "")
    visit.session.correct(99, "nobody said this")
    assert [t["transcript"] for t in visit.step(FACE, QUIET).turns] == ["what joy", "pure fear"]


def test_the_subsets_are_of_all_that_is_there_whatever_is_switched_off(visit):
    visit.say()
    visit.hear("what fear")
    visit.session.switch(AUDIO, False)
    snapshot = visit.step(FACE, QUIET)
    subsets = snapshot.fused["subsets"]
    assert max(subsets["A"], key=subsets["A"].get) == "anger"
    assert subsets["TV"] == pytest.approx(snapshot.fused["fused"])
    assert snapshot.switched_off == {AUDIO}


def test_smoothing_is_the_visitors_own(visit):
    other = Visit(visit.transcriber)
    visit.session.smoothing = 3.0
    shares = []
    for one in (visit, other):
        one.step(FACE, QUIET)
        one.predictor.face.label = "fear"
        shares.append([one.step(FACE, QUIET).fused["fused"]["fear"] for _ in range(3)][-1])
    assert shares[0] < shares[1] / 2


def test_the_record_has_a_line_a_second_and_all_utterances(visit):
    for _ in range(15):
        visit.say()
    record = visit.session.record
    assert len(record.turns) == 15
    gaps = np.diff([line.at for line in record.lines])
    assert len(gaps) > 10
    assert gaps.min() >= 1.0
    assert not any(turn.frames for turn in record.turns)


def test_typed_words_alone_are_a_moment_of_their_own(visit):
    visit.session.type("pure fear")
    snapshot = visit.step(WALL, QUIET)
    assert snapshot.fused["observed"] == {AUDIO: False, TEXT: True, VIDEO: False}
    assert absent(snapshot)[AUDIO] == SILENCE
    assert visit.step(WALL, QUIET, seconds=CONFIG.typed_hold - 0.5).transcript == "pure fear"
    assert visit.step(WALL, QUIET, seconds=1.0).transcript == ""
    assert [t["transcript"] for t in visit.session.snapshot().turns] == ["pure fear"]


def test_a_new_utterance_ends_the_typed_moment(visit):
    visit.session.type("pure fear")
    visit.step(FACE, QUIET)
    snapshot = visit.step(FACE, SPEECH, seconds=1.0)
    assert snapshot.transcript == ""
    assert snapshot.fused["observed"] == {AUDIO: True, TEXT: False, VIDEO: True}


def test_voice_is_read_at_most_every_so_often(visit):
    for _ in range(8):
        visit.step(FACE, SPEECH[:1600])
    reads = len(visit.predictor.voice.lengths)
    assert 1 < reads <= 1 + 0.8 / CONFIG.voice_every
    assert visit.predictor.voice.lengths == sorted(visit.predictor.voice.lengths)


def test_a_voice_that_takes_long_to_read_is_read_less_often(visit, monkeypatch):
    monkeypatch.setattr(visit.session.latencies, "median", lambda stage: 200.0)
    for _ in range(30):
        visit.step(FACE, SPEECH[:1600])
    assert len(visit.predictor.voice.lengths) == round(3.0 / (0.2 / CONFIG.voice_share))


def test_words_of_a_growing_utterance_are_asked_for_only_from_a_quick_recogniser(visit):
    visit.step(FACE, SPEECH)
    visit.step(FACE, SPEECH)
    assert visit.transcriber.requests == []
    visit.transcriber.quick = True
    visit.step(FACE, SPEECH)
    visit.hear("what joy")
    snapshot = visit.step(FACE, SPEECH[:800])
    assert (snapshot.transcript, snapshot.turns) == ("what joy", [])
    visit.step(FACE, QUIET)
    visit.hear("too late", request=0)
    visit.hear("what a joy")
    assert visit.step(FACE, QUIET).transcript == "what a joy"


def test_while_someone_speaks_words_come_every_second(visit):
    visit.transcriber.quick = True
    for _ in range(30):
        visit.step(FACE, SPEECH[:1600])
    assert len(visit.transcriber.requests) >= 3


def test_words_asked_for_in_a_pause_are_final_if_it_was_the_end(visit):
    visit.transcriber.quick = True
    visit.step(FACE, SPEECH[:3200])
    for _ in range(3):
        visit.step(FACE, PAUSE)
    assert len(visit.transcriber.requests) == 1
    visit.hear("what joy")
    visit.step(FACE, PAUSE)
    snapshot = visit.step(FACE, QUIET)
    assert len(visit.transcriber.requests) == 1
    assert (snapshot.pending, [turn["transcript"] for turn in snapshot.turns]) == (False, ["what joy"])
    assert snapshot.turns[0]["fused"] is not None


def test_words_of_a_pause_that_come_after_the_end_are_waited_for(visit):
    visit.transcriber.quick = True
    visit.step(FACE, SPEECH[:3200])
    visit.step(FACE, PAUSE)
    assert visit.step(FACE, QUIET).pending
    visit.hear("what joy")
    snapshot = visit.step(FACE, QUIET)
    assert (snapshot.pending, snapshot.transcript, len(visit.transcriber.requests)) == (False, "what joy", 1)


def test_who_speaks_on_after_a_pause_is_heard_to_the_end(visit):
    visit.transcriber.quick = True
    visit.step(FACE, SPEECH[:3200])
    visit.step(FACE, PAUSE)
    visit.hear("what")
    visit.step(FACE, SPEECH[:3200])
    assert visit.step(FACE, QUIET).pending
    assert [len(samples) for samples, _ in visit.transcriber.requests] == [3200, 6400]
    visit.hear("what joy")
    assert visit.step(FACE, QUIET).transcript == "what joy"


def test_without_a_recogniser_nothing_is_pending():
    visit = Visit(ScriptedTranscriber(available=False))
    snapshot = visit.say()
    assert not snapshot.pending
    assert absent(snapshot) == {TEXT: NO_WORDS}


def test_a_failed_recogniser_makes_the_words_absent(visit):
    visit.say()
    visit.transcriber.requests[-1][1](Transcript("", 0.0), 5.0, "out of memory")
    assert absent(visit.step(FACE, QUIET)) == {TEXT: "failed: out of memory"}


@pytest.mark.parametrize(("sense", "modality"), [("face", VIDEO), ("voice", AUDIO), ("words", TEXT)])
def test_a_failing_sense_makes_its_modality_absent_and_the_loop_goes_on(visit, sense, modality):
    getattr(visit.predictor, sense).error = RuntimeError("broken")
    visit.say()
    visit.hear("what joy")
    snapshot = visit.step(FACE, QUIET)
    assert absent(snapshot) == {modality: "failed: broken"}
    getattr(visit.predictor, sense).error = None
    visit.say()
    visit.hear("what joy")
    assert absent(visit.step(FACE, QUIET)) == {}


def test_failing_speech_detection_leaves_the_face(visit):
    visit.session.segmenter.error = ValueError("bad state")
    snapshot = visit.step(FACE, SPEECH)
    assert absent(snapshot)[AUDIO] == "failed: bad state"
    assert snapshot.fused["observed"][VIDEO]


def test_the_face_is_gone_soon_after_it_left_but_not_at_one_lost_frame(visit):
    visit.step(FACE, QUIET)
    assert visit.step(WALL, QUIET).fused["observed"][VIDEO]
    snapshot = visit.step(WALL, QUIET, seconds=TIME_CONSTANT)
    assert absent(snapshot)[VIDEO] == NO_FACE
    assert snapshot.box is None


def test_the_newest_frame_wins_and_no_sound_is_dropped(visit):
    for n in range(3):
        visit.session.put(Frame(FACE, float(n)), SPEECH[:1600])
    inbox = visit.session.take(0)
    assert inbox.frame.captured == 2.0
    assert inbox.samples.size == 4800
    assert visit.session.frames_dropped == 2
    assert visit.session.audio_lost_s == 0.0


def test_sound_that_nobody_takes_is_bounded_and_counted(visit):
    for _ in range(int(AUDIO_BACKLOG_S) + 5):
        visit.session.put(None, SPEECH)
    assert visit.session.take(0).samples.size <= AUDIO_BACKLOG_S * SAMPLE_RATE
    assert visit.session.audio_lost_s == pytest.approx(5.0)


def test_history_is_bounded(visit):
    for _ in range(20):
        visit.say()
    assert len(visit.session.turns) == 12
    assert len(visit.predictor.conversations[-1]) <= 12


def test_two_visitors_do_not_see_each_other(visit):
    other = Visit(visit.transcriber)
    visit.say()
    other.session.switch(VIDEO, False)
    other.step(WALL, QUIET)
    visit.hear("what joy")
    mine, theirs = visit.step(FACE, QUIET), other.step(WALL, QUIET)
    assert mine.transcript == "what joy"
    assert (theirs.transcript, theirs.turns, theirs.box) == ("", [], None)
    assert mine.fused["observed"][VIDEO]


def test_the_thread_publishes_the_frame_it_was_given_and_closes_the_locator(visit):
    thread = threading.Thread(target=visit.engine.run, args=(visit.session,))
    thread.start()
    visit.session.put(Frame(FACE, 5.0), None)
    assert visit.session.snapshot(at_least=5.0, timeout=10).captured == 5.0
    visit.session.close()
    thread.join(10)
    assert not thread.is_alive()
    assert visit.session.locator.closed
