"""Dialogues with three modalities, made of corpora that have one each.

Words, speakers and labels are MELD's real conversations. Each utterance is given a face and a voice from other corpora, by label: how
often that is the utterance's own label is taken from what people hear and see in another corpus, `Agreement`. Every figure on such data
says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from comp_core.data.conversations import Conversation
from comp_core.data.text import Dialogue
from comp_core.modalities import AUDIO, LABELS, MODALITIES, TEXT, VIDEO

# Votes of CREMA-D's raters (Cao et al., 2014) on clips heard, seen, and both.
VOTES = "cremad_votes.npz"


@dataclass(frozen=True)
class Agreement:
    """What voice and face show in an utterance, given what it expresses.

    Attributes:
        source: where it is from, in a few words.
        joint: (K, K, K), P(the voice shows v, the face shows f | y), indexed [y, v, f]. What it expresses is what people say with both.
    """

    source: str
    joint: np.ndarray

    @classmethod
    def of_people(cls, path: Path) -> Agreement:
        """As measured on CREMA-D: what most raters take from the voice alone and from the face alone, given what others say with both.

        A tie is shared. CREMA-D has no surprise, so that it is given what the five other emotions have on average, with itself in the
        place of each.

        Raises:
            FileNotFoundError: the votes are not there.
        """
        if not path.is_file():
            raise FileNotFoundError(f"{path} is missing: CREMA-D's votes, from which it is known how far voice and face agree")
        with np.load(path) as file:
            votes, conditions, names = file["votes"], file["condition"].tolist(), file["label"].tolist()
        most = (votes == votes.max(2, keepdims=True)) & (votes > 0)
        shares = most / np.maximum(most.sum(2, keepdims=True), 1)
        voice, face, both = (shares[:, conditions.index(condition)] for condition in ("voice", "face", "both"))
        counts = np.einsum("ny,nv,nf->yvf", both, voice, face)
        place = [LABELS.index(name) for name in names]
        joint = np.zeros((len(LABELS),) * 3)
        joint[np.ix_(place, place, place)] = counts / counts.sum((1, 2), keepdims=True)
        (missing,) = set(range(len(LABELS))) - set(place)
        emotions = [i for i in place if LABELS[i] != "neutral"]
        for emotion in emotions:
            swapped = np.arange(len(LABELS))
            swapped[[emotion, missing]] = missing, emotion
            joint[missing] += joint[emotion][np.ix_(swapped, swapped)] / len(emotions)
        return cls("CREMA-D's raters", joint)

    @classmethod
    def independent(cls, source: str, rates: dict[str, float], neutral: float = 0.7) -> Agreement:
        """As assumed: each shows the utterance's label at its rate, else something drawn by chance.

        Args:
            rates: modality -> share of utterances in which it is set to the utterance's own label.
            neutral: of the others, the share that is neutral; the rest are any of the emotions, alike.
        """
        other = np.array([neutral if label == "neutral" else (1 - neutral) / (len(LABELS) - 1) for label in LABELS])
        shown = {m: rates[m] * np.eye(len(LABELS)) + (1 - rates[m]) * other for m in (AUDIO, VIDEO)}
        return cls(source, np.einsum("yv,yf->yvf", shown[AUDIO], shown[VIDEO]))

    @property
    def rates(self) -> dict[str, float]:
        """Modality -> how often it shows what the utterance expresses, labels weighing alike."""
        return {m: float(np.mean([self.joint[y].sum(1 - axis)[y] for y in range(len(LABELS))])) for axis, m in enumerate((AUDIO, VIDEO))}

    def unimodal_labels(self, labels: np.ndarray, random: np.random.Generator) -> dict[str, np.ndarray]:
        """What voice and face show in utterances of these labels: (n,) -> modality -> (n,)."""
        pairs = self.joint.reshape(len(LABELS), -1).cumsum(1)
        drawn = (pairs[labels] < random.random((len(labels), 1)) * pairs[labels, -1:]).sum(1)
        return dict(zip((AUDIO, VIDEO), np.unravel_index(drawn, self.joint.shape[1:]), strict=True))


ALWAYS = Agreement.independent("always", {AUDIO: 1.0, VIDEO: 1.0})
SELDOM = Agreement.independent("seldom", {AUDIO: 0.3, VIDEO: 0.2})


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
class PairedDialogues:
    """One split: dialogues, the features of their words, and pools of faces and voices that no other split draws from.

    ``words`` holds one or more forms of the same texts (as written, as a recogniser would write them), each a list of (n, D) by dialogue.
    What words show is MELD's label of the utterance.
    """

    dialogues: list[Dialogue]
    words: list[list[np.ndarray]]
    voices: Pool
    faces: Pool
    agreement: Agreement

    def draw(self, random: np.random.Generator) -> list[Conversation]:
        """Give every utterance a voice and a face. In a dialogue a speaker keeps one voice, and the words one form."""
        return [self._pair(i, random) for i in range(len(self.dialogues))]

    def _pair(self, i: int, random: np.random.Generator) -> Conversation:
        dialogue, words = self.dialogues[i], self.words[random.integers(len(self.words))][i]
        cast = {
            modality: {speaker: str(random.choice(pool.identities)) for speaker in sorted({u.speaker for u in dialogue.utterances})}
            for modality, pool in self._pools.items()
        }
        labels = np.array([u.label for u in dialogue.utterances])
        shown = {TEXT: labels, **self.agreement.unimodal_labels(labels, random)}
        drawn = {
            modality: np.stack(
                [pool.draw(label, cast[modality][u.speaker], random) for label, u in zip(shown[modality], dialogue.utterances, strict=True)]
            )
            for modality, pool in self._pools.items()
        }
        ids = tuple(f"{dialogue.number}_{u.number}" for u in dialogue.utterances)
        return Conversation(ids, {**drawn, TEXT: words}, labels, np.stack([shown[m] for m in MODALITIES], 1))

    @property
    def _pools(self) -> dict[str, Pool]:
        return {AUDIO: self.voices, VIDEO: self.faces}
