"""FER+: 48x48 grey faces with ten crowd votes each (Barsoum et al., 2016), aligned with the mesh that serves live."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from comp_core.modalities import LABELS
from comp_core.senses.face.locator import CROP_SIZE, FaceLocator, align
from comp_core.support.progress import progress

# The order of the vote columns in the release; the last two (unknown, not a face) name no expression.
CLASSES = ("neutral", "joy", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
# Class index -> live label index; contempt has no live label.
TO_LIVE = {i: LABELS.index(name) for i, name in enumerate(CLASSES) if name in LABELS}

# This share of the training pictures never trains the face network: the fusion model learns on them, so that it meets
# features as unsure as those of a new face.
FUSION_SHARE = 0.15


@dataclass(frozen=True)
class FaceSet:
    """One split.

    Attributes:
        crops: (n, 48, 48) uint8, aligned.
        images: (n, 48, 48) uint8, as released.
        votes: (n, 8) float, sum 1.
        labels: (n,) int, the class with most votes.
        agreed: (n,) bool: it has more than half of all votes, "unknown" and "not a face" counted.
        published: (n,) bool: FER+'s authors test on it, see `has_majority`.
        found: (n,) bool: the mesh found a face.
        held_for_fusion: (n,) bool.
    """

    crops: np.ndarray
    images: np.ndarray
    votes: np.ndarray
    labels: np.ndarray
    agreed: np.ndarray
    published: np.ndarray
    found: np.ndarray
    held_for_fusion: np.ndarray

    def subset(self, keep: np.ndarray) -> FaceSet:
        return FaceSet(*(getattr(self, name)[keep] for name in self.__dataclass_fields__))


def load_ferplus(data: Path, split: str, cache: Path) -> FaceSet:
    """Load a split (train, valid, test), aligned; pictures most voters called unknown or not a face are left out.

    The mesh finds no face in some pictures, 6.5 % of test: those keep their own framing and have ``found`` False.

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
    agreed, published = 2 * votes.max(1).astype(int) > votes.sum(1), has_majority(votes)
    votes = votes[keep, : len(CLASSES)].astype(np.float32)
    held = np.array([zlib.crc32(str(name).encode()) % 1000 < 1000 * FUSION_SHARE for name in names])
    shares = votes / votes.sum(1, keepdims=True)
    return FaceSet(crops[keep], images[keep], shares, votes.argmax(1), agreed[keep], published[keep], found[keep], held[keep])


def has_majority(votes: np.ndarray) -> np.ndarray:
    """Whether one kind has more than half of a picture's votes when votes that stand alone are taken away, (n, K) int -> (n,) bool.

    The test pictures of FER+'s authors (Barsoum et al., 2016; mode "majority" of their code). "Unknown" and "not a face" are kinds, too.
    """
    votes = np.where(votes > 1, votes, 0).astype(int)
    return 2 * votes.max(1) > votes.sum(1)


def framed(image: np.ndarray, size: int = 192) -> np.ndarray:
    """A released picture, (48, 48), enlarged to ``size`` pixels with a margin of a quarter: the mesh needs both."""
    margin = len(image) // 4
    wide = cv2.copyMakeBorder(image, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
    return cv2.resize(wide, None, fx=size / len(image), fy=size / len(image), interpolation=cv2.INTER_CUBIC)


def _align_all(images: np.ndarray, split: str) -> tuple[np.ndarray, np.ndarray]:
    locator = FaceLocator(tracking=False)
    crops, found = np.empty((len(images), CROP_SIZE, CROP_SIZE), np.uint8), np.zeros(len(images), bool)
    for i, image in enumerate(progress(images, f"aligning FER+ {split}")):
        large = cv2.cvtColor(framed(image), cv2.COLOR_GRAY2RGB)
        face = locator.locate(large)
        found[i] = face is not None
        crops[i] = align(large, face) if face else cv2.resize(image, (CROP_SIZE, CROP_SIZE))
    locator.close()
    return crops, found
