"""A whole minute through the live page's path, with the real senses, weights and recogniser: what must hold, second by second."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
import torch

from comp_core.modalities import AUDIO, MODALITIES, TEXT, VIDEO
from comp_core.predictor import Predictor
from comp_core.senses.speech.recognition import load_recogniser
from tests.support.minute import DARK, FACE, HAND, SCENES, SECONDS, SPEECHES, WALL, Moment, Scene, moments, nose, scene_at
from tests.support.replay import Visit

# Fewer than a camera gives, to spare time; the tracker of the mesh still follows.
PICTURES_PER_SECOND = 5
# A scene is seen, or is seen to be over, after this long (seconds); what was said is shown for a while.
SETTLED, HELD = 1.0, 3.5
# The words of each utterance.
SAID = tuple(words for speech in SPEECHES for words in speech.words)
# A change of mind that nothing gave cause for, while one person sits there in silence.
CHANGES_ALLOWED = 1


@dataclass(frozen=True)
class Seen:
    """What a moment brought, and what the page then drew."""

    moment: Moment
    view: dict[str, Any]

    @property
    def shows(self) -> str:
        return self.scene.shows

    @property
    def scene(self) -> Scene:
        return scene_at(self.moment.taken)

    @property
    def settled(self) -> bool:
        return self.moment.taken >= self.scene.start + SETTLED

    @property
    def headline(self) -> str:
        return self.view["moment"]["headline"]

    def state(self, modality: str) -> str:
        return self.view["moment"]["modalities"][modality]["state_text"]


@pytest.fixture(scope="module")
def visit():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    visit = Visit(Predictor.load(device="cpu"), load_recogniser())
    yield visit
    visit.close()
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def minute(visit):
    """All moments, in their order."""
    return [Seen(moment, visit.send(moment)) for moment in moments(PICTURES_PER_SECOND)]


def silent(seen: Seen) -> bool:
    """Nobody speaks, and what was said last is no longer shown."""
    words = [(speech.start, speech.end) for speech in SPEECHES]
    return not any(start <= seen.moment.at <= end + HELD for start, end in words)


def test_the_face_is_there_when_it_is_there_and_gone_when_it_is_gone(minute):
    for shows, text in ((FACE, "present"), (HAND, "present"), (WALL, "no face"), (DARK, "no face")):
        states = {seen.state(VIDEO) for seen in minute if seen.shows == shows and seen.settled}
        assert states == {text}, shows


def test_the_box_is_where_the_face_is(minute):
    found = [seen for seen in minute if seen.view["box"]]
    faces = [seen for seen in minute if seen.scene.has_face]
    assert len(found) >= 0.95 * len(faces)
    for seen in found:
        (x, y), (left, top, right, bottom) = nose(seen.moment.taken), seen.view["box"]
        assert left < x < right and top < y < bottom, seen.moment.taken


def test_the_voice_is_there_while_someone_speaks_and_silent_otherwise(minute):
    assert {seen.state(AUDIO) for seen in minute if silent(seen)} == {"silence"}
    for speech in SPEECHES:
        heard = [seen.state(AUDIO) for seen in minute if speech.start + 1.5 <= seen.moment.at <= speech.end]
        assert set(heard) == {"present"}, speech.clip


def test_words_come_after_each_utterance_and_go_again(minute):
    assert {seen.state(TEXT) for seen in minute if silent(seen)} == {"no words"}
    shown = {seen.view["transcript"]["text"] for seen in minute if seen.state(TEXT) == "present"}
    assert len(shown) == len(SAID)


def test_no_label_is_invented_while_there_is_nothing(minute):
    empty = [seen for seen in minute if silent(seen) and seen.shows in (WALL, DARK) and seen.settled]
    assert len(empty) >= 6 * PICTURES_PER_SECOND
    for seen in empty:
        moment = seen.view["moment"]
        assert (moment["kind"], moment["top"], moment["bars"]) == ("nothing", None, None), seen.moment.at
        assert all(moment["modalities"][modality]["bars"] is None for modality in MODALITIES)
        assert {subset["told"] for subset in seen.view["subsets"].values()} == {"nothing to go on"}


def test_the_voice_alone_is_enough_in_the_dark(minute):
    speech = SPEECHES[1]
    heard = [seen for seen in minute if speech.start + 2 <= seen.moment.at <= speech.end and seen.shows == DARK]
    assert heard
    assert all(seen.view["moment"]["top"] is not None for seen in heard)
    assert not any("face" in seen.view["moment"]["basis"] for seen in heard)


def test_no_sound_and_no_picture_is_lost(visit, minute):
    last = minute[-1].view
    assert (last["frames_dropped"], last["audio_lost_s"]) == (0, 0.0)
    assert visit.session.hearing.segmenter.time == pytest.approx(SECONDS)


def test_the_history_has_what_was_said_when_it_was_said(visit, minute):
    utterances = visit.session.record.utterances
    assert len(utterances) == len(minute[-1].view["utterances"]) == len(SAID)
    for utterance, words in zip(utterances, SAID, strict=True):
        assert re.findall(r"[a-z']+", utterance.transcript.lower()) == re.findall(r"[a-z']+", words.lower())
        assert any(speech.start <= utterance.start < utterance.end <= speech.end + 0.5 for speech in SPEECHES)
        assert utterance.fused is not None
    assert [utterance.face.present for utterance in utterances] == [True, True, False, False]


def test_the_shown_label_rests_while_nothing_changes(minute):
    calm = [scene for scene in SCENES if scene.has_face]
    for scene in calm:
        labels = [seen.headline for seen in minute if seen.scene == scene and seen.settled and silent(seen)]
        assert len(labels) >= 3 * PICTURES_PER_SECOND, scene
        assert sum(a != b for a, b in pairwise(labels)) <= CHANGES_ALLOWED, (scene, labels)
