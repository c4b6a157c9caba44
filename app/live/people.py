"""The faces of one visitor's camera: which is which, what each is called, who speaks, and whose face is read. All of it dies with the
session; how a face looks is forgotten seconds after it has left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from app.live.context import FaceSense
from comp_core.inference.smoothing import RecentFaces
from comp_core.inference.speaker import SpeakerEstimate
from comp_core.modalities import LABELS
from comp_core.senses.face.choice import PATIENCE_S, Box, FaceChoice
from comp_core.senses.face.sense import FaceFrame
from comp_core.senses.face.tracker import FaceTracker
from comp_core.senses.reading import Reading

# Faces that are found in one picture.
MOST_FACES = 4
# Each picture of the longest session may begin four new numbers: fewer than these.
MOST_NUMBERS = 1_000_000
# Of what each of several says: a session of four is to stay a file that can be opened again.
_DIGITS = 3


@dataclass(frozen=True)
class Sight:
    """What is seen in one picture.

    Attributes:
        frames: of each face, by its number.
        speaker: number of the face that speaks; None where nobody does, or nobody clearly.
        read: number of the face that is read, which may be away for a moment; None where there is none.
    """

    frames: Mapping[int, FaceFrame]
    speaker: int | None
    read: int | None

    @property
    def frame(self) -> FaceFrame:
        """Of the face that is read."""
        return self.frames.get(self.read, FaceFrame()) if self.read is not None else FaceFrame()


@dataclass(frozen=True)
class Face:
    """One of several faces, as it is told.

    Attributes:
        number, name: the name is typed, and "" without one.
        box: where it is; None where the newest picture does not show it.
        probabilities: label -> probability from this face alone.
        speaks, read, chosen: whether it seems to speak, is the one that is read, and was chosen for that.
    """

    number: int
    name: str
    box: Box | None
    probabilities: dict[str, float] | None
    speaks: bool
    read: bool
    chosen: bool


@dataclass
class _Person:
    seen: float
    recent: RecentFaces = field(default_factory=RecentFaces)


class People:
    """Loop and requests use it; what requests change is changed as a whole."""

    def __init__(self, sense: FaceSense) -> None:
        self._sense = sense
        self._tracker, self._speaker, self._choice = FaceTracker(), SpeakerEstimate(), FaceChoice()
        self._people: dict[int, _Person] = {}
        self._names: dict[int, str] = {}
        self._sight = Sight({}, None, None)

    # --- from any thread ----------------------------------------------------------------------------------------

    def choose(self, number: int | None) -> None:
        """Read this face from now on, as long as it is known; with None the speaker's."""
        self._choice.chosen = number

    def call(self, number: int, name: str) -> None:
        """Give a face that is known a name; with "" it has none any more."""
        if number in self._people:  # else it has left meanwhile
            self._names = {**self._names, number: name}

    def name_of(self, number: int | None) -> str:
        return self._names.get(number, "") if number is not None else ""

    # --- from the loop ------------------------------------------------------------------------------------------

    @property
    def read(self) -> int | None:
        """Number of the face that is read."""
        return self._sight.read

    def take(self, frames: Sequence[FaceFrame], now: float, voice: float) -> Sight:
        """The faces of the next picture.

        Args:
            now: on the loop's clock, in seconds.
            voice: probability that a voice is heard now.
        """
        numbers = self._tracker.follow([frame.box for frame in frames], [frame.look for frame in frames], now)
        # The tracker alone keeps how a face looks, and not for long.
        seen = {number: replace(frame, look=None) for number, frame in zip(numbers, frames, strict=True)}
        self._people = {**self._people, **{number: _Person(now) for number in numbers if number not in self._people}}
        self.forget(now)
        for number, frame in seen.items():
            self._people[number].seen = now
            self._people[number].recent.add(frame, now)
        speaker = self._speaker.add(now, voice, {number: frame.mouth for number, frame in seen.items()})
        self._choice.pick({number: frame.box for number, frame in seen.items()}, speaker, now)
        self._sight = Sight(seen, speaker, self._choice.read)
        return self._sight

    def lose(self) -> None:
        """No picture comes any more, or none could be looked at."""
        self._sight = Sight({}, None, self._sight.read)

    def present(self, now: float, time_constant: float) -> Reading:
        """The face that is read as it is now."""
        return self._recent(self._sight.read, now, time_constant)

    def forget(self, now: float) -> None:
        """Let go of the faces that have left for too long."""
        known = self._tracker.known(now)
        self._people = {number: person for number, person in self._people.items() if number in known}
        if self._choice.chosen not in known:
            self._choice.chosen = None

    def told(self, now: float, time_constant: float) -> tuple[Face, ...]:
        """Every face where there are two or more, in the order of their numbers."""
        there = sorted(number for number, person in self._people.items() if now - person.seen <= PATIENCE_S)
        return tuple(self._told(number, now, time_constant) for number in there) if len(there) > 1 else ()

    def _told(self, number: int, now: float, time_constant: float) -> Face:
        own, sight = self._recent(number, now, time_constant).probabilities, self._sight
        return Face(
            number,
            self.name_of(number),
            sight.frames[number].box if number in sight.frames else None,
            None if own is None else {label: round(float(p), _DIGITS) for label, p in zip(LABELS, own, strict=True)},
            speaks=number == sight.speaker,
            read=number == sight.read,
            chosen=number == self._choice.chosen,
        )

    def _recent(self, number: int | None, now: float, time_constant: float) -> Reading:
        recent = self._people[number].recent if number in self._people else RecentFaces()
        recent.time_constant = time_constant
        return recent.read(self._sense, now)


def whose(sights: Iterable[Sight]) -> int | None:
    """Number of the face that belongs to what was said meanwhile: which spoke for longest while it was read, else which was read."""
    read = [sight for sight in sights if sight.read is not None]
    counted = Counter(sight.read for sight in read if sight.read == sight.speaker) or Counter(sight.read for sight in read)
    return counted.most_common(1)[0][0] if counted else None
