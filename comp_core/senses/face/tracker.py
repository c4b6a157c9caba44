"""Which face is which from picture to picture: each has a number, by its place and its look. A number is no person: who is gone for
longer than `REMEMBERED_S` comes back as another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from comp_core.senses.face.choice import Box

# Seconds for which a face that is away keeps its number, and for which its look is kept.
REMEMBERED_S = 5.0
# How far a face may have moved to be the same, in faces: at once, and more for each second that it was away.
REACH, REACH_PER_S = 1.0, 2.0
# One that was away for so many seconds, or is found beyond the first reach, must look alike, too: cosine of the two looks.
BRIEFLY_S, ALIKE = 0.5, 0.5
# A face is expected to go on as it moved for so many seconds.
_DRIFTS_S = 0.5
# Share of the newest picture in how a face looks and moves.
_NEWEST = 0.2
# A look is so many by so many colours of the face and this share of its width around it.
_COLOURS, _AROUND = 8, 0.25
# Of faces that overlap by more, neither shows its look alone.
_APART = 0.05
_IMPOSSIBLE = 1e6


def look_of(picture: np.ndarray, box: Box) -> np.ndarray:
    """How a face looks in an RGB picture, (H, W, 3) uint8: (192,) float32 of length 1, the same in any even light.

    It tells the few faces of one camera apart for some seconds, by hair, skin and what is worn. It is no means to recognise a person.
    """
    height, width = picture.shape[:2]
    left, top, right, bottom = box
    aside = _AROUND * (right - left)
    over = 2 * _AROUND * (bottom - top)
    first, last = max(0, round((left - aside) * width)), max(0, round((top - over) * height))
    part = picture[last : max(last + 1, round(bottom * height)), first : max(first + 1, round((right + aside) * width))]
    colours = cv2.resize(part, (_COLOURS, _COLOURS), interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
    return _of_length_one(colours - colours.mean())


@dataclass
class _Track:
    """One face: where it was last, how it looks, when it was seen (s), and how it moves (widths of the picture, heights, each second)."""

    number: int
    box: Box
    look: np.ndarray
    seen: float
    drift: np.ndarray

    def cost(self, box: Box, look: np.ndarray, at: float) -> float:
        """Of being the face that is there now; below 1 for one that moves and looks as before."""
        away = at - self.seen
        size = (_size(self.box) + _size(box)) / 2
        moved = float(np.linalg.norm((_middle(box) - _middle(self.box) - self.drift * min(away, _DRIFTS_S)) / size))
        alike = float(self.look @ look)
        if moved > REACH + REACH_PER_S * away or ((away > BRIEFLY_S or moved > REACH) and alike < ALIKE):
            return _IMPOSSIBLE
        return moved / (REACH + REACH_PER_S * away) + 1 - alike

    def take(self, box: Box, look: np.ndarray | None, at: float) -> None:
        """It is here now; ``look`` is None where another face is in its way."""
        away = at - self.seen
        if away > 0:
            moved = (_middle(box) - _middle(self.box)) / away if away <= BRIEFLY_S else np.zeros(2)
            self.drift = self.drift + (moved - self.drift) * min(1.0, 2 * _NEWEST)
        if look is not None:
            self.look = _of_length_one(self.look + _NEWEST * (look - self.look))
        self.box, self.seen = box, at


class FaceTracker:
    """Numbers the faces of one camera from 1 on, as they come, those of one picture from its left; none is given twice."""

    def __init__(self) -> None:
        self._tracks: list[_Track] = []
        self._count = 0

    def follow(self, boxes: Sequence[Box], looks: Sequence[np.ndarray], at: float) -> list[int]:
        """The number of each face in a picture.

        Args:
            looks: of each, by `look_of`.
            at: seconds, later than the last time.
        """
        self.known(at)
        # Here, because SciPy takes half a second to import, for which a program that starts would have to wait.
        from scipy.optimize import linear_sum_assignment

        found: dict[int, _Track] = {}
        if self._tracks and boxes:
            costs = np.array([[track.cost(box, look, at) for box, look in zip(boxes, looks, strict=True)] for track in self._tracks])
            for row, column in zip(*linear_sum_assignment(costs), strict=True):
                if costs[row, column] < _IMPOSSIBLE:
                    found[int(column)] = self._tracks[row]
        alone = [all(i == j or overlap(box, other) <= _APART for j, other in enumerate(boxes)) for i, box in enumerate(boxes)]
        for i in sorted(range(len(boxes)), key=lambda i: boxes[i][0]):
            if i in found:
                found[i].take(boxes[i], looks[i] if alone[i] else None, at)
            else:
                self._count += 1
                found[i] = _Track(self._count, boxes[i], looks[i], at, np.zeros(2))
                self._tracks.append(found[i])
        return [found[i].number for i in range(len(boxes))]

    def known(self, at: float) -> frozenset[int]:
        """The numbers of the faces that are there, or may come back; all others are forgotten."""
        self._tracks = [track for track in self._tracks if at - track.seen <= REMEMBERED_S]
        return frozenset(track.number for track in self._tracks)


def overlap(a: Box, b: Box) -> float:
    """Intersection over union."""
    shared = _area((max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])))
    joint = _area(a) + _area(b) - shared
    return shared / joint if joint else 0.0


def _area(box: Box) -> float:
    left, top, right, bottom = box
    return max(0.0, right - left) * max(0.0, bottom - top)


def _middle(box: Box) -> np.ndarray:
    return np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2])


def _size(box: Box) -> np.ndarray:
    return np.array([box[2] - box[0], box[3] - box[1]])


def _of_length_one(vector: np.ndarray) -> np.ndarray:
    return vector / max(float(np.linalg.norm(vector)), 1e-6)
