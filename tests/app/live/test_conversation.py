"""The utterances of a live session: how long they stay, what is typed and corrected, and what is remembered."""

from dataclasses import replace

import numpy as np
import pytest

from app.live.context import LiveConfig
from app.live.snapshot import BETWEEN, NOW, PAST, REMEMBERED, SAID, SPOKEN
from app.live.why import Pull
from comp_core.inference.smoothing import TIME_CONSTANT
from comp_core.modalities import AUDIO, TEXT, VIDEO
from comp_core.senses.reading import NO_FACE, SILENCE
from tests.app.doubles import SHORT_PAUSE
from tests.app.sessions import FACE, QUIET, SPEECH, WALL, absent

CONFIG = LiveConfig()
PAUSE = np.zeros(SHORT_PAUSE // 2, np.float32)


def test_words_typed_during_a_cough_are_kept(stepped):
    stepped.step(FACE, SPEECH)
    stepped.session.inbox.type("joy")
    stepped.step(FACE, SPEECH)
    stepped.session.hearing.segmenter._samples = np.zeros(0, np.float32)  # too short for an utterance
    snapshot = stepped.step(FACE, QUIET)
    assert [turn.transcript for turn in snapshot.utterances] == ["joy"]
    assert snapshot.words.source == "typed"


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
    afresh, (before, present) = stepped.predictor.conversations[-2:]
    assert afresh == [present]  # what it would be without the conversation
    assert before[TEXT].present
    assert present[AUDIO].present
    assert not present[TEXT].present


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
        found = []
        for (moments, _), (fused, subsets) in zip(requests, ask(requests), strict=True):
            more = {**fused.fused, "fear": fused.fused["fear"] + 0.3} if len(moments) > 1 else fused.fused
            found.append((replace(fused, fused=more), subsets))
        return found

    stepped.predictor.fuse_present = pulled
    stepped.step(FACE, SPEECH, seconds=1.0)
    assert stepped.session.snapshot().pull == Pull("fear", 0)
    assert asked[-2:] == [1, 2]
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


def test_history_is_bounded(stepped):
    for _ in range(20):
        stepped.say()
    assert len(stepped.session.conversation.utterances) == 12
    assert len(stepped.predictor.conversations[-1]) <= 12
