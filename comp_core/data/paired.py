"""Dialogues with three modalities, made of corpora that have one each.

Words, speakers and labels are MELD's real conversations. Each utterance is given a face and a voice *of the same label* from other
corpora: the three agree by construction, as people's do not. Every figure on such data says so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from comp_core.data.text import Dialogue
from comp_core.modalities import AUDIO, TEXT, VIDEO


@dataclass(frozen=True)
class Pool:
    """Features of one modality to draw from: label index -> identity -> (n, D). Faces of unknown people share one identity."""

    by_label: dict[int, dict[str, np.ndarray]]

    @classmethod
    def collect(cls, features: np.ndarray, labels: np.ndarray, identities: list[str]) -> Pool:
        by_label: dict[int, dict[str, list[np.ndarray]]] = {}
        for feature, label, identity in zip(features, labels, identities, strict=True):
            by_label.setdefault(int(label), {}).setdefault(identity, []).append(feature)
        return cls({label: {who: np.stack(rows) for who, rows in people.items()} for label, people in by_label.items()})

    @property
    def identities(self) -> list[str]:
        return sorted({who for people in self.by_label.values() for who in people})

    def draw(self, label: int, identity: str, random: np.random.Generator) -> np.ndarray:
        """(D,) of this label, from this identity if it has any (Emo-DB has no surprise), else from another."""
        people = self.by_label[label]
        rows = people[identity if identity in people else str(random.choice(sorted(people)))]
        return rows[random.integers(len(rows))]


@dataclass(frozen=True)
class Conversation:
    """``features`` modality -> (n, D_m) float32, ``labels`` (n,) int."""

    features: dict[str, np.ndarray]
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def window(self, part: slice) -> Conversation:
        return Conversation({m: x[part] for m, x in self.features.items()}, self.labels[part])


@dataclass(frozen=True)
class PairedDialogues:
    """One split: dialogues, the features of their words, and pools of faces and voices that no other split draws from.

    ``words`` holds one or more forms of the same texts (as written, as a recogniser would write them), each a list of (n, D) by dialogue.
    """

    dialogues: list[Dialogue]
    words: list[list[np.ndarray]]
    voices: Pool
    faces: Pool

    def draw(self, random: np.random.Generator) -> list[Conversation]:
        """Give every utterance a voice and a face of its label. In a dialogue a speaker keeps one voice, and the words one form."""
        return [self._pair(i, random) for i in range(len(self.dialogues))]

    def _pair(self, i: int, random: np.random.Generator) -> Conversation:
        dialogue, words = self.dialogues[i], self.words[random.integers(len(self.words))][i]
        cast = {
            modality: {speaker: str(random.choice(pool.identities)) for speaker in sorted({u.speaker for u in dialogue.utterances})}
            for modality, pool in self._pools.items()
        }
        drawn = {
            modality: np.stack([pool.draw(u.label, cast[modality][u.speaker], random) for u in dialogue.utterances])
            for modality, pool in self._pools.items()
        }
        return Conversation({**drawn, TEXT: words}, np.array([u.label for u in dialogue.utterances]))

    @property
    def _pools(self) -> dict[str, Pool]:
        return {AUDIO: self.voices, VIDEO: self.faces}
