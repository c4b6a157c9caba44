"""Who speaks: on made-up mouths, and on a film whose mouths move."""

from collections.abc import Callable

import numpy as np
import pytest

from comp_core.inference.speaker import HOLDS_S, PAUSE_S, SpeakerEstimate
from comp_core.senses.face.locator import FaceLocator, LookAround
from comp_core.senses.face.sense import FaceSense
from comp_core.senses.face.tracker import FaceTracker
from tests.support.people import Head, another, scene, woman

Mouth = Callable[[float], float]


def told(voice, mouths, seconds=6.0, rate=10):
    """What is said at each picture: (second, number)."""
    speaker, random = SpeakerEstimate(), np.random.default_rng(0)
    noisy = {number: lambda at, mouth=mouth: mouth(at) + random.normal(0, 0.002) for number, mouth in mouths.items()}
    times = np.arange(round(seconds * rate)) / rate
    return [(at, speaker.add(at, voice(at), {number: mouth(at) for number, mouth in noisy.items()})) for at in times]


def between(found, start, end):
    return {number for at, number in found if start <= at < end}


def still(at):
    return 0.01


def moving(at):
    return 0.04 + 0.03 * np.sin(2 * np.pi * 3.1 * at)


def after(second: float, mouth: Mouth = moving) -> Mouth:
    return lambda at: mouth(at) if at >= second else still(at)


def heard(start, end=np.inf):
    return lambda at: 0.9 if start <= at < end else 0.05


def test_whose_mouth_moves_while_a_voice_is_heard_speaks():
    found = told(heard(1.0, 4.0), {1: still, 2: lambda at: moving(at) if 1.0 <= at < 4.0 else still(at)})
    assert between(found, 0, 1.2) == {None}
    assert between(found, 2.2, 4.0) == {2}
    assert between(found, 4.0 + PAUSE_S + HOLDS_S + 0.2, 6.0) == {None}


def test_a_mouth_that_moves_in_silence_says_nothing():
    assert between(told(heard(9.0), {1: moving, 2: still}), 0, 6) == {None}


def test_who_chews_all_the_time_does_not_speak_for_who_speaks():
    found = told(heard(2.0), {1: moving, 2: after(2.0)})
    assert between(found, 3.5, 6.0) == {2}


def test_a_voice_from_elsewhere_is_nobodys():
    assert between(told(heard(1.0), {1: still, 2: still}), 0, 6) == {None}


def test_two_who_speak_at_once_are_nobody_clearly():
    assert between(told(heard(1.0), {1: after(1.0), 2: after(1.0, lambda at: moving(at + 0.05))}), 0, 6) == {None}


def test_another_takes_over_within_two_seconds_and_not_at_a_blink():
    def first(at):
        return moving(at) if 1.0 <= at < 3.0 else still(at)

    found = told(heard(1.0), {1: first, 2: after(3.0)})
    assert between(found, 2.2, 3.2) == {1}
    assert between(found, 5.0, 6.0) == {2}
    blinking = told(heard(1.0), {1: after(1.0), 2: lambda at: 0.1 if 3.0 <= at < 3.1 else still(at)})
    assert between(blinking, 2.2, 6.0) == {1}


def test_at_three_pictures_a_second_it_still_is_known():
    syllables = np.random.default_rng(1).uniform(0.01, 0.08, 30)
    found = told(heard(1.0), {1: still, 2: after(1.0, lambda at: syllables[round(3 * at)])}, rate=3)
    assert between(found, 3.0, 6.0) == {2}


def test_who_is_gone_does_not_speak_and_one_face_alone_may():
    speaker = SpeakerEstimate()
    for n in range(30):
        speaker.add(n / 10, heard(1.0)(n / 10), {1: after(1.0)(n / 10), 2: still(n / 10)})
    assert speaker.number == 1
    for n in range(30, 45):
        speaker.add(n / 10, 0.9, {2: still(n / 10)})
    assert speaker.number is None
    assert between(told(heard(1.0), {7: after(1.0)}), 2.5, 6) == {7}


@pytest.mark.parametrize("talks", [0, 1])
def test_in_a_film_the_one_whose_lips_move_with_the_voice_speaks(talks):
    heads, places = [Head.of(woman()), Head.of(another())], [(0.25, 0.5), (0.75, 0.5)]
    sense, locator, tracker, speaker = FaceSense.load(), FaceLocator(True, LookAround(4)), FaceTracker(), SpeakerEstimate()
    found = []
    for n in range(36):
        at = n / 10
        speaks = at >= 1.0
        openings = [0.3 * abs(np.sin(2 * np.pi * 2.3 * at)) if speaks and i == talks else 0.0 for i in range(2)]
        people = [(head.saying(opening), *place, 130) for head, opening, place in zip(heads, openings, places, strict=True)]
        frames = sense.see_all(scene(people, 320, 240), locator)
        numbers = tracker.follow([frame.box for frame in frames], [frame.look for frame in frames], at)
        found.append((at, speaker.add(at, 0.9 if speaks else 0.0, {i: frame.mouth for i, frame in zip(numbers, frames, strict=True)})))
    locator.close()
    assert between(found, 0.0, 1.0) == {None}
    assert between(found, 3.0, 3.6) == {talks + 1}
