"""A face keeps its number: while it moves, when it crosses another, and after a short absence; on made-up boxes, and on films."""

import numpy as np
import pytest

from comp_core.senses.face.locator import FaceLocator, LookAround
from comp_core.senses.face.sense import FaceSense
from comp_core.senses.face.tracker import REMEMBERED_S, FaceTracker, look_of, overlap
from tests.support.people import another, scene, woman

RED, BLUE = np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0])


def box(x, y=0.5, width=0.2, height=0.3):
    return (x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def test_numbers_begin_at_one_from_the_left_and_stay_in_whatever_order_faces_come():
    tracker = FaceTracker()
    assert tracker.follow([box(0.7), box(0.2)], [BLUE, RED], 0.0) == [2, 1]
    assert tracker.follow([box(0.22), box(0.68)], [RED, BLUE], 0.1) == [1, 2]
    assert tracker.follow([], [], 0.2) == []
    assert tracker.follow([box(0.66), box(0.24), box(0.45, 0.2)], [BLUE, RED, RED], 0.3) == [2, 1, 3]


def test_two_who_look_alike_are_told_apart_by_place():
    tracker = FaceTracker()
    for n in range(20):
        assert tracker.follow([box(0.2 + 0.01 * n, 0.3), box(0.8 - 0.01 * n, 0.7)], [RED, RED], n / 10) == [1, 2]


@pytest.mark.parametrize("looks", [(RED, BLUE), (RED, RED)], ids=["by look", "by motion"])
def test_two_who_cross_keep_their_numbers(looks):
    tracker, seen = FaceTracker(), []
    for n in range(21):
        a, b = box(0.2 + 0.03 * n), box(0.8 - 0.03 * n)
        if overlap(a, b) < 0.3:  # else the one behind is not found
            seen.append(tracker.follow([a, b], looks, n / 10))
        else:
            assert tracker.follow([a], looks[:1], n / 10) == [1]
    assert seen == [[1, 2]] * len(seen) and len(seen) > 10


def test_who_comes_back_elsewhere_is_known_by_look_and_a_stranger_is_not():
    for look, number in ((BLUE, 2), (np.array([0.0, 0.0, 1.0]), 3)):
        tracker = FaceTracker()
        tracker.follow([box(0.2), box(0.8)], [RED, BLUE], 0.0)
        for n in range(1, 25):
            tracker.follow([box(0.2)], [RED], n / 10)
        assert tracker.follow([box(0.2), box(0.55, 0.3)], [RED, look], 2.5) == [1, number]


def test_who_is_away_for_long_is_forgotten_and_no_number_is_given_twice():
    tracker = FaceTracker()
    tracker.follow([box(0.2)], [RED], 0.0)
    assert tracker.known(REMEMBERED_S) == {1}
    assert tracker.known(REMEMBERED_S + 0.1) == frozenset()
    assert tracker.follow([box(0.2)], [RED], REMEMBERED_S + 0.2) == [2]


def test_a_face_cannot_be_where_it_cannot_have_gone():
    tracker = FaceTracker()
    tracker.follow([box(0.1)], [RED], 0.0)
    assert tracker.follow([box(0.9)], [RED], 0.1) == [2]


def test_a_look_does_not_change_with_even_light_and_is_not_anothers():
    head = scene([(woman(), 0.5, 0.5, 300)])
    place = (0.35, 0.3, 0.65, 0.7)
    darker = (head * 0.7).astype(np.uint8)
    assert look_of(head, place) @ look_of(darker, place) > 0.98
    assert look_of(head, place) @ look_of(scene([(another(), 0.5, 0.5, 300)]), place) < 0.7
    assert np.linalg.norm(look_of(head, (0.0, 0.0, 1.0, 1.0))) == pytest.approx(1, abs=1e-5)


@pytest.fixture(scope="module")
def film():
    """Runs a film of the two through the mesh, ten pictures a second; gives for each who was found as which number."""
    sense, around = FaceSense.load(), LookAround(4)

    def run(seconds, places):
        locator, tracker, found = FaceLocator(tracking=True, around=around), FaceTracker(), []
        for n in range(round(10 * seconds)):
            where = {name: place for name, place in places(n / 10).items() if place}
            picture = scene([(HEADS[name], *place, 110) for name, place in where.items()], 320, 240)
            frames = sense.see_all(picture, locator)
            numbers = tracker.follow([frame.box for frame in frames], [frame.look for frame in frames], n / 10)
            middles = [((f.box[0] + f.box[2]) / 2, (f.box[1] + f.box[3]) / 2) for f in frames]
            for number, middle in zip(numbers, middles, strict=True):
                found.append((n / 10, min(where, key=lambda name, m=middle: np.hypot(*np.subtract(where[name], m))), number))
        locator.close()
        return found

    return run


HEADS = {"woman": woman(), "another": another()}


def numbers(found, name, start=0.0, end=np.inf):
    return {number for at, one, number in found if one == name and start <= at < end}


def test_in_a_film_of_two_who_change_sides_each_stays_who_they_are(film):
    def places(at):
        gone = np.clip((at - 0.6) / 1.6, 0, 1)
        return {"another": (0.76 - 0.52 * gone, 0.5), "woman": (0.24 + 0.52 * gone, 0.5)}

    found = film(3.0, places)
    assert numbers(found, "woman", 0, 1.0) == numbers(found, "woman", 2.0) == {1}
    assert numbers(found, "another", 0, 1.0) == numbers(found, "another", 2.0) == {2}


def test_in_a_film_who_leaves_and_comes_back_elsewhere_is_the_same(film):
    def places(at):
        return {"woman": (0.25, 0.5), "another": None if 1.0 <= at < 2.4 else (0.75, 0.5 if at < 1.0 else 0.35)}

    found = film(3.8, places)
    assert numbers(found, "woman") == {1}
    assert numbers(found, "another", 2.4) == {2}
