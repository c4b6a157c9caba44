"""Which of several faces is read: the largest and most central at first, then the same one, until it is gone or another is pointed at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# (left, top, right, bottom) as fractions of the picture's width and height.
Box = tuple[float, float, float, float]

# Pictures for which the followed face may be missing before another takes its place: one second of a live camera.
PATIENCE = 10
# Share of the joint area that a face has in common with itself a picture later, at least.
_OVERLAP = 0.1


class FaceChoice:
    """Follows one face among those that are found from picture to picture; one for each stream."""

    def __init__(self) -> None:
        self._followed: Box | None = None
        self._missed = 0
        self._point: tuple[float, float] | None = None

    def point_at(self, x: float, y: float) -> None:
        """Follow the face at this place of the picture (fractions of width and height) from the next picture on, if there is one."""
        self._point = (x, y)

    def pick(self, boxes: Sequence[Box]) -> int | None:
        """The number of the face to read; None while the followed one is away and not yet given up."""
        point, self._point = self._point, None
        pointed = [i for i, box in enumerate(boxes) if point and _holds(box, point)]
        if pointed:
            return self._follow(boxes, pointed[0])
        if self._followed is not None:
            shared = [_overlap(self._followed, box) for box in boxes]
            if shared and max(shared) >= _OVERLAP:
                return self._follow(boxes, int(np.argmax(shared)))
            self._missed += 1
            if self._missed <= PATIENCE:
                return None
            self._followed = None
        return self._follow(boxes, max(range(len(boxes)), key=lambda i: _prominence(boxes[i]))) if boxes else None

    def _follow(self, boxes: Sequence[Box], number: int) -> int:
        self._followed, self._missed = boxes[number], 0
        return number


def _area(box: Box) -> float:
    left, top, right, bottom = box
    return max(0.0, right - left) * max(0.0, bottom - top)


def _overlap(a: Box, b: Box) -> float:
    """Intersection over union."""
    shared = _area((max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])))
    joint = _area(a) + _area(b) - shared
    return shared / joint if joint else 0.0


def _prominence(box: Box) -> float:
    """Area, less the further its middle is from the picture's: by half at the edge."""
    away = max(abs(box[0] + box[2] - 1), abs(box[1] + box[3] - 1))
    return _area(box) * (1 - 0.5 * away)


def _holds(box: Box, point: tuple[float, float]) -> bool:
    return box[0] <= point[0] <= box[2] and box[1] <= point[1] <= box[3]
