"""The sample clips show what their README says."""

from __future__ import annotations

import pytest

from comp_core.inference.media import open_media
from comp_core.modalities import AUDIO, MODALITIES, TEXT, VIDEO
from comp_core.predictor import Predictor
from comp_core.senses.face.locator import FaceLocator
from comp_core.senses.speech.utterances import OF_FILES, segment
from tests.places import SAMPLES


def faces(name: str) -> dict[float, bool]:
    """Time -> whether the face mesh finds a face."""
    locator = FaceLocator(tracking=True)
    found = {time: locator.locate(picture) is not None for time, picture in open_media(SAMPLES / name).frames(5)}
    locator.close()
    return found


def test_the_face_is_found() -> None:
    found = faces("happy.mp4")
    assert len(found) >= 35
    assert sum(found.values()) >= 0.95 * len(found)
    assert faces("face.jpg") == {0.0: True}


@pytest.mark.parametrize(("name", "gone", "back"), [("mixed.mp4", 14.5, 18.5), ("conflict.mp4", 7.8, 11.1)])
def test_the_face_goes_away(name: str, gone: float, back: float) -> None:
    found = faces(name)
    assert not any(seen for time, seen in found.items() if gone + 0.2 < time < back - 0.2)
    assert sum(seen for time, seen in found.items() if time < gone - 0.2) >= 0.95 * sum(time < gone - 0.2 for time in found)


def test_the_senses_read_in_the_clip_of_the_live_page_what_its_readme_says() -> None:
    predictor = Predictor.load(device="cpu", whisper="tiny.en")
    spoken = [one for one in predictor.predict_file(SAMPLES / "conflict.mp4") if one["transcript"]]
    named = [{m: one[m] and max(one[m], key=one[m].get) for m in MODALITIES} for one in spoken]
    assert named == [
        {AUDIO: "joy", TEXT: "joy", VIDEO: "joy"},
        {AUDIO: "anger", TEXT: "anger", VIDEO: "joy"},
        {AUDIO: "anger", TEXT: "anger", VIDEO: None},
        {AUDIO: "joy", TEXT: "joy", VIDEO: "joy"},
    ]
    without = predictor.predict_file(SAMPLES / "conflict.mp4", without=[VIDEO])[1]["fused"]
    assert max(without, key=without.get) == "anger"


@pytest.mark.parametrize(("name", "count"), [("conflict.mp4", 4), ("happy.mp4", 2), ("mixed.mp4", 4), ("voice_only.mp3", 2)])
def test_each_sentence_is_one_utterance(name: str, count: int) -> None:
    assert len(segment(open_media(SAMPLES / name).samples, OF_FILES)) == count


def test_they_are_small() -> None:
    assert sum(path.stat().st_size for path in SAMPLES.iterdir() if path.is_file()) <= 1.5e6
