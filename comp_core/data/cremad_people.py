"""What people say of CREMA-D's clips (Cao et al., 2014) from the voice alone, the face alone and both: fusion with people as senses."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from comp_core.data.conversations import Conversation
from comp_core.data.paired import VOTES
from comp_core.modalities import AUDIO, TEXT, VIDEO
from comp_core.support.errors import CompCoreError

# Condition of the votes -> the modality that raters had.
_GIVEN = {AUDIO: "voice", VIDEO: "face"}
_TARGET = "both"
# What a clip's name says that its actor was asked for.
_ASKED_FOR = {"NEU": "neutral", "HAP": "joy", "SAD": "sadness", "ANG": "anger", "FEA": "fear", "DIS": "disgust"}


class VotesError(CompCoreError):
    """The file is missing; the message says what to do."""


@dataclass(frozen=True)
class Votes:
    """How many raters gave which label.

    Attributes:
        clips: their names, (N,).
        counts: condition ("voice", "face", "both") -> (N, K).
        classes: the names of the K labels.
    """

    clips: list[str]
    counts: dict[str, np.ndarray]
    classes: list[str]

    @property
    def asked_for(self) -> np.ndarray:
        """The label that each clip's actor was asked for, (N,) indices of ``classes``."""
        return np.array([self.classes.index(_ASKED_FOR[clip.split("_")[2]]) for clip in self.clips])


def load_votes(data: Path) -> Votes:
    """All clips.

    Raises:
        VotesError: there is no ``cremad_votes.npz`` in ``data``.
    """
    path = data / VOTES
    if not path.is_file():
        raise VotesError(f"{path} is missing: point --data at the folder that holds it.")
    with np.load(path) as arrays:
        clips, votes, conditions, classes = (arrays[name] for name in ("clip", "votes", "condition", "label"))
    counts = {name: votes[:, i].astype(np.float32) for i, name in enumerate(conditions.tolist())}
    return Votes(clips.tolist(), counts, classes.tolist())


def load_people(data: Path, single: bool = False) -> tuple[dict[str, list[Conversation]], list[str]]:
    """Actor -> clips, each a conversation of one utterance, and the names of the classes.

    The features of voice and face are the shares of the labels that raters gave who had that modality alone. The label is what most
    raters said who had both; where they are divided alike (5.6 % of the clips) it is the first in the order of the labels. There are no
    words: their array is empty.

    Args:
        single: the features are those of one rater of each modality, drawn for each clip by its name: a noisy sense.

    Raises:
        VotesError: there is no ``cremad_votes.npz`` in ``data``.
    """
    votes = load_votes(data)
    people: dict[str, list[Conversation]] = {}
    for i, clip in enumerate(votes.clips):
        label = int(votes.counts[_TARGET][i].argmax())
        counts = {modality: votes.counts[name][i] for modality, name in _GIVEN.items()}
        shown = {m: _one_rater(clip, m, row) if single else row / row.sum() for m, row in counts.items()}
        features = {TEXT: np.zeros((1, 1), np.float32), **{m: row[None] for m, row in shown.items()}}
        people.setdefault(actor_of(clip), []).append(Conversation.recorded([clip], features, np.array([label])))
    return people, votes.classes


def actor_of(clip: str) -> str:
    """1001_DFA_ANG_XX is of actor 1001."""
    return clip.split("_")[0]


def _one_rater(clip: str, modality: str, counts: np.ndarray) -> np.ndarray:
    """What one of the raters said, (K,) with a one."""
    digest = hashlib.blake2b(f"{clip} {modality}".encode(), digest_size=8).digest()
    rater = int.from_bytes(digest, "big") % int(counts.sum())
    return np.eye(len(counts), dtype=np.float32)[np.searchsorted(counts.cumsum(), rater, side="right")]
