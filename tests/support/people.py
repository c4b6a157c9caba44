"""Made-up films of several people: heads at places of a picture, moving, whose mouths open and close."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from comp_core.senses.face.locator import FaceLocator

WIDTH, HEIGHT = 640, 480
_LIPS, _CORNERS = (13, 14), (61, 291)
_WITHIN = (50, 15, 20)  # RGB, of an open mouth


@dataclass(frozen=True)
class Head:
    """A picture of one head, (S, S, 3) uint8, RGB, with the middle (x, y) and the width of its mouth in pixels."""

    picture: np.ndarray
    mouth: tuple[float, float]
    width: float

    @classmethod
    def of(cls, picture: np.ndarray) -> Head:
        locator = FaceLocator(tracking=False)
        landmarks = locator.locate(picture).landmarks
        locator.close()
        x, y = landmarks[list(_LIPS)].mean(0)
        return cls(picture, (float(x), float(y)), float(np.ptp(landmarks[list(_CORNERS), 0])))

    def saying(self, opening: float) -> np.ndarray:
        """The same head with its lower lip and chin lowered by a share ``opening`` of the mouth's width."""
        if opening <= 0:
            return self.picture
        rows, columns = np.indices(self.picture.shape[:2], dtype=np.float32)
        aside, below = (columns - self.mouth[0]) / self.width, (rows - self.mouth[1]) / self.width
        most = opening * np.exp(-((2 * aside) ** 4))
        lowered = np.where(below > 0, np.maximum(0, most * (1 - below / 2)), 0).astype(np.float32)
        said = cv2.remap(self.picture, columns, rows - lowered * self.width, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        said[(below > 0) & (below < most * 0.9)] = _WITHIN
        return said


def scene(people: Iterable[tuple[np.ndarray, float, float, int]], width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """Pictures of heads on a wall, (height, width, 3) uint8; each with its middle (fractions) and side in pixels, the last in front."""
    wall = np.full((height, width, 3), 120, np.uint8)
    for picture, x, y, side in people:
        head = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
        left, top = round(x * width - side / 2), round(y * height - side / 2)
        inside = np.s_[max(0, top) : max(0, top + side), max(0, left) : max(0, left + side)]
        seen = wall[inside]
        seen[:] = head[max(0, -top) :, max(0, -left) :][: seen.shape[0], : seen.shape[1]]
    return wall


def woman() -> np.ndarray:
    """The head of a public-domain portrait, (180, 180, 3) uint8, RGB."""
    from skimage.data import astronaut

    return np.ascontiguousarray(astronaut()[20:200, 135:315])


def another() -> np.ndarray:
    """The same portrait as somebody else: mirrored, with a wider face, dark hair, and other shades of skin and wall."""
    head = cv2.resize(woman(), (180, 156))[:, ::-1]
    head = cv2.copyMakeBorder(head, 12, 12, 0, 0, cv2.BORDER_REPLICATE).astype(np.float32) / 255
    shade = np.linspace(0.55, 0.9, 180, dtype=np.float32)[:, None, None]
    return (255 * head**1.8 * shade).astype(np.uint8)
