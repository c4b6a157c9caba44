"""What is counted on recorded minutes, on views made for the test."""

import numpy as np
import pytest

from comp_core.modalities import MODALITIES, SUBSETS
from comp_core.senses.speech.vad import SAMPLE_RATE
from tools.minute.figures import NOT_SURE, NOTHING, Seen, changes, figures, seen_of
from tools.minute.real_time import Timed, summary
from tools.minute.scenes import LOUDNESS, Minute, Scene, level

MINUTE = Minute((Scene("one", "joy", 0, 13), Scene("wall", None, 13, 21), Scene("two", "fear", 21, 34)), (), (), np.zeros(0, np.int16))


def view(headline, of="right now", face="joy", words="no words"):
    """What the page draws; all tiles say what the headline says."""
    cards = {m: {"state_text": words if m == "text" else "present", "top": face} for m in MODALITIES}
    told = headline if headline in (NOT_SURE, NOTHING) else f"{headline} 72 %"
    moment = {"headline": headline, "of": of, "why": "so it is", "modalities": cards}
    return {"moment": moment, "subsets": {name: {"told": told} for name in SUBSETS}, "transcript": {"text": ""}}


def seen(at, *args, label="joy", **kwargs):
    return Seen(at, view(*args, **kwargs), label, label is None)


def test_a_change_is_told_with_what_happened_just_before_it():
    minute = [seen(1.0, "joy"), *(seen(at, "joy", words="present") for at in (2.0, 4.5, 5.5)), seen(6.0, "anger", words="present")]
    (change,) = changes(minute)
    assert (change["at"], change["from"], change["to"], change["why"]) == (6.0, "joy", "anger", "so it is")
    assert change["because"] == []
    (change,) = changes([seen(1.0, "joy"), seen(1.2, "joy", words="present"), seen(2.0, "anger")])
    assert change["because"] == ["words: present", "words: no words"]
    assert figures([minute])["headline_changes"] == {"mean": 1.0, "median": 1, "most": 1, "unexplained": 1}


def test_who_is_right_is_counted_where_there_is_a_label_only():
    minute = [seen(1.0, "joy"), seen(2.0, NOT_SURE), seen(3.0, "anger"), seen(4.0, NOTHING), seen(5.0, "joy", label=None)]
    found = figures([minute])
    assert found["not_sure"] == pytest.approx(1 / 5)
    assert found["named_before_the_wall"] == 1.0
    for who in ("headline", "voice", "words", "face"):
        answers = {"named": 0.5, "right": 0.25, "wrong_when_named": 0.5, "not_sure": 0.25}
        assert found["who"][who] == pytest.approx(answers)


def test_nothing_is_right_or_wrong_while_a_scene_settles():
    assert [seen_of(MINUTE, at, at, view("joy")).label for at in (0.5, 2.0, 15.0, 21.5, 23.0)] == [None, "joy", None, None, "fear"]
    assert [seen_of(MINUTE, at, at, view("joy")).wall for at in (0.5, 15.0)] == [False, True]


def test_what_is_said_is_cut_to_where_it_is_loud():
    said = np.sin(np.arange(SAMPLE_RATE)).astype(np.float32)
    quiet = np.zeros(SAMPLE_RATE, np.float32)
    found = level(np.concatenate([quiet, said, quiet]))
    assert len(found) == pytest.approx(SAMPLE_RATE, abs=10)
    assert np.sqrt(np.mean(found**2)) == pytest.approx(LOUDNESS, rel=0.01)


def test_words_that_never_came_are_counted_apart():
    found = summary([Timed(9.5, (0.4, None)), Timed(10.0, (0.6,))])
    assert found["words_after_s"] == {"n": 2, "none_came": 1, "median": pytest.approx(0.5), "p95": pytest.approx(0.59)}
    assert found["face_updates_per_second"]["lowest"] == 9.5
    assert summary([]) is None
