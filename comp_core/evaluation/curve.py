"""Accuracy against missing rate on a few held-out conversations, fast enough to be asked for by a visitor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from comp_core.data.conversations import Conversation
from comp_core.data.masks import fixed_mask
from comp_core.evaluation.predictions import predictions
from comp_core.metrics.calibration import softmax
from comp_core.metrics.rules import late_average
from comp_core.modalities import MODALITIES, SUBSETS, subset_name
from comp_core.support.atomic_files import whole_file

LATE = "late fusion"
MOSTLY_GONE = 0.9
DRAWS = 3
_ALL = subset_name(MODALITIES)
# Everything, and each modality alone.
_ASKED = {name: subset for name, subset in SUBSETS.items() if len(subset) in (1, len(MODALITIES))}


@dataclass(frozen=True)
class Point:
    """Accuracies at one missing rate: model -> one for each draw of what is missing."""

    rate: float
    accuracy: dict[str, list[float]]


def save_conversations(path: Path, conversations: Sequence[Conversation]) -> None:
    """Write conversations as one npz, features in half precision."""
    features = {m: np.concatenate([c.features[m] for c in conversations]) for m in MODALITIES}
    columns: dict[str, Any] = {f"features_{m}": values.astype(np.float16) for m, values in features.items()}
    labels, unimodal_labels = (
        np.concatenate([getattr(c, name) for c in conversations]).astype(np.uint8) for name in ("labels", "unimodal_labels")
    )
    ids, lengths = np.array([i for c in conversations for i in c.ids]), np.array([len(c) for c in conversations])
    with whole_file(path) as beside:
        np.savez_compressed(beside, ids=ids, lengths=lengths, labels=labels, unimodal_labels=unimodal_labels, **columns)


def load_conversations(path: Path) -> list[Conversation]:
    """Read what `save_conversations` wrote."""
    with np.load(path, allow_pickle=False) as arrays:
        stored = {name: arrays[name] for name in arrays.files}
    found, start = [], 0
    for length in stored["lengths"]:
        part = slice(start, start + length)
        features = {m: stored[f"features_{m}"][part].astype(np.float32) for m in MODALITIES}
        labels, unimodal_labels = stored["labels"][part].astype(int), stored["unimodal_labels"][part].astype(int)
        found.append(Conversation(tuple(stored["ids"][part].tolist()), features, labels, unimodal_labels))
        start += length
    return found


def curve(
    models: Mapping[str, nn.Module], conversations: Sequence[Conversation], rates: Sequence[float], gone: str | None, seed: int
) -> Iterator[Point]:
    """The points of a curve, one after the other.

    Each utterance is predicted as the last of its window of up to `CONTEXT`. Late fusion is the mean of what the first model makes of
    each modality alone.

    Args:
        gone: a modality of which ``MOSTLY_GONE`` is missing at every rate; the rate is then that of the others.
    """
    for rate in rates:
        accuracy: dict[str, list[float]] = {name: [] for name in (*models, LATE)}
        for draw in range(DRAWS):
            wanted = rate if gone is None else {m: MOSTLY_GONE if m == gone else rate for m in MODALITIES}
            for name, right in _right(models, conversations, wanted, seed + draw).items():
                accuracy[name].append(right)
        yield Point(rate, accuracy)


def masks_at(conversations: Sequence[Conversation], rate: float | Mapping[str, float], seed: int) -> list[np.ndarray]:
    """Of each conversation, (n, M) bool: what is observed when that share of the modalities is missing."""
    drawn = fixed_mask([i for c in conversations for i in c.ids], "lab", seed, rate)
    return np.split(drawn, np.cumsum([len(c) for c in conversations])[:-1])


def _right(
    models: Mapping[str, nn.Module], conversations: Sequence[Conversation], rate: float | Mapping[str, float], seed: int
) -> dict[str, float]:
    masks = masks_at(conversations, rate, seed)
    probabilities = {}
    for number, (name, model) in enumerate(models.items()):
        found = predictions(model, conversations, _ASKED if number == 0 else {_ALL: MODALITIES}, masks)
        probabilities[name] = found[_ALL]["fused"]
        if number == 0:
            alone = np.stack([softmax(found[subset_name((m,))]["unimodal"][:, i]) for i, m in enumerate(MODALITIES)])
            there = np.concatenate(masks).T[..., None]
            probabilities[LATE] = late_average(alone * there, np.empty(0))
    labels = np.concatenate([c.labels for c in conversations])
    return {name: float(np.mean(found.argmax(-1) == labels)) for name, found in probabilities.items()}
