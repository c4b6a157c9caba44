"""The video with its predictions burnt in."""

import numpy as np
import pytest

from comp_core.inference.media import MediaError, open_media
from comp_core.inference.overlay import _words, burn_in, labelled
from tests.app.doubles import record
from tests.core.test_predictor import SAMPLES


def test_pictures_and_sound_stay_and_labels_change_with_the_utterance(tmp_path):
    out, told = tmp_path / "out.mp4", []
    media = open_media(SAMPLES / "mixed.mp4")
    burn_in(media, [record(0, 5, "what joy", video="joy"), record(5, 99, "what fear", audio="fear")], out, told.append)
    made = open_media(out)
    assert made.duration == pytest.approx(media.duration, abs=0.3)
    assert np.corrcoef(np.abs(made.samples[: len(media.samples)]), np.abs(media.samples[: len(made.samples)]))[0, 1] > 0.9
    pictures = dict(made.frames(15))
    original = next(media.frames(15))[1]
    height = {picture.shape[0] for picture in pictures.values()}.pop()
    assert height / pictures[0.0].shape[1] > original.shape[0] / original.shape[1]
    strips = [
        picture[-height // 10 :].astype(float) for time, picture in pictures.items() if time in (0.0, min(t for t in pictures if t > 6))
    ]
    assert np.abs(strips[0] - strips[1]).mean() > 1
    assert told == sorted(told)


def test_odd_and_small_pictures_become_even_and_readable():
    for shape in ((101, 77, 3), (479, 641, 3)):
        found = labelled(np.full(shape, 200, np.uint8), record(0, 1, "naïve café, " * 60, audio="joy"))
        assert found.shape[0] % 2 == found.shape[1] % 2 == 0
        assert found.shape[1] >= 480
        assert (found[: found.shape[0] // 2] == 200).all()


def test_without_an_utterance_there_is_the_notice_only():
    plain = labelled(np.full((480, 640, 3), 200, np.uint8), None)
    assert (plain != labelled(np.full((480, 640, 3), 200, np.uint8), record(0, 1, "words", audio="joy"))).any()
    assert plain[490:].max() > 150


@pytest.mark.parametrize("name", ["face.jpg", "voice_only.mp3"])
def test_only_videos_can_carry_labels(tmp_path, name):
    with pytest.raises(MediaError, match=name):
        burn_in(open_media(SAMPLES / name), [], tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()


def test_words_are_wrapped_and_none_is_lost():
    said = " ".join(f"word{i}" for i in range(45))
    rows = _words(record(0, 12, said, audio="joy"), 480, 6)
    assert " ".join(rows) == said
    assert 1 < len(rows) <= 6
    typed = _words(record(0, 1, said * 20, audio="joy"), 480, 6)
    assert len(typed) == 6
    assert typed[-1].endswith("…")
