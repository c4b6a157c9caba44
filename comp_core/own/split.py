"""Which clips must not be learnt from and tested on at once, and the parts of which each is tested on once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from comp_core.own.table import Row

SPEAKER, CONVERSATION, CLIP = "speaker", "conversation", "clip"
FEWEST = 3
_TOLD = {
    SPEAKER: "Folds are of speakers: nobody who is tested on was learnt from.",
    CONVERSATION: "Folds are of conversations: a speaker who is in several may be learnt from and tested on, so that new people may be "
    "read less well than the figures say.",
    CLIP: "No speaker is given, and no conversation: folds are of clips. Who is tested on may also be learnt from, so that new people are "
    "likely to be read less well than the figures say.",
}


@dataclass(frozen=True)
class Groups:
    """What stays together.

    Attributes:
        by: what is kept apart: speaker, conversation or clip.
        told: the same in a sentence, with what it means for the figures.
        groups: of each row.
        conversations: of each row: what a model may read together.
    """

    by: str
    told: str
    groups: tuple[str, ...]
    conversations: tuple[str, ...]


def groups_of(rows: Sequence[Row]) -> Groups:
    """By speakers where they are given, those who talk with one another together; else by conversations; else by clips.

    Where all speakers talk with one another, conversations are kept apart instead. Parts of one file are one conversation unless the
    table has others.
    """
    conversations = tuple(row.conversation or row.file or f"line {row.line}" for row in rows)
    if any(row.speaker for row in rows):
        joined = _joined([row.speaker for row in rows], conversations)
        if len(set(joined)) >= FEWEST or len({row.speaker for row in rows}) < FEWEST:
            return Groups(SPEAKER, _TOLD[SPEAKER], joined, conversations)
        return Groups(CONVERSATION, _TOLD[CONVERSATION], conversations, conversations)
    by = CONVERSATION if any(row.conversation for row in rows) else CLIP
    return Groups(by, _TOLD[by], conversations, conversations)


def parts_of(groups: Sequence[str], classes: np.ndarray, most: int, seed: int) -> list[list[int]]:
    """Rows in up to ``most`` parts, no group in two, each part with about as many of every class.

    Args:
        groups: of each row.
        classes: (n,) int, of each row.
    """
    names = sorted(set(groups))
    counts = np.zeros((len(names), int(classes.max()) + 1))
    np.add.at(counts, (np.array([names.index(group) for group in groups]), classes), 1)
    totals = counts.sum(0).clip(min=1)
    # The largest first, those of one size in an order drawn by chance.
    order = np.random.default_rng(seed).permutation(len(names))
    order = order[np.argsort(-counts[order].sum(1), kind="stable")]
    filled = np.zeros((min(most, len(names)), counts.shape[1]))
    part_of: dict[str, int] = {}
    for g in order:
        added = ((2 * filled + counts[g]) * counts[g] / totals**2).sum(1)
        empty = filled.sum(1) == 0
        part = int(np.flatnonzero(empty)[0]) if empty.any() else int(added.argmin())
        filled[part] += counts[g]
        part_of[names[g]] = part
    return [[i for i, group in enumerate(groups) if part_of[group] == part] for part in range(len(filled))]


def _joined(speakers: Sequence[str], conversations: Sequence[str]) -> tuple[str, ...]:
    """Of each row the speakers who are linked with its own by conversations, as one name."""
    links: dict[str, set[str]] = {}
    for speaker, conversation in zip(speakers, conversations, strict=True):
        links.setdefault(conversation, set()).add(speaker)
    together: list[set[str]] = []
    for known in links.values():
        apart = [others for others in together if not others & known]
        together = [*apart, known.union(*(others for others in together if others & known))]
    name = {speaker: " + ".join(sorted(group)) for group in together for speaker in group}
    return tuple(name[speaker] for speaker in speakers)
