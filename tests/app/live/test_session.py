"""The live loop, step by step, on scripted senses and a clock that the test moves."""

import threading
from dataclasses import replace

import numpy as np
import pytest

from app.live.context import LiveConfig
from app.live.inbox import AUDIO_BACKLOG_S, Frame
from app.live.snapshot import BETWEEN, NOW, PAST, REMEMBERED, SAID, SPOKEN
from app.live.why import Pull
from comp_core.inference.degradation import Degradation
from comp_core.inference.smoothing import TIME_CONSTANT
from comp_core.modalities import AUDIO, MODALITIES, TEXT, VIDEO
from comp_core.senses.reading import NO_FACE, NO_WORDS, NOT_GIVEN, SILENCE, SWITCHED_OFF
from comp_core.senses.speech.recognition import Transcript
from comp_core.senses.speech.vad import SAMPLE_RATE
from tests.app.doubles import SHORT_PAUSE, ScriptedTranscriber
from tests.app.sessions import FACE, QUIET, SPEECH, WALL, SteppedSession, absent

CONFIG = LiveConfig()
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


def test_words_typed_during_a_cough_are_kept(stepped):
    stepped.step(FACE, SPEECH)
    stepped.session.inbox.type("joy")
    stepped.step(FACE, SPEECH)
    stepped.session.hearing.segmenter._samples = np.zeros(0, np.float32)  # too short for an utterance
    snapshot = stepped.step(FACE, QUIET)
    assert [turn.transcript for turn in snapshot.utterances] == ["joy"]
    assert snapshot.words.source == "typed"


def test_words_are_asked_for_in_the_visitors_language(stepped):
    stepped.session.settings.language = "de"
    stepped.say()
    assert set(stepped.transcriber.languages_asked) == {"de"}


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


def test_an_utterance_is_held_and_then_let_go_while_the_face_goes_on(stepped):
    stepped.say()
    stepped.hear("what joy")
    assert stepped.step(FACE, QUIET).fused["observed"][AUDIO]
    assert stepped.step(FACE, QUIET, seconds=CONFIG.hold - 0.5).fused["observed"][AUDIO]
    snapshot = stepped.step(FACE, QUIET, seconds=1.0)
    assert snapshot.fused["observed"] == {AUDIO: False, TEXT: False, VIDEO: True}
    assert (snapshot.words.text, snapshot.words.counts) == ("what joy", REMEMBERED)
    assert len(snapshot.utterances) == 1


def test_words_that_come_late_are_still_seen(stepped):
    stepped.say()
    snapshot = stepped.step(FACE, QUIET, seconds=CONFIG.hold + 1)
    assert snapshot.pending
    assert snapshot.fused["observed"][AUDIO]
    stepped.hear("what joy")
    assert stepped.step(FACE, QUIET, seconds=0.1).fused["observed"][TEXT]
    assert stepped.step(FACE, QUIET, seconds=CONFIG.hold - 0.2).fused["observed"][TEXT]


def test_words_are_not_waited_for_without_end(stepped):
    stepped.say()
    assert not stepped.watch(CONFIG.patience + 0.1).fused["observed"][AUDIO]
    stepped.hear("what joy")
    snapshot = stepped.step(FACE, QUIET)
    assert snapshot.utterances[0].transcript == "what joy"
    assert (snapshot.words.text, snapshot.words.counts) == ("what joy", REMEMBERED)


def test_the_present_moment_is_fused_in_the_context_of_the_conversation(stepped):
    stepped.say()
    stepped.hear("what joy")
    stepped.step(FACE, QUIET, seconds=CONFIG.hold + 1)
    stepped.step(FACE, QUIET, seconds=CONFIG.hold + 1)
    stepped.step(FACE, SPEECH, seconds=1.0)
    (before, present), afresh = stepped.predictor.conversations[-2:]
    assert afresh == [present]  # what it would be without the conversation
    assert before[TEXT].present
    assert present[AUDIO].present
    assert not present[TEXT].present


@pytest.mark.parametrize("modality", MODALITIES)
def test_a_switch_acts_at_the_next_update_and_back(stepped, modality):
    stepped.say()
    stepped.hear("what joy")
    assert stepped.step(FACE, QUIET).fused["observed"][modality]
    stepped.session.switch(modality, False)
    assert absent(stepped.step(FACE, QUIET)) == {modality: SWITCHED_OFF}
    stepped.session.switch(modality, True)
    assert stepped.step(FACE, QUIET).fused["observed"][modality]


def test_typed_words_replace_the_recognised_ones(stepped):
    stepped.say()
    stepped.hear("what joy")
    stepped.session.inbox.type("what anger")
    snapshot = stepped.step(FACE, QUIET)
    assert (snapshot.words.text, snapshot.words.source, snapshot.words.confidence) == ("what anger", "typed", None)
    assert snapshot.utterances[0].transcript == "what anger"
    stepped.session.inbox.type("  ")
    assert stepped.step(FACE, QUIET).words.text == "what joy"


def test_words_of_an_earlier_utterance_can_be_corrected_and_taken_back(stepped):
    stepped.say()
    stepped.hear("what joy")
    first = stepped.step(FACE, QUIET).utterances[0]
    stepped.say()
    stepped.hear("pure fear")
    stepped.session.inbox.correct(first.number, "what anger")
    corrected, other = stepped.step(FACE, QUIET).utterances
    assert (corrected.transcript, other.transcript) == ("what anger", "pure fear")
    assert corrected.judged.fused["anger"] > first.judged.fused["anger"]
    stepped.session.inbox.correct(first.number, "")
    stepped.session.inbox.correct(99, "nobody said this")
    assert [t.transcript for t in stepped.step(FACE, QUIET).utterances] == ["what joy", "pure fear"]


def test_an_utterance_is_judged_once_when_its_words_are_there_and_never_after(stepped):
    assert stepped.say().utterances[0].judged is None
    stepped.hear("what joy")
    judged = stepped.step(FACE, QUIET).utterances[0].judged
    assert max(judged.fused, key=judged.fused.get) == "joy"
    stepped.session.switch(TEXT, False)
    stepped.session.choose("prlf")
    for _ in range(3):
        assert stepped.say().utterances[0].judged == judged


def test_words_that_are_recognised_after_a_correction_do_not_change_its_judgement(stepped):
    first = stepped.say().utterances[0]
    stepped.session.inbox.correct(first.number, "what anger")
    judged = stepped.step(FACE, QUIET).utterances[0].judged
    stepped.session.switch(AUDIO, False)
    stepped.hear("what joy")
    assert stepped.step(FACE, QUIET).utterances[0].judged == judged


def test_the_last_words_stay_until_the_next_have_come(stepped):
    assert stepped.say().words.text == ""
    stepped.hear("what joy")
    words = stepped.step(FACE, QUIET).words
    assert (words.text, words.counts, words.interim) == ("what joy", NOW, False)
    late = stepped.watch(60.0).words
    assert (late.text, late.counts) == ("what joy", REMEMBERED)
    assert late.age >= 60
    assert stepped.step(FACE, SPEECH, seconds=1.0).words.text == "what joy"
    stepped.transcriber.quick = True
    stepped.step(FACE, SPEECH[:1600])
    stepped.hear("pure")
    words = stepped.step(FACE, SPEECH[:1600]).words
    assert (words.text, words.counts, words.interim, words.age) == ("pure", NOW, True, 0.0)


def test_what_was_said_is_remembered_until_it_is_forgotten_or_the_memory_is_off(stepped):
    def given():
        snapshot = stepped.step(FACE, QUIET)
        return snapshot.remembered, snapshot.words.counts, len(stepped.predictor.conversations[-1])

    stepped.say()
    stepped.hear("what joy")
    stepped.step(FACE, QUIET, seconds=CONFIG.hold + 1)
    assert stepped.step(FACE, QUIET, seconds=CONFIG.hold + 1).moment == BETWEEN
    assert given() == (1, REMEMBERED, 2)
    stepped.session.remember(False)
    assert given() == (0, PAST, 1)
    stepped.session.remember(True)
    assert given() == (1, REMEMBERED, 2)
    stepped.session.forget()
    assert given() == (0, PAST, 1)
    assert len(stepped.session.snapshot().utterances) == 1
    stepped.say()
    stepped.hear("pure fear")
    stepped.step(FACE, QUIET, seconds=CONFIG.hold + 1)
    stepped.step(FACE, QUIET, seconds=CONFIG.hold + 1)
    assert given() == (1, REMEMBERED, 2)


@pytest.mark.parametrize(("together", "counting"), [(1, 0), (2, 1), (3, 2)])
def test_as_many_sentences_count_for_the_next_as_the_model_reads_together(stepped, together, counting):
    stepped.predictor.context = together
    for words in ("what joy", "pure fear", "such anger"):
        stepped.say()
        stepped.hear(words)
        stepped.step(FACE, QUIET, seconds=CONFIG.hold + 1)
    assert stepped.step(FACE, QUIET, seconds=CONFIG.hold + 1).moment == BETWEEN
    assert stepped.step(FACE, QUIET).remembered == counting
    assert len(stepped.session.snapshot().utterances) == 3


def test_what_earlier_sentences_add_is_told(stepped):
    stepped.say()
    stepped.hear("what fear")
    stepped.step(FACE, QUIET)
    ask, asked = stepped.session._context.predictor.fuse_present, []

    def pulled(requests):
        # The conversation makes fear likelier.
        asked.extend(len(moments) for moments, _ in requests)
        ((fused, subsets),) = ask(requests)
        more = {**fused.fused, "fear": fused.fused["fear"] + 0.3} if len(requests[0][0]) > 1 else fused.fused
        return [(replace(fused, fused=more), subsets)]

    stepped.predictor.fuse_present = pulled
    stepped.step(FACE, SPEECH, seconds=1.0)
    assert stepped.session.snapshot().pull == Pull("fear", 0)
    assert asked[-2:] == [2, 1]
    stepped.session.remember(False)
    assert stepped.step(FACE, SPEECH[:1600]).pull is None


def test_the_answer_to_an_utterance_settles_and_the_face_between_has_its_own(stepped):
    assert stepped.step(FACE, SPEECH, seconds=1.0).moment == SPOKEN
    stepped.step(FACE, QUIET)
    stepped.hear("what joy")
    said = stepped.step(FACE, QUIET)
    stepped.predictor.face.label = "disgust"
    for _ in range(20):
        later = stepped.step(FACE, QUIET)
        assert (later.moment, later.fused["fused"]) == (SAID, pytest.approx(said.fused["fused"]))
    stepped.step(FACE, QUIET, seconds=CONFIG.hold)
    between = stepped.step(FACE, QUIET)
    assert between.moment == BETWEEN
    assert max(between.fused["fused"], key=between.fused["fused"].get) == "disgust"


def test_a_face_that_leaves_is_gone_even_while_its_utterance_is_shown(stepped):
    stepped.say()
    stepped.hear("what joy")
    assert stepped.step(FACE, QUIET).fused["observed"][VIDEO]
    assert absent(stepped.step(WALL, QUIET, seconds=TIME_CONSTANT)) == {VIDEO: NO_FACE}


def test_where_nothing_but_words_is_given_typed_words_stay(stepped):
    stepped.session.inbox.type("pure fear")
    stepped.step()
    snapshot = stepped.step(seconds=10 * CONFIG.typed_hold)
    assert snapshot.words.counts == NOW
    assert snapshot.fused["observed"] == {AUDIO: False, TEXT: True, VIDEO: False}


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


def test_typed_words_alone_are_a_moment_of_their_own(stepped):
    stepped.session.inbox.type("pure fear")
    snapshot = stepped.step(WALL, QUIET)
    assert snapshot.fused["observed"] == {AUDIO: False, TEXT: True, VIDEO: False}
    assert absent(snapshot)[AUDIO] == SILENCE
    assert stepped.step(WALL, QUIET, seconds=CONFIG.typed_hold - 0.5).words.text == "pure fear"
    assert stepped.step(WALL, QUIET, seconds=1.0).words.counts == REMEMBERED
    assert [t.transcript for t in stepped.session.snapshot().utterances] == ["pure fear"]


def test_a_new_utterance_ends_the_typed_moment(stepped):
    stepped.session.inbox.type("pure fear")
    stepped.step(FACE, QUIET)
    snapshot = stepped.step(FACE, SPEECH, seconds=1.0)
    assert (snapshot.words.text, snapshot.words.counts) == ("pure fear", REMEMBERED)
    assert snapshot.fused["observed"] == {AUDIO: True, TEXT: False, VIDEO: True}


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


def test_history_is_bounded(stepped):
    for _ in range(20):
        stepped.say()
    assert len(stepped.session.conversation.utterances) == 12
    assert len(stepped.predictor.conversations[-1]) <= 12


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


def test_the_thread_publishes_the_frame_it_was_given_and_closes_the_locator(stepped):
    thread = threading.Thread(target=stepped.session.run)
    thread.start()
    stepped.session.inbox.put(Frame(FACE, 5.0), None)
    assert stepped.session.snapshot(at_least=5.0, timeout=10).captured == 5.0
    stepped.session.close()
    thread.join(10)
    assert not thread.is_alive()
    assert stepped.session.looking.locator.closed


@pytest.mark.parametrize(("waiting", "rest"), [(0, 0.0), (2, 2 * CONFIG.rest), (16, CONFIG.longest_rest)])
def test_pictures_become_fewer_while_words_wait(stepped, monkeypatch, waiting, rest):
    rests = []
    stepped.transcriber.waiting = waiting
    monkeypatch.setattr("app.live.session.time.sleep", lambda seconds: (rests.append(seconds), stepped.session.close()))
    stepped.session.inbox.put(Frame(FACE, 5.0), None)
    stepped.session.run()
    assert rests == [rest]
