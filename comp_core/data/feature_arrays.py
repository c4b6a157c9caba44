"""The vectors of a feature folder: ``features/NAME/UTTERANCE.npy``, or a folder ``UTTERANCE`` with a file for each frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from comp_core.data.gcnet import LayoutError

SPEAKERS = ("F", "M")


@dataclass(frozen=True)
class Vectors:
    """Utterance -> its vector, (D,) float32; those without a file are not there."""

    rows: dict[str, np.ndarray]
    dim: int

    def of(self, ids: list[str]) -> np.ndarray:
        """(n, D), zeros where there is none."""
        return np.stack([self.rows.get(u, np.zeros(self.dim, np.float32)) for u in ids])


def read_vectors(folder: Path, name: str, speakers: Mapping[str, str]) -> Vectors:
    """Read the features called ``name`` of a data set.

    Args:
        speakers: utterance -> who says it. Where a frame's file name holds F or M, only those of the speaker count.

    Raises:
        LayoutError: there are none, or one is no array of numbers.
    """
    place = folder / "features" / name
    if not place.is_dir():
        raise LayoutError(f"{place} is missing; there are {feature_names(folder)}")
    rows = {}
    for utterance, speaker in speakers.items():
        path = place / f"{utterance}.npy"
        if path.is_file():
            frames = [_frames(path)]
        elif (place / utterance).is_dir():
            frames = [_frames(file) for file in _frames_of(place / utterance, speaker)]
        else:
            continue
        if sizes := {part.shape[1] for part in frames if len(part)}:
            if len(sizes) > 1:
                raise LayoutError(f"{place / utterance}: frames should have one size, but have {sorted(sizes)}")
            rows[utterance] = np.concatenate([part for part in frames if len(part)]).mean(0)
    sizes = {len(row) for row in rows.values()}
    if len(sizes) != 1:
        raise LayoutError(f"{place}: vectors should have one size, but have {sorted(sizes) or 'no files'}")
    return Vectors(rows, sizes.pop())


def feature_names(folder: Path) -> str:
    """The names of the features that a folder has, for messages."""
    return ", ".join(sorted(path.name for path in (folder / "features").glob("*"))) or "none"


def _frames_of(folder: Path, speaker: str) -> list[Path]:
    """The frames of a speaker. The letter is looked for in what a file's name adds to the utterance's, which has letters of its own."""
    found = []
    for path in sorted(folder.glob("*.npy")):
        letters = [letter for letter in SPEAKERS if letter in path.stem.removeprefix(folder.name)]
        if not letters or speaker not in SPEAKERS or letters[0] == speaker:
            found.append(path)
    return found


def _frames(path: Path) -> np.ndarray:
    """(T, D) float32, of an array (D,), (T, D), (1, T, D) or (T, 1, D)."""
    try:
        # Mapped, not read: a header can claim any size, and a file that is smaller is then refused.
        values = np.load(path, mmap_mode="r", allow_pickle=False).astype(np.float32)
    except Exception as error:  # bytes that are no array can fail in any way
        raise LayoutError(f"{path} cannot be read as an array of numbers: {error}") from error
    if values.ndim == 0 or sum(size > 1 for size in values.shape[:-1]) > 1:
        raise LayoutError(f"{path}: an array should be (D,), (T, D), (1, T, D) or (T, 1, D), but is {values.shape}")
    if not np.isfinite(values).all():
        raise LayoutError(f"{path} holds values that are not finite")
    return values.reshape(-1, values.shape[-1]) if values.shape[-1] else np.zeros((0, 1), np.float32)
