"""Feature folders in the layout of GCNet and its successors (MoMKE, SDR-GNN, ComP).

``DATASET/features/FEATURE/UTTERANCE.npy`` and a label pickle with seven items: ``videoIDs, labels, speakers, sentences`` (dicts by
conversation) and ``train, valid, test`` (lists or sets of conversations). IEMOCAP's has six: no ``valid``.
"""

from __future__ import annotations

import csv
import os
import pickle
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

import numpy as np

from comp_core.modalities import MODALITIES
from comp_core.support.errors import CompCoreError

SPLITS = ("train", "valid", "test")
# Modality -> what the features of our own senses are called.
OWN_FEATURES = {modality: f"comp-{modality}" for modality in MODALITIES}
COLUMNS = ("file", "conversation", "speaker", "label", "split")
# Bytes of a file's name without its ending; systems allow 255 with it.
_LONGEST_NAME = 250


class LayoutError(CompCoreError):
    """A table of clips is not as it should be; the message says where."""


@dataclass(frozen=True)
class Clip:
    """One utterance. ``file`` is relative to the folder of clips; its path without suffix, slashes as "__", is the utterance's name."""

    file: str
    conversation: str
    speaker: str
    label: str
    split: str

    @property
    def utterance(self) -> str:
        return "__".join(Path(self.file).with_suffix("").parts)


def read_clips(table: Path) -> list[Clip]:
    """Read a CSV with the ``COLUMNS``; the order of its rows is the order in which utterances were said.

    Raises:
        LayoutError: it cannot be read, a column or a value is missing, a file is outside, or a conversation is in two splits.
    """
    try:
        with table.open(newline="", encoding="utf-8-sig") as lines:
            reader = csv.DictReader(lines)
            if missing := set(COLUMNS) - set(reader.fieldnames or ()):
                raise LayoutError(f"{table} has no column {', '.join(sorted(missing))}; its first line should be {','.join(COLUMNS)}")
            clips = [Clip(*((row[column] or "").strip() for column in COLUMNS)) for row in reader]
    except (OSError, UnicodeError, csv.Error) as error:
        raise LayoutError(f"{table} cannot be read as a CSV table in UTF-8: {error}") from error
    split_of: dict[str, str] = {}
    for number, clip in enumerate(clips, 2):
        if not clip.file or not clip.conversation or clip.split not in SPLITS:
            raise LayoutError(f"{table}, line {number}: file and conversation must be given, and split must be one of {', '.join(SPLITS)}")
        if not is_inside(clip.file):
            raise LayoutError(f"{table}, line {number}: {clip.file!r} is outside the folder of clips; give its path within it")
        if split_of.setdefault(clip.conversation, clip.split) != clip.split:
            raise LayoutError(f"{table}, line {number}: conversation {clip.conversation} is in two splits")
    return clips


def is_inside(path: str) -> bool:
    """Whether a path from a file that somebody else made stays in the folder that it is taken from, and can be one."""
    if "\0" in path or any(len(os.fsencode(part)) > _LONGEST_NAME for part in PurePosixPath(path).parts):
        return False
    return not any(p.is_absolute() or p.drive or ".." in p.parts for p in (PurePosixPath(path), PureWindowsPath(path)))


def write_feature(dataset: Path, feature: str, utterance: str, values: np.ndarray) -> None:
    """Write one utterance's vector."""
    folder = dataset / "features" / feature
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / f"{utterance}.npy", values)


def write_labels(path: Path, clips: Iterable[Clip], sentences: dict[str, str]) -> None:
    """Write the label pickle. Labels that are all integers become ints, and all numbers floats; otherwise they are names of classes.

    Args:
        sentences: utterance -> its words.
    """
    by_conversation: dict[str, list[Clip]] = {}
    for clip in clips:
        by_conversation.setdefault(clip.conversation, []).append(clip)
    kind = _kind_of([clip.label for rows in by_conversation.values() for clip in rows])
    labels = {name: [kind(clip.label) for clip in rows] for name, rows in by_conversation.items()}
    items = [
        {name: [clip.utterance for clip in rows] for name, rows in by_conversation.items()},
        labels,
        {name: [clip.speaker for clip in rows] for name, rows in by_conversation.items()},
        {name: [sentences.get(clip.utterance, "") for clip in rows] for name, rows in by_conversation.items()},
        *([name for name, rows in by_conversation.items() if rows[0].split == split] for split in SPLITS),
    ]
    path.write_bytes(pickle.dumps(items))


def _kind_of(labels: Sequence[str]) -> type[int] | type[float] | type[str]:
    """What all labels can be read as."""
    for kind in (int, float):
        try:
            for label in labels:
                kind(label)
            return kind
        except ValueError:
            continue
    return str
