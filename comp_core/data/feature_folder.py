"""Read feature folders in the layout of GCNet, MoMKE and ComP's released code; see `comp_core.data.gcnet` for what lies where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from comp_core.data.conversations import Conversation
from comp_core.data.gcnet import SPLITS, LayoutError, is_inside
from comp_core.data.label_pickle import load_labels
from comp_core.modalities import MODALITIES


@dataclass(frozen=True)
class FeatureFolder:
    """What a folder holds.

    Attributes:
        conversations: name -> its utterances, in the order of the release.
        splits: train, valid, test -> names of conversations.
        scores: the labels are sentiment scores; otherwise they are classes.
    """

    conversations: dict[str, Conversation]
    splits: dict[str, list[str]]
    scores: bool


def read_folder(folder: Path, features: Mapping[str, str]) -> FeatureFolder:
    """Read a data set.

    Args:
        folder: holds ``features/NAME/UTTERANCE.npy`` and one label pickle. An utterance without a file lacks that modality.
        features: modality -> NAME. Files with several frames, (frames, D), are averaged.

    Raises:
        LayoutError: something is missing or not as it should be, or the pickle asks for more than data.
    """
    if set(features) != set(MODALITIES):
        raise LayoutError(f"name the features of {', '.join(MODALITIES)}, like audio=NAME,text=NAME,video=NAME; there are {_names(folder)}")
    pickles = sorted(folder.glob("*.pkl"))
    if len(pickles) != 1:
        raise LayoutError(f"{folder} should hold one label pickle (*.pkl), but holds {len(pickles)}")
    items = read_labels(pickles[0])
    try:
        return _folder(folder, pickles[0], items, features)
    except (TypeError, ValueError, OverflowError) as error:  # what is in the lists may be anything
        raise LayoutError(f"{pickles[0]} cannot be read as labels: {error}") from error


def _folder(folder: Path, path: Path, items: list[Any], features: Mapping[str, str]) -> FeatureFolder:
    utterances, labels = items[0], items[1]
    kinds = {type(value).__name__ for row in labels.values() for value in np.asarray(row).ravel()[:1].tolist()}
    scores = kinds == {"float"}
    vectors = {m: _vectors(folder, name, [u for row in utterances.values() for u in row]) for m, name in features.items()}
    conversations = {}
    for name, ids in utterances.items():
        target = np.asarray(labels[name])
        if len(target) != len(ids):
            raise LayoutError(f"{path}: conversation {name} has {len(ids)} utterances and {len(target)} labels")
        there = np.array([[u in vectors[m].rows for m in MODALITIES] for u in ids], bool).reshape(-1, len(MODALITIES))
        arrays = {m: vectors[m].of(ids) for m in MODALITIES}
        values = target.astype(np.float32 if scores else np.int64)
        conversations[str(name)] = replace(Conversation.recorded([str(u) for u in ids], arrays, values), there=there)
    splits = {split: [str(name) for name in sorted(names)] for split, names in zip(SPLITS, items[-3:], strict=True)}
    if unknown := {name for names in splits.values() for name in names} - conversations.keys():
        raise LayoutError(f"{path}: conversation {min(unknown)} is in a split, but has no utterances")
    return FeatureFolder(conversations, splits, scores)


def read_labels(path: Path) -> list[Any]:
    """The seven items of a label pickle, without running anything that it may hold.

    Raises:
        LayoutError: it is no pickle of seven items, or holds more than data.
    """
    try:
        items = load_labels(path)
    except Exception as error:  # bytes that are no pickle can fail in any way
        raise LayoutError(f"{path} cannot be read as labels: {error}") from error
    if not isinstance(items, (list, tuple)) or len(items) != 7 or not all(isinstance(item, dict) for item in items[:4]):
        raise LayoutError(f"{path} should hold seven items: videoIDs, labels, speakers, sentences (dicts), train, valid, test")
    utterances, labels = items[:2]
    if not all(isinstance(row, (list, tuple)) and all(isinstance(u, str) and is_inside(u) for u in row) for row in utterances.values()):
        raise LayoutError(f"{path}: videoIDs should be lists of utterances by conversation, named like their files")
    if utterances.keys() - labels.keys():
        raise LayoutError(f"{path} has no labels for conversation {next(iter(utterances.keys() - labels.keys()))!r}")
    return list(items)


@dataclass(frozen=True)
class _Vectors:
    rows: dict[str, np.ndarray]
    dim: int

    def of(self, ids: list[str]) -> np.ndarray:
        """(n, D), zeros where there is none."""
        return np.stack([self.rows.get(u, np.zeros(self.dim, np.float32)) for u in ids])


def _vectors(folder: Path, name: str, ids: list[str]) -> _Vectors:
    place = folder / "features" / name
    if not place.is_dir():
        raise LayoutError(f"{place} is missing; there are {_names(folder)}")
    rows = {}
    for utterance in ids:
        path = place / f"{utterance}.npy"
        if path.is_file():
            try:
                # Mapped, not read: a header can claim any size, and a file that is smaller is then refused.
                values = np.load(path, mmap_mode="r", allow_pickle=False).astype(np.float32)
                rows[utterance] = values.mean(0) if values.ndim == 2 else values
            except Exception as error:  # bytes that are no array can fail in any way
                raise LayoutError(f"{path} cannot be read as an array of numbers: {error}") from error
    sizes = {row.shape for row in rows.values()}
    if len(sizes) != 1 or len(next(iter(sizes))) != 1:
        raise LayoutError(f"{place}: vectors should have one size, but have {sorted(sizes) or 'no files'}")
    return _Vectors(rows, next(iter(sizes))[0])


def _names(folder: Path) -> str:
    return ", ".join(sorted(path.name for path in (folder / "features").glob("*"))) or "none"
