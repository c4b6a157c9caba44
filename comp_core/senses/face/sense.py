"""The face sense: picture -> face mesh -> aligned crop -> feature; a few frames -> one reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch

from comp_core.senses.face.calibration import FaceCalibration
from comp_core.senses.face.choice import Box
from comp_core.senses.face.locator import CROP_SIZE, FaceLocator, LocatedFace, align
from comp_core.senses.face.mesh import LANDMARKER, checked
from comp_core.senses.face.network import FaceNet, FaceNetConfig
from comp_core.senses.face.tracker import look_of
from comp_core.senses.fold_batchnorm import folded
from comp_core.senses.reading import NO_FACE, Reading
from comp_core.support.checkpoint import WEIGHTS_DIR, load_checkpoint, restore
from comp_core.support.devices import Placed
from comp_core.support.hub import SenseOnTheHub

_NOSE_TIP, _RIGHT_CHEEK, _LEFT_CHEEK = 1, 234, 454


@dataclass(frozen=True)
class FaceFrame:
    """One picture as the face sense saw it.

    Attributes:
        box: (left, top, right, bottom) as fractions of the picture, None without a face.
        feature: (D,) float32, None without a face.
        quality: 0 to 1: large and turned to the camera is good.
        look: see `comp_core.senses.face.tracker.look_of`; None without a face.
        mouth: how far the lips are apart, in heights of the face.
    """

    box: Box | None = None
    feature: np.ndarray | None = None
    quality: float = 0.0
    look: np.ndarray | None = None
    mouth: float = 0.0


class FaceSense(SenseOnTheHub):
    """Faces to features. Holds no state of a stream: that is in the locator.

    Attributes:
        placed: where it runs.
        calibration: of its predictions.
    """

    NAME = "face"

    def __init__(self, network: FaceNet, calibration: FaceCalibration, device: str = "cpu") -> None:
        self.network = network
        self.calibration = calibration
        self.placed = Placed("the face sense", device, network)

    @classmethod
    def load(cls, weights: Path = WEIGHTS_DIR, device: str = "cpu") -> Self:
        """Load ``face.safetensors`` and ``face.json`` from a folder, and see that the face landmarker's file is there.

        Raises:
            CheckpointError: one is missing, damaged or of another kind.
        """
        checked(LANDMARKER)
        config, state, record = load_checkpoint(weights / cls.NAME, {cls.NAME: FaceNetConfig})
        return cls(folded(restore(FaceNet, config, state)), FaceCalibration.of(record), device).lying_at(weights / cls.NAME)

    @property
    def feature_dim(self) -> int:
        return self.network.config.feature_dim

    def see(self, picture: np.ndarray, locator: FaceLocator) -> FaceFrame:
        """Look for one face in an RGB picture, (H, W, 3) uint8."""
        return next(iter(self.see_all(picture, locator)), FaceFrame())

    def see_all(self, picture: np.ndarray, locator: FaceLocator) -> list[FaceFrame]:
        """All faces in an RGB picture, (H, W, 3) uint8, read in one batch."""
        faces = locator.locate_all(picture)
        if not faces:
            return []
        features = self.features(np.stack([align(picture, face) for face in faces]))
        return [
            FaceFrame(face.box, feature, face_quality(face), look_of(picture, face.box), face.mouth)
            for face, feature in zip(faces, features, strict=True)
        ]

    def features(self, crops: np.ndarray) -> np.ndarray:
        """Aligned crops (n, 48, 48) uint8 -> (n, D) float32."""
        with torch.inference_mode():
            return self.placed.run(lambda device: self.network(torch.from_numpy(crops).to(device))[0].cpu().numpy())

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """Features (..., D) -> probabilities of the live labels for a visitor, (..., 7)."""
        with torch.inference_mode():
            logits = self.placed.run(lambda device: self.network.head(torch.from_numpy(features).to(device)).cpu().numpy())
        return self.calibration.for_a_visitor(self.calibration.log_probabilities(logits))

    def summarise(self, frames: Sequence[FaceFrame], freshness: Sequence[float] | None = None) -> Reading:
        """One reading from the frames of an utterance: the mean feature, weighted by quality and, if given, by ``freshness``, (n,) > 0.

        A face that is in fewer than half of an utterance's frames is not the face of it. Of frames with ``freshness`` one is enough.
        """
        ages = freshness if freshness is not None else [1.0] * len(frames)
        seen = [(frame, fresh) for frame, fresh in zip(frames, ages, strict=True) if frame.feature is not None]
        if not seen or (freshness is None and 2 * len(seen) < len(frames)):
            return Reading.absent(NO_FACE)
        quality = np.array([frame.quality for frame, _ in seen]) + 1e-3
        fresh = np.array([fresh for _, fresh in seen])
        feature = np.average([frame.feature for frame, _ in seen], axis=0, weights=quality * fresh)
        found = feature.astype(np.float32)
        return Reading(found, quality=float(np.average(quality, weights=fresh).clip(0, 1)), probabilities=self.probabilities(found))


def face_quality(face: LocatedFace) -> float:
    """0 to 1: full from one crop's height in pixels upwards, and while the nose is midway between the cheeks."""
    size = min(1.0, face.height / CROP_SIZE)
    nose, right, left = (face.landmarks[i, 0] for i in (_NOSE_TIP, _RIGHT_CHEEK, _LEFT_CHEEK))
    near, far = sorted((abs(nose - right), abs(nose - left)))
    return float(size * np.clip(near / max(far, 1e-6) * 2, 0, 1))
