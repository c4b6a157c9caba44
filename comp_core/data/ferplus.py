"""FER+: 48x48 grey faces with ten crowd votes each (Barsoum et al., 2016), aligned with the mesh that serves live."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from comp_core.modalities import LABELS
from comp_core.progress import progress
from comp_core.senses.face_align import CROP_SIZE, FaceLocator, align

# The order of the vote columns in the release; the last two (unknown, not a face) name no expression.
CLASSES = ("neutral", "joy", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
# Class index -> live label index; contempt has no live label.
TO_LIVE = {i: LABELS.index(name) for i, name in enumerate(CLASSES) if name in LABELS}

# This share of the training pictures never trains the face network: the fusion model learns on them, so that it meets
# features as unsure as those of a new face.
FUSION_SHARE = 0.15


@dataclass(frozen=True)
class FaceSet:
    """One split. ``crops`` (n, 48, 48) uint8, ``votes`` (n, 8) float (sum 1), ``labels`` (n,) int, ``found`` (n,) bool."""

    crops: np.ndarray
    votes: np.ndarray
    labels: np.ndarray
    found: np.ndarray
    held_for_fusion: np.ndarray

    def subset(self, keep: np.ndarray) -> FaceSet:
        return FaceSet(*(getattr(self, name)[keep] for name in self.__dataclass_fields__))


def load_ferplus(data: Path, split: str, cache: Path) -> FaceSet:
    """Load a split (train, valid, test), aligned; pictures most voters called unknown or not a face are left out.

    The mesh finds no face in 3-4 % of the pictures: those keep their own framing and have ``found`` False.

    Args:
        data: folder that holds ``ferplus.npz``.
        cache: folder in which the aligned crops are kept between runs.
    """
    with np.load(data / "ferplus.npz") as archive:
        images, votes, names = (archive[f"{split}_{part}"] for part in ("images", "votes", "names"))
    aligned = cache / f"ferplus_{split}_{CROP_SIZE}.npz"
    if not aligned.exists():
        crops, found = _align_all(images, split)
        cache.mkdir(parents=True, exist_ok=True)
        np.savez(aligned, crops=crops, found=found)
    with np.load(aligned) as archive:
        crops, found = archive["crops"], archive["found"]
    keep = votes.argmax(1) < len(CLASSES)
    votes = votes[keep, : len(CLASSES)].astype(np.float32)
    held = np.array([zlib.crc32(str(name).encode()) % 1000 < 1000 * FUSION_SHARE for name in names])
    return FaceSet(crops[keep], votes / votes.sum(1, keepdims=True), votes.argmax(1), found[keep], held[keep])


def _align_all(images: np.ndarray, split: str) -> tuple[np.ndarray, np.ndarray]:
    locator = FaceLocator(tracking=False)
    crops, found = np.empty((len(images), CROP_SIZE, CROP_SIZE), np.uint8), np.zeros(len(images), bool)
    for i, image in enumerate(progress(images, f"aligning FER+ {split}")):
        # The mesh needs some surroundings and more pixels than 48.
        framed = cv2.copyMakeBorder(image, 12, 12, 12, 12, cv2.BORDER_REPLICATE)
        large = cv2.cvtColor(cv2.resize(framed, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC), cv2.COLOR_GRAY2RGB)
        face = locator.locate(large)
        found[i] = face is not None
        crops[i] = align(large, face) if face else cv2.resize(image, (CROP_SIZE, CROP_SIZE))
    locator.close()
    return crops, found
