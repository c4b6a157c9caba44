"""Who of several faces speaks: the one whose mouth moves more while a voice is heard than while none is. "Nobody clear" is an answer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

# Seconds over which the motion of a mouth is averaged, while a voice is heard and while none is.
WITH_VOICE_S, WITHOUT_S = 0.6, 2.0
# A sound is a voice from this probability on. Without one for so many seconds nobody speaks.
VOICE, PAUSE_S = 0.5, 0.8
# The least that a speaking mouth opens or closes from picture to picture, in heights of the face, above what it does in silence.
LEAST = 0.008
# No other may do more than this share of it.
NEXT = 0.7
# Another answer has to hold for so many seconds before it is given.
HOLDS_S = 0.4
# Of a face that was not seen for longer than this, the motion is not known.
_GAP_S = 0.5
# Within this time a speaking mouth has moved as far as it will: what it did in less is counted as so much more.
_SYLLABLE_S = 0.1
# What an average must rest on, as a share of one that rests on enough.
_SETTLED = 0.4


@dataclass
class _Average:
    """Of what was the case lately, by exponential forgetting; ``weight`` goes from 0 to 1 as it comes to rest on enough."""

    time_constant: float
    value: float = 0.0
    weight: float = 0.0

    def add(self, value: float, seconds: float) -> None:
        share = 1 - math.exp(-seconds / self.time_constant)
        self.value += share * (value - self.value)
        self.weight += share * (1 - self.weight)

    @property
    def mean(self) -> float:
        return self.value / self.weight if self.weight else 0.0


@dataclass
class _Mouth:
    opening: float
    at: float
    voiced: _Average = field(default_factory=lambda: _Average(WITH_VOICE_S))
    silent: _Average = field(default_factory=lambda: _Average(WITHOUT_S))

    @property
    def score(self) -> float | None:
        """Motion with a voice less that without; None while too little is known."""
        return self.voiced.mean - self.silent.mean if self.voiced.weight >= _SETTLED else None


class SpeakerEstimate:
    """Listens and looks at one stream.

    Attributes:
        number: of the face that speaks; None where nobody does, or nobody clearly.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self._mouths: dict[int, _Mouth] = {}
        self._voice_at = self._since = -math.inf
        self._proposed: int | None = None

    def add(self, at: float, voice: float, openings: Mapping[int, float]) -> int | None:
        """Take in one picture; returns ``number``.

        Args:
            at: seconds, later than the last time.
            voice: probability that a voice is heard now.
            openings: how far each mouth is open, in heights of the face, by the number of the face.
        """
        self._mouths = {number: mouth for number, mouth in self._mouths.items() if number in openings or at - mouth.at <= _GAP_S}
        if voice >= VOICE:
            self._voice_at = at
        elif at - self._voice_at > PAUSE_S:
            # What is said next may be somebody else's.
            for mouth in self._mouths.values():
                mouth.voiced = _Average(WITH_VOICE_S)
        for number, opening in openings.items():
            mouth = self._mouths.setdefault(number, _Mouth(opening, at))
            passed = at - mouth.at
            if 0 < passed <= _GAP_S:
                (mouth.voiced if voice >= VOICE else mouth.silent).add(
                    abs(opening - mouth.opening) * max(1.0, _SYLLABLE_S / passed), passed
                )
            mouth.opening, mouth.at = opening, at
        self._decide(self._clear() if at - self._voice_at <= PAUSE_S else None, at)
        return self.number

    def _clear(self) -> int | None:
        scores = sorted(((mouth.score, number) for number, mouth in self._mouths.items() if mouth.score is not None), reverse=True)
        if not scores or scores[0][0] < LEAST or (len(scores) > 1 and scores[1][0] > NEXT * scores[0][0]):
            return None
        return scores[0][1]

    def _decide(self, proposed: int | None, at: float) -> None:
        if proposed != self._proposed:
            self._proposed, self._since = proposed, at
        if at - self._since >= HOLDS_S:
            self.number = proposed
