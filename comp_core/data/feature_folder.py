"""Read feature folders in the layout of GCNet, MoMKE and ComP's released code; see `comp_core.data.gcnet` for what lies where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from comp_core.data.conversations import Conversation
from comp_core.data.feature_arrays import feature_names, read_vectors
from comp_core.data.gcnet import OWN_FEATURES, SPLITS, LayoutError, is_inside
from comp_core.data.label_pickle import load_labels
from comp_core.modalities import MODALITIES

SCORES, CLASSES = "scores", "classes"


@dataclass(frozen=True)
class FeatureFolder:
    """What a folder holds.

    Attributes:
        conversations: name -> its utterances, in the order of the release.
        splits: train, valid, test -> names of conversations. Some releases have no valid.
        classes: names of the classes, in the order of their numbers; None: the labels are scores.
        features: modality -> name of its features; those left out were never recorded.
    """

    conversations: dict[str, Conversation]
    splits: dict[str, list[str]]
    classes: list[str] | None
    features: dict[str, str]


def read_folder(folder: Path, features: Mapping[str, str], labels: Path | None = None, task: str | None = None) -> FeatureFolder:
    """Read a data set.

    Args:
        folder: holds the features (`comp_core.data.feature_arrays`) and a label pickle. An utterance without a file lacks that modality.
        features: modality -> name, of at least two modalities; by default those that ``extract`` writes.
        labels: the pickle, as a path or by its name in the folder; needed where there are several.
        task: ``scores`` or ``classes``; by default scores where a label is a float, classes where they are integers or names.

    Raises:
        LayoutError: something is missing or not as it should be, or the pickle asks for more than data.
    """
    own = {m: name for m, name in OWN_FEATURES.items() if (folder / "features" / name).is_dir()}
    chosen = dict(features or own)
    if len(chosen) < 2 or set(chosen) - set(MODALITIES):
        told = f"name the features of two or more of {', '.join(MODALITIES)}, like audio=NAME,text=NAME,video=NAME"
        raise LayoutError(f"{told}; there are {feature_names(folder)}")
    path = _pickle_of(folder, labels)
    items = read_labels(path)
    try:
        return _folder(folder, path, items, chosen, task)
    except (TypeError, ValueError, OverflowError, KeyError, AttributeError) as error:  # what is in the lists may be anything
        raise LayoutError(f"{path} cannot be read as labels: {error}") from error


def _pickle_of(folder: Path, labels: Path | None) -> Path:
    if labels is not None:
        path = labels if labels.is_file() else folder / labels
        if not path.is_file():
            raise LayoutError(f"{labels} is missing; {folder} holds {_pickles(folder)}")
        return path
    pickles = sorted(folder.glob("*.pkl"))
    if len(pickles) != 1:
        raise LayoutError(f"{folder} should hold one label pickle, but holds {_pickles(folder)}: say which with --labels FILE")
    return pickles[0]


def _pickles(folder: Path) -> str:
    return ", ".join(path.name for path in sorted(folder.glob("*.pkl"))) or "no *.pkl"


def _folder(folder: Path, path: Path, items: list[Any], features: dict[str, str], task: str | None) -> FeatureFolder:
    utterances, labels, speakers = items[:3]
    splits = {split: [str(name) for name in sorted(names)] for split, names in zip(SPLITS, items[-3:], strict=True)}
    by_name = {str(name): name for name in utterances}
    used = {name for names in splits.values() for name in names}
    if unknown := used - by_name.keys():
        raise LayoutError(f"{path}: conversation {min(unknown)} is in a split, but has no utterances")
    # Some releases have a list of one for each label.
    said = {name: np.asarray(labels[by_name[name]], object).ravel().tolist() for name in by_name if name in used}
    for name, row in said.items():
        if len(row) != len(utterances[by_name[name]]):
            raise LayoutError(f"{path}: conversation {name} has {len(utterances[by_name[name]])} utterances and {len(row)} labels")
    classes, targets = _targets(path, said, task)
    spoken = {
        u: str(who)
        for name in said
        for u, who in zip(utterances[by_name[name]], _speakers(speakers, by_name[name], utterances), strict=True)
    }
    vectors = {m: read_vectors(folder, name, spoken) for m, name in features.items()}
    conversations = {}
    for name, target in targets.items():
        ids = list(utterances[by_name[name]])
        arrays = {m: vectors[m].of(ids) if m in vectors else np.zeros((len(ids), 1), np.float32) for m in MODALITIES}
        there = np.array([[m in vectors and u in vectors[m].rows for m in MODALITIES] for u in ids], bool).reshape(-1, len(MODALITIES))
        conversations[name] = replace(Conversation.recorded(ids, arrays, target), there=there)
    return FeatureFolder(conversations, splits, classes, features)


def _speakers(speakers: Mapping[Any, Any], name: Any, utterances: Mapping[Any, Sequence[str]]) -> Sequence[Any]:
    """Who says each utterance of a conversation; "" where that is not told for each."""
    row = speakers.get(name, ())
    return row if isinstance(row, (list, tuple)) and len(row) == len(utterances[name]) else [""] * len(utterances[name])


def _targets(path: Path, said: Mapping[str, list[Any]], task: str | None) -> tuple[list[str] | None, dict[str, np.ndarray]]:
    """Names of the classes, or None for scores, and the labels of each conversation as the benchmark wants them."""
    values = [value for row in said.values() for value in row]
    kinds = {type(value) for value in values}
    if not kinds <= {int, float} and kinds != {str}:
        raise LayoutError(f"{path}: labels should be all numbers or all names, but are {', '.join(sorted(k.__name__ for k in kinds))}")
    if (task or (SCORES if float in kinds else CLASSES)) == SCORES:
        if str in kinds:
            raise LayoutError(f"{path}: the labels are names, like {values[0]!r}, and no scores: leave --task scores out")
        if not np.isfinite(values).all():
            raise LayoutError(f"{path}: a score is not finite")
        return None, {name: np.array(row, np.float32) for name, row in said.items()}
    if float in kinds and any(value != round(value) for value in values):
        raise LayoutError(f"{path}: the labels are scores, like {next(v for v in values if v != round(v))}, and no classes")
    if "" in values:
        raise LayoutError(f"{path}: an utterance has no label")
    order = sorted(set(values))
    number = {value: i for i, value in enumerate(order)}
    names = [value if isinstance(value, str) else str(round(value)) for value in order]
    return names, {name: np.array([number[value] for value in row], np.int64) for name, row in said.items()}


def read_labels(path: Path) -> list[Any]:
    """The seven items of a label pickle, without running anything that it may hold; of six, valid is empty.

    Raises:
        LayoutError: it is no pickle of six or seven items, or holds more than data.
    """
    try:
        items = load_labels(path)
    except Exception as error:  # bytes that are no pickle can fail in any way
        raise LayoutError(f"{path} cannot be read as labels: {error}") from error
    if not isinstance(items, (list, tuple)) or len(items) not in (6, 7) or not all(isinstance(item, dict) for item in items[:4]):
        told = "videoIDs, labels, speakers, sentences (dicts), train, valid (may be left out), test"
        raise LayoutError(f"{path} should hold six or seven items: {told}")
    items = list(items) if len(items) == 7 else [*items[:5], [], items[5]]
    utterances, labels = items[:2]
    if not all(isinstance(row, (list, tuple)) and all(isinstance(u, str) and is_inside(u) for u in row) for row in utterances.values()):
        raise LayoutError(f"{path}: videoIDs should be lists of utterances by conversation, named like their files")
    if utterances.keys() - labels.keys():
        raise LayoutError(f"{path} has no labels for conversation {next(iter(utterances.keys() - labels.keys()))!r}")
    return items
