"""What every fusion model learns from: utterances in the order in which they were said, with the features of each modality."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from comp_core.modalities import MODALITIES
from comp_core.modeling.batch import Batch, Conversations, collate


@dataclass(frozen=True)
class Conversation:
    """Some utterances with all their modalities.

    Attributes:
        ids: names of the utterances, unique in their data set.
        features: modality -> (n, D_m) float32.
        labels: (n,) what the utterance expresses: int classes, or float32 scores.
        unimodal_labels: (n, M) what each modality by itself shows, in the order of ``MODALITIES``.
        there: (n, M) bool, what was recorded; None: everything. What was not has any values.
    """

    ids: tuple[str, ...]
    features: dict[str, np.ndarray]
    labels: np.ndarray
    unimodal_labels: np.ndarray
    there: np.ndarray | None = None

    @classmethod
    def recorded(cls, ids: Sequence[str], features: dict[str, np.ndarray], labels: np.ndarray) -> Conversation:
        """Modalities of the same moments: each is taken to show what the utterance expresses."""
        return cls(tuple(ids), features, labels, np.repeat(labels[:, None], len(MODALITIES), 1))

    def __len__(self) -> int:
        return len(self.labels)

    def window(self, part: slice) -> Conversation:
        there = None if self.there is None else self.there[part]
        return Conversation(
            self.ids[part], {m: x[part] for m, x in self.features.items()}, self.labels[part], self.unimodal_labels[part], there
        )


def batch_of(windows: Sequence[Conversation]) -> Batch:
    """Windows as one batch in which everything is observed that was recorded."""
    recorded = [np.ones_like(window.unimodal_labels, bool) if window.there is None else window.there for window in windows]
    conversations = collate([window.features for window in windows], recorded)

    def padded(name: str) -> Tensor:
        return pad_sequence([torch.from_numpy(getattr(window, name)) for window in windows], batch_first=True)

    return Batch(conversations, padded("labels"), padded("unimodal_labels"), conversations.observed)


def masked_batch(conversations: Sequence[Conversation], masks: Sequence[np.ndarray]) -> Batch:
    """Conversations as one batch, of which the (n, M) ``masks`` tell what is observed."""
    batch = batch_of(conversations)
    return replace(batch, conversations=masked(batch.conversations, masks))


def masked(conversations: Conversations, masks: Sequence[np.ndarray]) -> Conversations:
    """Padded conversations, of which the (n, M) ``masks`` tell what of that which is observed stays so."""
    kept = np.zeros(conversations.observed.shape, bool)
    for row, mask in zip(kept, masks, strict=True):
        row[: len(mask)] = mask
    return conversations.observe(torch.from_numpy(kept).to(conversations.observed.device) & conversations.observed)
