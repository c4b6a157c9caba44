"""MediaPipe's face landmarker: the file that it reads, checked, and the mesh that it finds."""

from __future__ import annotations

import concurrent.futures.thread  # noqa: F401  whose threads end before ours are asked to, unless it is known before
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from weakref import finalize

import mediapipe as mp
import numpy as np
from mediapipe.tasks.python import BaseOptions
from mediapipe.tasks.python.vision import FaceLandmarker, FaceLandmarkerOptions, RunningMode

from comp_core.support.assets import ASSETS
from comp_core.support.checkpoint import CheckpointError, sha256_of

# Detector, mesh and blendshapes, as Google publishes them (Apache-2.0); the blendshapes are not used.
LANDMARKER = ASSETS / "face_landmarker.task"
SHA256 = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"
# Below the library's own .5 for finding a face: small ones are missed otherwise. For keeping it, .5: a hand before the camera ends it.
FINDING, KEEPING = 0.3, 0.5
# MediaPipe smooths a followed mesh over time. Pictures here come ten times a second, and that is what it is told.
PICTURE_MILLISECONDS = 100
# What MediaPipe's library writes to the terminal by itself, whatever its log level.
_CHATTER = re.compile(rb"[WI]\d{4} .*|WARNING: All log messages before absl::InitializeLog\(\).*|INFO: Created TensorFlow Lite .*")
_terminal = threading.Lock()
# Landmarkers that are not closed. Their library waits for ever when the garbage collector closes them: its thread is collected first.
_open: set[FaceLandmarker] = set()


class FaceMesh:
    """Finds the 478 vertices of each face in a picture. One thread at a time may use it.

    Args:
        tracking: pictures follow on one another, so that a face is looked for near where it was.
        faces: how many are looked for.

    Raises:
        CheckpointError: the landmarker's file is missing, or is another.
    """

    def __init__(self, tracking: bool, faces: int) -> None:
        options = FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_path=str(checked(LANDMARKER))),
            running_mode=RunningMode.VIDEO if tracking else RunningMode.IMAGE,
            num_faces=faces,
            min_face_detection_confidence=FINDING,
            min_face_presence_confidence=KEEPING,
            min_tracking_confidence=KEEPING,
        )
        with _without_chatter():
            self._landmarker = FaceLandmarker.create_from_options(options)
        self._tracking, self._seen = tracking, 0
        _open.add(self._landmarker)
        self._closing = finalize(self, _close, self._landmarker)
        self._closing.atexit = False

    def find(self, picture: np.ndarray) -> list[np.ndarray]:
        """The vertices of each face in an RGB picture, (H, W, 3) uint8: (478, 2) float32, as fractions of width and height."""
        image = mp.Image(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(picture))
        if self._tracking:
            self._seen += 1
            found = self._landmarker.detect_for_video(image, self._seen * PICTURE_MILLISECONDS)
        else:
            found = self._landmarker.detect(image)
        return [np.array([(vertex.x, vertex.y) for vertex in face], dtype=np.float32) for face in found.face_landmarks]

    def close(self) -> None:
        self._closing()


def _close(landmarker: FaceLandmarker) -> None:
    _open.discard(landmarker)
    landmarker.close()


def _close_all() -> None:
    for landmarker in list(_open):
        _close(landmarker)


# At the end of a process the library waits for ever for what is still open. `atexit` comes too late: its calls need a thread of their own.
threading._register_atexit(_close_all)  # type: ignore[attr-defined]
# A forked process (a lent GPU's) has none of the library's threads: what its parent left open is not its own to close.
os.register_at_fork(after_in_child=_open.clear)


@lru_cache(maxsize=1)
def checked(path: Path) -> Path:
    """The landmarker's file, once its hash has been compared with the published one.

    Raises:
        CheckpointError: it is missing, or is another.
    """
    if not path.is_file():
        raise CheckpointError(f"the face landmarker is missing: {path}. Take assets/ from the repository again.")
    if sha256_of(path) != SHA256:
        raise CheckpointError(f"{path} is damaged or was replaced: its hash is not the published one. Take it from the repository again.")
    return path


@contextmanager
def _without_chatter() -> Iterator[None]:
    """Keep the library's own lines from the terminal meanwhile; other lines appear afterwards."""
    with _terminal, tempfile.TemporaryFile() as caught:
        sys.stderr.flush()
        terminal = os.dup(2)
        os.dup2(caught.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            caught.seek(0)
            os.write(terminal, b"".join(line for line in caught if not _CHATTER.match(line)))
            os.close(terminal)
