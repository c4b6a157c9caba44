"""A visitor's lesson, try by try, on scripted senses and a clock that the test moves."""

import json

import numpy as np
import pytest

from app.capture.lessons import NAME_LENGTH
from app.live.lesson import ATTEMPTS, HOLD_S, MOST_FRAMES, MOST_NAMES, NOTHING_THERE
from app.live.views import live_view
from comp_core.modalities import AUDIO, LABELS, VIDEO
from comp_core.senses.reading import NO_FACE, SILENCE, Reading
from tests.app.doubles import feature
from tests.app.sessions import FACE, QUIET, SPEECH, WALL, Page, SteppedSession

UNSURE = np.full(len(LABELS), 1 / len(LABELS))


class Habits:
    """A face and a voice whose senses never name anything; each expression has a feature of its own all the same."""

    def __init__(self, stepped):
        self.shown = "joy"
        stepped.predictor.face.summarise = self.face
        stepped.predictor.voice.read = self.voice

    def face(self, frames, freshness=None):
        seen = [frame for frame in frames if frame.feature is not None]
        return Reading(feature(self.shown), probabilities=UNSURE) if seen else Reading.absent(NO_FACE)

    def voice(self, samples):
        return Reading(feature(self.shown), probabilities=UNSURE) if len(samples) >= 4800 else Reading.absent(SILENCE)


@pytest.fixture
def habits(stepped):
    return Habits(stepped)


def hold(stepped, name, attempt, picture=FACE, sound=None):
    """Hold an expression for as long as it takes."""
    stepped.session.lesson.hold(name, attempt)
    for _ in range(round(HOLD_S / 0.5) + 2):
        snapshot = stepped.step(picture, sound, seconds=0.5)
    return snapshot.lesson


def teach(stepped, habits, shown, picture=FACE, sound=None):
    """Both tries at each name; what is shown for it is one of the labels."""
    for attempt in range(ATTEMPTS):
        for name, label in shown.items():
            habits.shown = label
            state = hold(stepped, name, attempt, picture, sound)
    return state


def test_what_was_taught_is_named_and_told_in_numbers(stepped, habits):
    state = teach(stepped, habits, {"joy": "joy", "anger": "anger", "bored": "sadness"})
    assert state.complete == ("joy", "anger", "bored")
    assert state.learnt == (VIDEO,)
    assert [found.taught for found in state.judged] == [3, 3]
    habits.shown = "sadness"
    snapshot = stepped.step(FACE)
    assert max(snapshot.lesson.answer, key=snapshot.lesson.answer.get) == "bored"
    view = live_view(snapshot)["lesson"]
    assert view["answer"].startswith("bored ")
    assert "3 of 3 with it" in view["worth"]
    assert "cannot know “bored”" in view["worth"]
    assert view["on"]
    assert list(snapshot.fused["fused"]) == list(LABELS)  # the general answer has its seven labels
    json.dumps(view)


def test_a_lesson_that_does_not_help_says_so_and_stays_off_unless_it_is_wanted(stepped, habits):
    state = teach(stepped, habits, {"joy": "joy", "anger": "joy"})
    assert not state.on
    assert state.answer is None
    assert "does not help" in live_view(stepped.step(FACE))["lesson"]["worth"]
    stepped.session.lesson.use(True)
    assert set(stepped.step(FACE).lesson.answer) == {"joy", "anger"}
    stepped.session.lesson.use(False)
    assert stepped.step(FACE).lesson.answer is None


def test_who_speaks_in_every_try_teaches_the_voice_too(stepped, habits):
    def speak_and_pause(name, attempt):
        stepped.session.lesson.hold(name, attempt)
        stepped.step(FACE)
        stepped.step(FACE, SPEECH, seconds=1.0)
        for _ in range(5):
            snapshot = stepped.step(FACE, QUIET, seconds=0.5)
        return snapshot.lesson

    for attempt in range(ATTEMPTS):
        for name in ("joy", "anger"):
            habits.shown = name
            state = speak_and_pause(name, attempt)
    assert state.learnt == (VIDEO, AUDIO)
    assert state.held["joy"] == ((VIDEO, AUDIO), (VIDEO, AUDIO))
    state = hold(stepped, "joy", 0)  # again, without a word
    assert state.learnt == (VIDEO,)
    assert "say something in every try" in live_view(stepped.step(FACE))["lesson"]["worth"]


def test_only_what_is_said_within_a_try_is_read(stepped, habits):
    read = []
    stepped.predictor.voice.read = lambda samples: read.append(len(samples)) or habits.voice(samples)
    for _ in range(4):
        stepped.step(FACE, SPEECH, seconds=1.0)
    stepped.session.lesson.hold("joy", 0)
    stepped.step(FACE)  # begins
    stepped.step(FACE, SPEECH, seconds=1.0)
    stepped.step(FACE, seconds=HOLD_S)
    assert read[-1] == len(SPEECH)
    assert max(read) > len(SPEECH)  # the utterance as a whole is read as ever


def test_a_try_in_which_nothing_was_there_is_none(stepped, habits):
    state = hold(stepped, "joy", 0, WALL)
    assert (state.told, dict(state.held)) == (NOTHING_THERE, {})
    assert hold(stepped, "joy", 0).told == ""


def test_one_expression_is_no_lesson(stepped, habits):
    state = teach(stepped, habits, {"joy": "joy"})
    assert state.judged is None
    stepped.session.lesson.use(True)
    assert stepped.step(FACE).lesson.answer is None


def test_a_sense_that_is_off_or_absent_says_nothing_by_the_lesson(stepped, habits):
    teach(stepped, habits, {"joy": "joy", "anger": "anger"})
    assert stepped.step(FACE).lesson.answer
    stepped.session.switch(VIDEO, False)
    assert stepped.step(FACE).lesson.answer is None
    stepped.session.switch(VIDEO, True)
    assert stepped.step(WALL, seconds=5.0).lesson.answer is None


def test_what_is_held_is_bounded_and_no_picture_or_sound_stays(stepped, habits):
    lesson = stepped.session.lesson
    lesson.hold("joy", 0)
    stepped.step(FACE)
    for _ in range(3 * MOST_FRAMES):
        stepped.step(FACE, seconds=0.001)
    assert len(lesson._hold.frames) == MOST_FRAMES
    stepped.step(FACE, seconds=HOLD_S)
    assert lesson._hold is None
    assert all(reading.feature.size <= 128 for kept in lesson._tries.values() for reading in kept.values())


def test_a_name_can_be_left_out_and_all_of_it_deleted(stepped, habits):
    teach(stepped, habits, {"joy": "joy", "anger": "anger", "bored": "sadness"})
    stepped.session.lesson.drop("bored")
    state = stepped.step(FACE).lesson
    assert set(state.answer) == {"joy", "anger"}
    stepped.session.lesson.delete()
    state = stepped.step(FACE).lesson
    assert (dict(state.held), state.judged, state.answer, state.on) == ({}, None, None, False)


def test_the_session_takes_its_lesson_along(stepped, habits):
    teach(stepped, habits, {"joy": "joy", "anger": "anger"})
    stepped.session.close()
    assert stepped.session.lesson._tries == {}
    assert stepped.session.lesson._heads == {}


def test_the_record_has_it_in_a_field_of_its_own(stepped, habits):
    stepped.step(FACE)
    teach(stepped, habits, {"joy": "joy", "bored": "anger"})
    stepped.step(FACE, seconds=2.0)
    files = stepped.session.record.files()
    first, *_, last = json.loads(files["json"])["lines"]
    assert "by_lesson" not in first
    assert set(last["by_lesson"]) == {"joy", "bored"}
    assert set(last["fused"]) == set(LABELS)
    assert all("bored" not in text for name, text in files.items() if name != "json")


BAD = [
    3,
    [],
    {"hold": 3},
    {"hold": {"name": "joy"}},
    {"hold": {"name": "joy", "attempt": ATTEMPTS}},
    {"hold": {"name": "joy", "attempt": -1}},
    {"hold": {"name": "joy", "attempt": True}},
    {"hold": {"name": "joy", "attempt": 0.0}},
    {"hold": {"name": "", "attempt": 0}},
    {"hold": {"name": " \t", "attempt": 0}},
    {"hold": {"name": "x" * (NAME_LENGTH + 1), "attempt": 0}},
    {"hold": {"name": "x" + " " * 10**6 + "y", "attempt": 0}},
    {"hold": {"name": "a\u202eb", "attempt": 0}},
    {"hold": {"name": "\ud800", "attempt": 0}},
    {"hold": {"name": ["joy"], "attempt": 0}},
    {"drop": None},
    {"use": 1},
]


@pytest.mark.parametrize("lesson", BAD)
def test_bad_requests_are_refused_in_a_sentence(lesson):
    page = Page()
    answer = page.control({"token": page.start(), "lesson": lesson})
    assert answer["error"] == "bad_request"
    assert answer["message"].endswith(".")
    assert page.sessions[0].lesson._hold is None


def test_a_label_is_known_however_it_is_written():
    page = Page()
    page.control({"token": page.start(), "lesson": {"hold": {"name": "  JOY ", "attempt": 0}}})
    assert page.sessions[0].lesson._hold.name == "joy"


def test_one_try_at_a_time_and_a_bounded_number_of_names(stepped, habits):
    page = Page()
    token = page.start()
    assert page.control({"token": token, "lesson": {"hold": {"name": "joy", "attempt": 0}}}) == {"done": True}
    assert "Wait" in page.control({"token": token, "lesson": {"hold": {"name": "fear", "attempt": 0}}})["message"]
    for n in range(MOST_NAMES):
        hold(stepped, f"name {n}", 0)
    hold(stepped, "joy", 0)
    with pytest.raises(Exception, match=f"at most {MOST_NAMES} names"):
        stepped.session.lesson.hold("one more", 0)


def test_nobody_is_taught_anothers_lesson():
    one, other = SteppedSession(), SteppedSession()
    teach(one, Habits(one), {"joy": "joy", "bored": "anger"})
    Habits(other)
    state = other.step(FACE).lesson
    assert one.step(FACE).lesson.answer
    assert (dict(state.held), state.answer) == ({}, None)
    page = Page()
    mine = page.start()
    page.start()
    page.control({"token": mine, "lesson": {"hold": {"name": "joy", "attempt": 0}}})
    assert [session.lesson._hold is None for session in page.sessions] == [False, True]
