"""Rows and what the senses made of them -> conversations in parts, to train and test on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from comp_core.data.conversations import Conversation
from comp_core.inference.windows import CONTEXT
from comp_core.modalities import MODALITIES, subset_name
from comp_core.own.reading import Clip
from comp_core.own.split import Groups, groups_of, parts_of
from comp_core.own.table import FEWEST_CLIPS, Row, too_few
from comp_core.support.errors import CompCoreError

PARTS = 5
# A modality that fewer of the clips have is not learnt.
_LEAST_SHARE = 0.1


class TooFewError(CompCoreError):
    """After the clips were read, too little is left to learn from; the message says of what."""


@dataclass(frozen=True)
class Material:
    """What is learnt from.

    Attributes:
        conversations: all of them; labels are classes, or scores as in the table.
        parts: numbers of the conversations of each part.
        labels: none where there are scores.
        learnt: the modalities that enough clips have.
        rows: that are in it, in the order of the table.
        split: what is kept apart.
        left_out: row -> why it is not in it.
    """

    conversations: tuple[Conversation, ...]
    parts: tuple[tuple[int, ...], ...]
    labels: tuple[str, ...]
    learnt: tuple[str, ...]
    rows: tuple[Row, ...]
    split: Groups
    left_out: dict[Row, str]

    @property
    def context(self) -> int:
        """Utterances that a model reads together: one, where no conversation has more."""
        return CONTEXT if any(len(conversation) > 1 for conversation in self.conversations) else 1

    @property
    def whole(self) -> str:
        """The name of the subset of all that is learnt."""
        return subset_name(self.learnt)

    def of(self, *parts: int) -> list[Conversation]:
        """The conversations of these parts."""
        return [self.conversations[i] for part in parts for i in self.parts[part]]

    def groups_in(self, part: int) -> list[str]:
        """The speakers of a part, or what stands in for them."""
        group_of = dict(zip(self.split.conversations, self.split.groups, strict=True))
        return sorted({group_of[self.conversations[i].ids[0].rpartition("#")[0]] for i in self.parts[part]})


def material_of(rows: Sequence[Row], clips: Sequence[Clip], labels: tuple[str, ...], dims: Mapping[str, int], seed: int) -> Material:
    """Leave out what could not be read, and cut the rest into up to ``PARTS`` parts.

    Args:
        dims: modality -> size of its features.

    Raises:
        TooFewError: too little is left.
    """
    counts = {m: sum(m in clip.features for clip in clips) for m in MODALITIES}
    learnt = tuple(m for m in MODALITIES if counts[m] >= max(FEWEST_CLIPS, _LEAST_SHARE * len(rows)))
    left = [(row, clip) for row, clip in zip(rows, clips, strict=True) if any(m in learnt for m in clip.features)]
    kept = tuple(row for row, _ in left)
    known = set(kept)
    left_out = {row: _why(clip) for row, clip in zip(rows, clips, strict=True) if row not in known}
    if not kept:
        raise TooFewError(f"none of the {len(rows)} clips could be read: {next(iter(left_out.values()))}")
    if problems := too_few(kept):
        told = "; ".join(problem for _, problem in problems[:3])
        raise TooFewError(f"{len(left_out)} of {len(rows)} clips could not be read, and too few are left: {told}")
    split = groups_of(kept)
    classes = np.array([labels.index(row.label) if labels else 0 for row in kept])
    if not labels:
        classes = np.digitize([row.score or 0.0 for row in kept], np.quantile([row.score or 0.0 for row in kept], (1 / 3, 2 / 3)))
    of_rows = parts_of(split.groups, classes, PARTS, seed)
    part_of = {split.conversations[i]: part for part, numbers in enumerate(of_rows) for i in numbers}
    by_conversation: dict[str, list[int]] = {}
    for i, name in enumerate(split.conversations):
        by_conversation.setdefault(name, []).append(i)
    features = {m: _filled([clip.features.get(m) for _, clip in left], dims[m]) for m in MODALITIES}
    conversations = []
    for name, numbers in by_conversation.items():
        # Parts of a file in the order of time, whatever the order of the table.
        numbers.sort(key=lambda i: (kept[i].file, kept[i].start or 0.0) if kept[i].conversation == "" else ("", 0.0))
        target = [labels.index(kept[i].label) if labels else kept[i].score for i in numbers]
        one = Conversation.recorded(
            [f"{name}#{kept[i].line}" for i in numbers],
            {m: values[numbers] for m, values in features.items()},
            np.array(target, np.int64 if labels else np.float32),
        )
        there = np.array([[m in left[i][1].features and m in learnt for m in MODALITIES] for i in numbers])
        conversations.append(replace(one, there=there))
    names = list(by_conversation)
    parts = tuple(tuple(i for i, name in enumerate(names) if part_of[name] == part) for part in range(len(of_rows)))
    return Material(tuple(conversations), parts, labels, learnt, kept, split, left_out)


def _why(clip: Clip) -> str:
    return clip.absent.get("file") or "nothing to go on: " + ", ".join(f"{m} {why}" for m, why in clip.absent.items())


def _filled(given: Sequence[np.ndarray | None], dim: int) -> np.ndarray:
    """(n, D). What is missing is never looked at, but counts where features are standardised: so others' features stand in its place."""
    there = [values for values in given if values is not None]
    if not there:
        return np.zeros((len(given), dim), np.float32)
    return np.stack([there[i % len(there)] if values is None else values for i, values in enumerate(given)]).astype(np.float32)
