"""What peers look at and listen to: a minute with one face, minutes whose faces have labels, and what is said in those."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from comp_core.experiments.recognition import STATEMENTS
from comp_core.senses.speech.vad import SAMPLE_RATE
from tests.support.minute import Moment, moments, scene_at
from tools.minute.scenes import Minute, Scene
from tools.peers.figures import LABELLED_RATE, RATE, Given, Said

# Recordings begin and end with some quiet.
_QUIET_S = 0.3


def one_face(seconds: int, width: int) -> Iterator[tuple[Moment, Given]]:
    """The minute with one face, from its beginning, as pictures of so many pixels in width."""
    for moment in islice(moments(RATE, width), seconds * RATE):
        yield moment, scene_at(moment.taken)


def labelled(minutes: Sequence[Minute]) -> Iterator[tuple[Moment, Scene]]:
    """Minutes with labels, one after the other: for whoever looks it is one long film."""
    for number, minute in enumerate(minutes):
        seconds = minute.scenes[-1].end
        for moment in minute.moments(LABELLED_RATE):
            later = number * seconds
            yield Moment(later + moment.taken, later + moment.at, moment.jpeg, moment.pcm), minute.scene_at(moment.taken)


def recordings(minutes: Sequence[Minute]) -> Iterator[tuple[Moment, Said]]:
    """What is said in minutes with labels, each utterance by itself: acted statements, and sentences of a synthesiser."""
    for minute in minutes:
        for one in minute.spoken:
            first, last = (round((at + quiet) * SAMPLE_RATE) for at, quiet in ((one.start, -_QUIET_S), (one.end, _QUIET_S)))
            sound: np.ndarray = minute.sound[first:last]
            words = one.words or STATEMENTS[one.source.split("-")[4]]
            yield Moment(one.start, one.end, b"", sound.tobytes()), Said(words, len(sound) / SAMPLE_RATE)
