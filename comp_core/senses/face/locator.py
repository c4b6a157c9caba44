"""Face mesh -> aligned grey crop: the same geometry for training pictures and for live frames."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

import cv2
import numpy as np

from comp_core.senses.face.choice import Box
from comp_core.senses.face.mesh import FaceMesh

CROP_SIZE = 48
# Pictures from one look for further faces to the next: a second of a live camera.
LOOK_AROUND = 10

# Mesh vertices that expression moves least, grouped into the four points that we align; each point is the mean of its group.
_ANCHOR_VERTICES = {"right_eye": (33, 133), "left_eye": (362, 263), "nose_base": (2,), "mouth": (61, 291)}
_LIPS_FOREHEAD_CHIN = (13, 14, 10, 152)
# Where those points go in the unit square. Brows and an open mouth stay inside the crop.
_TEMPLATE = np.array([(0.32, 0.36), (0.68, 0.36), (0.50, 0.57), (0.50, 0.74)])


@dataclass(frozen=True)
class LocatedFace:
    """A face found in a picture.

    Attributes:
        box: (left, top, right, bottom) as fractions of the picture's width and height.
        landmarks: (478, 2) vertices in pixels.
    """

    box: Box
    landmarks: np.ndarray

    @property
    def height(self) -> float:
        """Height of the mesh in pixels."""
        return float(np.ptp(self.landmarks[:, 1]))

    @property
    def mouth(self) -> float:
        """How far the lips are apart, in heights of the face from forehead to chin."""
        upper, lower, forehead, chin = (self.landmarks[vertex] for vertex in _LIPS_FOREHEAD_CHIN)
        return float(np.linalg.norm(upper - lower) / max(float(np.linalg.norm(forehead - chin)), 1e-6))


class LookAround:
    """Finds several faces in single pictures. It keeps nothing of a picture, so one serves all streams: a mesh takes some 35 MB.

    Args:
        faces: how many are looked for.
    """

    def __init__(self, faces: int) -> None:
        self.faces = faces
        self._mesh = FaceMesh(tracking=False, faces=faces)
        self._lock = Lock()

    def find(self, picture: np.ndarray) -> list[LocatedFace]:
        """All faces in an RGB picture, (H, W, 3) uint8."""
        with self._lock:
            return _found(self._mesh, picture)


class FaceLocator:
    """Finds faces in pictures with MediaPipe's face mesh.

    Args:
        tracking: True follows faces from frame to frame (a video, a camera); False looks at each picture afresh.
            A tracking locator holds state: use one per stream.
        around: looks for several faces; without it one is found. To look for several takes thrice the time; so, while there is one,
            that is done in every ``LOOK_AROUND``-th picture only, and a mesh for several is there only while several faces are.
    """

    def __init__(self, tracking: bool, around: LookAround | None = None) -> None:
        self._tracking, self._around = tracking, around
        self._one = FaceMesh(tracking, faces=1)
        self._several: FaceMesh | None = None
        self._seen = self._crowded = 0

    def locate(self, picture: np.ndarray) -> LocatedFace | None:
        """Find a face in an RGB picture, (H, W, 3) uint8; None when there is none."""
        return next(iter(self.locate_all(picture)), None)

    def locate_all(self, picture: np.ndarray) -> list[LocatedFace]:
        """Find the faces in an RGB picture, (H, W, 3) uint8; in no order."""
        self._seen += 1
        if self._several is not None:
            faces = _found(self._several, picture)
            self._crowded = LOOK_AROUND if len(faces) > 1 else self._crowded - 1
            if not self._crowded:
                self._several.close()
                self._several = None
            return faces
        if self._around is None or (self._seen - 1) % LOOK_AROUND:
            return _found(self._one, picture)
        faces = self._around.find(picture)
        if len(faces) > 1:
            self._crowded, self._several = LOOK_AROUND, FaceMesh(self._tracking, self._around.faces)
        return faces

    def close(self) -> None:
        for mesh in filter(None, (self._one, self._several)):
            mesh.close()


def _found(mesh: FaceMesh, picture: np.ndarray) -> list[LocatedFace]:
    return [face for unit in mesh.find(picture) if (face := _located(unit, picture.shape))]


def _located(unit: np.ndarray, shape: tuple[int, ...]) -> LocatedFace | None:
    """A mesh in fractions of a picture of this ``shape`` as a face; None if it lies outside."""
    (left, top), (right, bottom) = np.clip(unit.min(0), 0, 1), np.clip(unit.max(0), 0, 1)
    if right - left <= 0 or bottom - top <= 0:
        return None
    return LocatedFace((float(left), float(top), float(right), float(bottom)), unit * (shape[1], shape[0]))


def similarity_transform(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Least-squares rotation, scale and shift that takes points ``source`` (P, 2) to ``target`` (P, 2), as a (2, 3) matrix.

    In complex numbers the map is z -> a z + b, so that the fit is one division.
    """
    z = source[:, 0] + 1j * source[:, 1]
    w = target[:, 0] + 1j * target[:, 1]
    centred = z - z.mean()
    a = np.vdot(centred, w - w.mean()) / np.vdot(centred, centred)
    b = w.mean() - a * z.mean()
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def align(picture: np.ndarray, face: LocatedFace, size: int = CROP_SIZE) -> np.ndarray:
    """Cut the face out of an RGB or grey picture, upright and at one scale: (size, size) uint8, grey."""
    anchors = np.stack([face.landmarks[list(v)].mean(0) for v in _ANCHOR_VERTICES.values()])
    matrix = similarity_transform(anchors, _TEMPLATE * size)
    grey = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    scale = np.hypot(matrix[0, 0], matrix[1, 0])
    if scale < 0.5:
        # A large face must be smoothed before it is thinned out, or the crop aliases.
        smaller = cv2.resize(grey, None, fx=2 * scale, fy=2 * scale, interpolation=cv2.INTER_AREA)
        matrix[:, :2] *= grey.shape[1] / smaller.shape[1]
        grey = smaller
    return cv2.warpAffine(grey, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
