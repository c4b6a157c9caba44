"""Conversations that a model is asked about again and again: padded once, and kept on its device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import nn

from comp_core.data.conversations import Conversation, batch_of, masked
from comp_core.evaluation.loop import Predicted, predict_entries
from comp_core.modeling.batch import Conversations, stack
from comp_core.support.devices import device_of

# Entries that are predicted together, unless one conversation has more, and the share of them that padding may be.
_TOGETHER = 4096
_PADDING = 0.2


@dataclass(frozen=True)
class Asked:
    """What a model is asked: conversations under some masks.

    Attributes:
        batches: of them, on the device.
        places: of each utterance that the batches have, in their order, its number under the first mask, then the second, and so on.
        masks: how many there are.
    """

    batches: Sequence[Conversations]
    places: np.ndarray
    masks: int

    def answers(self, model: nn.Module) -> list[Predicted]:
        """The predictions under each of the masks, in the order of the conversations."""
        found = predict_entries(model, ((batch, batch.valid) for batch in self.batches))
        order = np.argsort(self.places).reshape(self.masks, -1)
        return [Predicted(*(getattr(found, field.name)[rows] for field in fields(Predicted))) for rows in order]


class Held:
    """Conversations on a device, those of like lengths together: of videos in the order of a split more than half would be padding."""

    def __init__(self, conversations: Sequence[Conversation], device: torch.device | str) -> None:
        self._lengths = np.array([len(c) for c in conversations])
        self._groups = _alike(self._lengths)
        self._batches = [batch_of([conversations[i] for i in group]).conversations.to(device) for group in self._groups]

    def under(self, *masks: Sequence[np.ndarray]) -> Asked:
        """They, under each of the masks: of each conversation, (n, M) bool, what of it is observed."""
        starts = np.cumsum(self._lengths) - self._lengths
        batches, places = [], []
        for group, batch in zip(self._groups, self._batches, strict=True):
            several = max(1, _TOGETHER // batch.valid.numel())
            for first in range(0, len(masks), several):
                some = range(first, min(first + several, len(masks)))
                batches.append(stack([masked(batch, [masks[k][i] for i in group]) for k in some]))
                places += [k * self._lengths.sum() + starts[i] + np.arange(self._lengths[i]) for k in some for i in group]
        return Asked(batches, np.concatenate(places), len(masks))


def predict(model: nn.Module, conversations: Sequence[Conversation], masks: Sequence[np.ndarray]) -> Predicted:
    """Predict whole conversations under the masks."""
    return Held(conversations, device_of(model)).under(masks).answers(model)[0]


def _alike(lengths: np.ndarray) -> list[list[int]]:
    """Numbers of conversations in groups, from the longest to the shortest, none of which has much padding or many entries."""
    groups: list[list[int]] = []
    for i in np.argsort(-lengths, kind="stable").tolist():
        if groups:
            longest, used = lengths[groups[-1][0]], lengths[groups[-1]].sum() + lengths[i]
            entries = longest * (len(groups[-1]) + 1)
            if entries <= _TOGETHER and used >= (1 - _PADDING) * entries:
                groups[-1].append(i)
                continue
        groups.append([i])
    return groups
