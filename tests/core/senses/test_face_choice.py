"""Whose face is read of several, and that all are found."""

import numpy as np
import pytest
from PIL import Image

from comp_core.senses.face.choice import PATIENCE_S, FaceChoice
from comp_core.senses.face.locator import LOOK_AROUND, FaceLocator, LookAround
from tests.places import SAMPLES

SMALL = (0.0, 0.1, 0.2, 0.3)
LARGE = (0.5, 0.2, 0.9, 0.8)
BOTH = {1: SMALL, 2: LARGE}


def test_the_largest_is_taken_first_and_then_kept():
    choice = FaceChoice()
    assert choice.pick(BOTH, None, 0.0) == 2
    assert choice.pick({1: (0.0, 0.0, 0.45, 0.9), 2: LARGE}, None, 0.1) == 2


def test_of_two_alike_the_central_one_is_taken():
    assert FaceChoice().pick({1: (0.0, 0.4, 0.2, 0.6), 2: (0.4, 0.4, 0.6, 0.6)}, None, 0.0) == 2


def test_who_speaks_is_read_and_still_is_when_nobody_speaks():
    choice = FaceChoice()
    choice.pick(BOTH, None, 0.0)
    assert [choice.pick(BOTH, speaker, 0.1) for speaker in (1, None, 2, None)] == [1, 1, 2, 2]


def test_who_is_chosen_is_read_whoever_speaks():
    choice = FaceChoice()
    choice.chosen = 1
    assert choice.pick(BOTH, 2, 0.0) == 1
    assert choice.pick({2: LARGE}, 2, PATIENCE_S / 2) is None
    assert choice.pick(BOTH, 2, PATIENCE_S) == 1
    choice.chosen = None
    assert choice.pick(BOTH, 2, PATIENCE_S + 0.1) == 2


def test_a_face_that_is_away_is_waited_for_before_another_takes_its_place():
    choice = FaceChoice()
    choice.pick(BOTH, None, 0.0)
    assert choice.pick({1: SMALL}, None, PATIENCE_S) is None
    assert choice.pick(BOTH, None, PATIENCE_S + 0.1) == 2
    assert choice.pick({1: SMALL}, None, 2 * PATIENCE_S + 0.2) == 1


def test_another_who_speaks_is_not_kept_waiting():
    choice = FaceChoice()
    choice.pick(BOTH, None, 0.0)
    assert choice.pick({1: SMALL}, 1, 0.1) == 1


def test_nobody_is_nobody():
    choice = FaceChoice()
    assert choice.pick({}, None, 0.0) is None
    assert choice.pick({1: LARGE}, None, 0.1) == 1


@pytest.fixture(scope="module")
def two():
    """The same head twice, side by side; the left one is larger."""
    head = Image.open(SAMPLES / "face.jpg").convert("RGB")
    picture = Image.new("RGB", (480, 320), (120, 120, 120))
    picture.paste(head.resize((300, 300 * head.height // head.width)).crop((0, 0, 300, 320)), (0, 0))
    picture.paste(head.resize((180, 180 * head.height // head.width)), (300, 60))
    return np.asarray(picture)


def test_the_mesh_finds_both(two):
    locator = FaceLocator(tracking=True, around=LookAround(3))
    for _ in range(3):
        faces = locator.locate_all(two)
    assert sorted((face.box[0] + face.box[2]) / 2 < 0.6 for face in faces) == [False, True]
    locator.close()


def test_another_face_is_noticed_within_a_second_and_forgotten_when_it_leaves(two):
    alone = two.copy()
    alone[:, 300:] = 120
    locator = FaceLocator(tracking=True, around=LookAround(3))
    for _ in range(LOOK_AROUND + 1):
        assert len(locator.locate_all(alone)) == 1
    assert len([locator.locate_all(two) for _ in range(LOOK_AROUND)][-1]) == 2
    assert len([locator.locate_all(alone) for _ in range(LOOK_AROUND)][-1]) == 1
    locator.close()


def test_what_looks_around_for_all_keeps_nothing_of_anyone(two):
    around = LookAround(3)
    crowd, alone = (FaceLocator(tracking=True, around=around) for _ in range(2))
    wall = np.full_like(two, 120)
    for _ in range(3 * LOOK_AROUND):
        seen = crowd.locate_all(two)
        assert alone.locate_all(wall) == []
    assert len(seen) == 2
    crowd.close()
    alone.close()
