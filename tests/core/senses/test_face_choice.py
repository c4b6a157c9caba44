"""One of several faces is followed, and it is the same one."""

import numpy as np
import pytest
from PIL import Image

from comp_core.senses.face.choice import PATIENCE, FaceChoice
from comp_core.senses.face.locator import LOOK_AROUND, FaceLocator, LookAround
from tests.places import SAMPLES

SMALL = (0.0, 0.1, 0.2, 0.3)
LARGE = (0.5, 0.2, 0.9, 0.8)


def moved(box, by=0.02):
    return tuple(x + by for x in box)


def test_the_largest_is_taken_first_and_then_kept_in_whatever_order_they_come():
    choice = FaceChoice()
    assert choice.pick([SMALL, LARGE]) == 1
    assert choice.pick([moved(LARGE), SMALL]) == 0
    grown = (0.0, 0.0, 0.45, 0.9)
    assert choice.pick([grown, moved(LARGE, 0.04)]) == 1


def test_of_two_alike_the_central_one_is_taken():
    assert FaceChoice().pick([(0.0, 0.4, 0.2, 0.6), (0.4, 0.4, 0.6, 0.6)]) == 1


def test_a_face_that_is_away_is_waited_for_before_another_takes_its_place():
    choice = FaceChoice()
    choice.pick([SMALL, LARGE])
    assert [choice.pick([SMALL]) for _ in range(PATIENCE)] == [None] * PATIENCE
    assert choice.pick([moved(LARGE), SMALL]) == 0
    assert [choice.pick([SMALL]) for _ in range(PATIENCE + 1)][-1] == 0


def test_a_face_can_be_pointed_at():
    choice = FaceChoice()
    choice.pick([SMALL, LARGE])
    choice.point_at(0.99, 0.99)
    assert choice.pick([SMALL, LARGE]) == 1
    choice.point_at(0.1, 0.2)
    assert choice.pick([SMALL, LARGE]) == 0
    assert choice.pick([LARGE, SMALL]) == 1


def test_nobody_is_nobody():
    choice = FaceChoice()
    assert choice.pick([]) is None
    assert choice.pick([LARGE]) == 0


@pytest.fixture(scope="module")
def two():
    """The same head twice, side by side; the left one is larger."""
    head = Image.open(SAMPLES / "face.jpg").convert("RGB")
    picture = Image.new("RGB", (480, 320), (120, 120, 120))
    picture.paste(head.resize((300, 300 * head.height // head.width)).crop((0, 0, 300, 320)), (0, 0))
    picture.paste(head.resize((180, 180 * head.height // head.width)), (300, 60))
    return np.asarray(picture)


def test_the_mesh_finds_both_and_the_other_is_known(two):
    locator = FaceLocator(tracking=True, around=LookAround(3))
    for _ in range(3):
        face = locator.locate(two)
    assert (face.box[0] + face.box[2]) / 2 < 0.6
    assert len(locator.others) == 1
    (left, top, right, bottom) = locator.others[0]
    locator.point_at((left + right) / 2, (top + bottom) / 2)
    assert locator.locate(two).box == pytest.approx((left, top, right, bottom), abs=0.05)
    assert locator.others[0][0] < left
    locator.close()


def test_another_face_is_noticed_within_a_second_and_forgotten_when_it_leaves(two):
    alone = two.copy()
    alone[:, 300:] = 120
    locator = FaceLocator(tracking=True, around=LookAround(3))
    for _ in range(LOOK_AROUND + 1):
        first = locator.locate(alone)
        assert locator.others == ()
    others = []
    for _ in range(LOOK_AROUND):
        assert locator.locate(two).box == pytest.approx(first.box, abs=0.05)
        others.append(locator.others)
    assert len(others[-1]) == 1
    for _ in range(LOOK_AROUND):
        locator.locate(alone)
    assert locator.others == ()
    locator.close()


def test_what_looks_around_for_all_keeps_nothing_of_anyone(two):
    around = LookAround(3)
    crowd, alone = (FaceLocator(tracking=True, around=around) for _ in range(2))
    wall = np.full_like(two, 120)
    for _ in range(3 * LOOK_AROUND):
        crowd.locate(two)
        assert alone.locate(wall) is None
        assert alone.others == ()
    assert len(crowd.others) == 1
    crowd.close()
    alone.close()
