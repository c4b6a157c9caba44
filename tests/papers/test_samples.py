"""The sample clips show what their README says."""

from __future__ import annotations

import pytest

from comp_core.inference.media import open_media
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


def test_the_face_goes_away_in_the_mixed_clip() -> None:
    found = faces("mixed.mp4")
    assert not any(seen for time, seen in found.items() if 14.7 < time < 18.3)
    assert sum(seen for time, seen in found.items() if time < 14.3) >= 0.95 * sum(time < 14.3 for time in found)


@pytest.mark.parametrize(("name", "count"), [("happy.mp4", 2), ("mixed.mp4", 4), ("voice_only.mp3", 2)])
def test_each_sentence_is_one_utterance(name: str, count: int) -> None:
    assert len(segment(open_media(SAMPLES / name).samples, OF_FILES)) == count


def test_they_are_small() -> None:
    assert sum(path.stat().st_size for path in SAMPLES.iterdir() if path.is_file()) <= 1.5e6
