"""Texts with emotion labels: GoEmotions in Ekman's grouping (Demszky et al., 2020) and MELD's dialogues (Poria et al., 2019)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np

from comp_core.modalities import LABELS
from comp_core.senses.words.tokens import plain_punctuation
from comp_core.support.assets import ASSETS

# Our name of a split -> the name in both corpora's files.
_SPLITS = {"train": "train", "valid": "dev", "test": "test"}


@dataclass(frozen=True)
class Utterance:
    """One turn of a dialogue; ``label`` is an index into LABELS."""

    text: str
    label: int
    speaker: str
    number: int


@dataclass(frozen=True)
class Dialogue:
    """A conversation; ``utterances`` are in the order in which they were said."""

    number: int
    utterances: tuple[Utterance, ...]


@dataclass(frozen=True)
class LabelledTexts:
    """Texts for a classifier. ``targets`` (n, 7) float, rows sum to 1; several labels share a row equally."""

    texts: tuple[str, ...]
    targets: np.ndarray

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def labels(self) -> np.ndarray:
        """(n,) index of the label, the first of several."""
        return self.targets.argmax(1)

    def single(self) -> LabelledTexts:
        """The rows that carry one label only."""
        keep = self.targets.max(1) == 1
        return LabelledTexts(tuple(text for text, k in zip(self.texts, keep, strict=True) if k), self.targets[keep])


def load_meld_dialogues(data: Path, split: str) -> list[Dialogue]:
    """Whole dialogues of MELD, in the order of the release.

    Args:
        data: folder that holds ``text/meld_*_sent_emo.csv``.
        split: train, valid or test (the official ones).
    """
    utterances: dict[int, list[Utterance]] = {}
    with _open(data, f"meld_{_SPLITS[split]}_sent_emo.csv", newline="") as file:
        for row in csv.DictReader(file):
            text, speaker = plain_punctuation(row["Utterance"]), plain_punctuation(row["Speaker"])
            said = Utterance(text, LABELS.index(row["Emotion"]), speaker, int(row["Utterance_ID"]))
            utterances.setdefault(int(row["Dialogue_ID"]), []).append(said)
    return [Dialogue(number, tuple(sorted(said, key=lambda u: u.number))) for number, said in utterances.items()]


def meld_texts(dialogues: list[Dialogue]) -> LabelledTexts:
    """The utterances of some dialogues, without their context."""
    said = [utterance for dialogue in dialogues for utterance in dialogue.utterances]
    return LabelledTexts(tuple(u.text for u in said), np.eye(len(LABELS), dtype=np.float32)[[u.label for u in said]])


def load_goemotions(data: Path, split: str) -> LabelledTexts:
    """GoEmotions in Ekman's grouping, rows with several labels included.

    Args:
        data: folder that holds ``text/goemotions_ekman_*``.
        split: train, valid or test (the official ones).
    """
    with _open(data, "goemotions_ekman_labels.txt") as file:
        column = [LABELS.index(name) for name in file.read().split()]
    with _open(data, f"goemotions_ekman_{_SPLITS[split]}.tsv") as file:
        rows = [line.rstrip("\n").split("\t") for line in file if line.strip()]
    targets = np.zeros((len(rows), len(LABELS)), np.float32)
    for target, (_, ids, *_) in zip(targets, rows, strict=True):
        target[[column[int(i)] for i in ids.split(",")]] = 1
    return LabelledTexts(tuple(plain_punctuation(text) for text, *_ in rows), targets / targets.sum(1, keepdims=True))


def load_plain(part: str) -> LabelledTexts:
    """Sentences of our own from ``assets/plain``, a label and a sentence in each line; several labels are meant in equal parts.

    Args:
        part: ``lessons`` to train on; ``development`` for choices only.
    """
    lines = (ASSETS / "plain" / f"{part}.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines]
    targets = np.stack([np.isin(LABELS, labels.split()) for labels, _ in rows]).astype(np.float32)
    return LabelledTexts(tuple(text for _, text in rows), targets / targets.sum(1, keepdims=True))


def _open(data: Path, name: str, newline: str | None = None) -> TextIO:
    path = data / "text" / name
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: --data must name the folder whose subfolder text/ holds {name}.")
    return path.open(encoding="utf-8", newline=newline)
