"""Whose face is read, of several: the chosen one, else who speaks, else the largest and most central at first, and then the same one."""

from __future__ import annotations

from collections.abc import Mapping

# (left, top, right, bottom) as fractions of the picture's width and height.
Box = tuple[float, float, float, float]

# Seconds for which the face that is read may be missing before another takes its place.
PATIENCE_S = 1.0


class FaceChoice:
    """Reads one face among those that are found from picture to picture; one for each stream.

    Attributes:
        chosen: number of the face that is to be read whoever speaks; None where the speaker's is.
        read: number of the face that is read, or was while there was any.
    """

    def __init__(self) -> None:
        self.chosen: int | None = None
        self.read: int | None = None
        self._seen = 0.0

    def pick(self, boxes: Mapping[int, Box], speaker: int | None, at: float) -> int | None:
        """The number of the face to read; None while the one that is read is away and not yet given up.

        Args:
            boxes: of the faces that are there, by their number.
            speaker: the number of the one who speaks, if that is clear.
            at: seconds.
        """
        away = self.read is not None and self.read not in boxes and at - self._seen <= PATIENCE_S
        if away and (speaker not in boxes or self.read == self.chosen):
            return None
        wanted = next((number for number in (self.chosen, speaker, self.read) if number in boxes), None)
        if wanted is None:
            wanted = max(boxes, key=lambda number: _prominence(boxes[number]), default=None)
        if wanted is not None:
            self.read, self._seen = wanted, at
        return wanted


def _prominence(box: Box) -> float:
    """Area, less the further its middle is from the picture's: by half at the edge."""
    left, top, right, bottom = box
    away = max(abs(left + right - 1), abs(top + bottom - 1))
    return max(0.0, right - left) * max(0.0, bottom - top) * (1 - 0.5 * away)
