"""Accuracy against missing rate on a few held-out conversations, fast enough to be asked for by a visitor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from comp_core.data.conversations import Conversation, batch_of
from comp_core.data.masks import fixed_mask
from comp_core.inference.windows import window_ends
from comp_core.metrics.rules import late_average
from comp_core.modalities import MODALITIES
from comp_core.modeling.batch import Batch, stack
from comp_core.support.atomic_files import whole_file

LATE = "late fusion"
MOSTLY_GONE = 0.9
DRAWS = 3


@dataclass(frozen=True)
class Point:
    """Accuracies at one missing rate: model -> one for each draw of what is missing."""

    rate: float
    accuracy: dict[str, list[float]]


def save_conversations(path: Path, conversations: Sequence[Conversation]) -> None:
    """Write conversations as one npz, features in half precision."""
    columns = {f"features_{m}": np.concatenate([c.features[m] for c in conversations]).astype(np.float16) for m in MODALITIES}
    labels, shown = (np.concatenate([getattr(c, name) for c in conversations]).astype(np.uint8) for name in ("labels", "unimodal_labels"))
    ids, lengths = np.array([i for c in conversations for i in c.ids]), np.array([len(c) for c in conversations])
    with whole_file(path) as beside:
        np.savez_compressed(beside, ids=ids, lengths=lengths, labels=labels, shown=shown, **columns)


def load_conversations(path: Path) -> list[Conversation]:
    """Read what `save_conversations` wrote."""
    with np.load(path, allow_pickle=False) as arrays:
        stored = {name: arrays[name] for name in arrays.files}
    found, start = [], 0
    for length in stored["lengths"]:
        part = slice(start, start + length)
        features = {m: stored[f"features_{m}"][part].astype(np.float32) for m in MODALITIES}
        labels, unimodal_labels = stored["labels"][part].astype(int), stored["shown"][part].astype(int)
        found.append(Conversation(tuple(stored["ids"][part].tolist()), features, labels, unimodal_labels))
        start += length
    return found


def curve(
    models: Mapping[str, nn.Module], conversations: Sequence[Conversation], rates: Sequence[float], gone: str | None, seed: int
) -> Iterator[Point]:
    """The points of a curve, one after the other.

    Each utterance is predicted as the last of its window, as the page does. Late fusion is the mean of what the first model makes of
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


def masked_windows(conversations: Sequence[Conversation], rate: float | Mapping[str, float], seed: int) -> Batch:
    """Each utterance as the last of its window, with that share of the modalities missing."""
    windows, masks = [], []
    drawn = fixed_mask([i for c in conversations for i in c.ids], "lab", seed, rate)
    ends = np.cumsum([len(c) for c in conversations])
    for conversation, mask in zip(conversations, np.split(drawn, ends[:-1]), strict=True):
        for part in window_ends(len(conversation)):
            windows.append(conversation.window(part))
            masks.append(torch.from_numpy(mask[part]))
    batch = batch_of(windows)
    return replace(batch, conversations=batch.conversations.observe(nn.utils.rnn.pad_sequence(masks, batch_first=True)))


@torch.inference_mode()
def _right(
    models: Mapping[str, nn.Module], conversations: Sequence[Conversation], rate: float | Mapping[str, float], seed: int
) -> dict[str, float]:
    batch = masked_windows(conversations, rate, seed)
    masked = batch.conversations
    rows, last = torch.arange(len(batch.labels)), masked.valid.sum(1) - 1
    labels = batch.labels[rows, last]
    found = {}
    for name, model in models.items():
        found[name] = model(masked).logits[rows, last].argmax(-1)
        if LATE not in found:
            alone = model(stack([masked.only((m,)) for m in MODALITIES])).split(len(batch.labels))
            unimodal = torch.stack([part.modality_logits[rows, last, i].softmax(-1) for i, part in enumerate(alone)])
            there = masked.observed[rows, last].T.unsqueeze(-1)
            found[LATE] = torch.from_numpy(late_average((unimodal * there).numpy(), np.empty(0))).argmax(-1)
    return {name: (guess == labels).double().mean().item() for name, guess in found.items()}
