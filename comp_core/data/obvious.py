"""The sentences of the suite of the obvious: plain, in English, written for this project, on whose label practically everyone agrees.

Nobody trains on them. Of their two parts, ``choose`` may decide between models; ``test`` is for reports alone, and so are the everyday
sentences, which mostly tell what happened and name no expression.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from comp_core.data.text import load_goemotions, load_meld_dialogues, meld_texts
from comp_core.modalities import LABELS
from comp_core.support.assets import ASSETS
from comp_core.support.errors import CompCoreError

SENTENCES = ASSETS / "obvious" / "sentences.tsv"
EVERYDAY = ASSETS / "obvious" / "everyday.tsv"
PARTS = ("choose", "test")
AMBIVALENT = "ambivalent"  # irony, greetings, fragments: "not sure" or neutral is right
SEED = 0

_NEGATION = re.compile(r"\b(no|not|never|nothing|nobody|none|neither|nor|nowhere|without|cannot|\w+n't)\b", re.IGNORECASE)
_MARKS = {".": "stop", "!": "exclamation", "?": "question"}


class ObviousError(CompCoreError):
    """The sentences are not as they must be; the message says what to do."""


@dataclass(frozen=True)
class Sentence:
    """One row of the file.

    Attributes:
        label: one of LABELS, or ``AMBIVALENT``.
        part: one of ``PARTS``.
        length: few (1-3 words), short (4-8) or long.
        negation: yes or no: does it hold a word such as not, never, nothing.
        punctuation: its last mark (stop, exclamation, question), or none.
    """

    sentence: str
    label: str
    part: str
    length: str
    negation: str
    punctuation: str


def load_sentences(path: Path = SENTENCES) -> list[Sentence]:
    """The sentences with their parts.

    Raises:
        ObviousError: a column is not what the rule of `arranged` gives; parts are fixed for ever.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = [Sentence(**row) for row in csv.DictReader(file, delimiter="\t")]
    if rows != arranged((row.sentence, row.label) for row in rows):
        raise ObviousError(f"{path} has been changed: its sentences and parts are fixed. Take the file from the repository again.")
    return rows


def load_everyday() -> list[tuple[str, str]]:
    """(sentence, label) of the everyday sentences."""
    with EVERYDAY.open(encoding="utf-8", newline="") as file:
        return [(row["sentence"], row["label"]) for row in csv.DictReader(file, delimiter="\t")]


def every_sentence() -> list[str]:
    """All sentences of the suite, of both files and parts."""
    return [row.sentence for row in load_sentences()] + [text for text, _ in load_everyday()]


def arranged(labelled: Iterable[tuple[str, str]]) -> list[Sentence]:
    """Describe (sentence, label) pairs and halve them: each label's are ordered by length, negation and a hash, then dealt in turn."""
    order = (*LABELS, AMBIVALENT)
    described = [(order.index(label), label, _length(text), _negation(text), _hash(text), text) for text, label in labelled]
    return [
        Sentence(text, label, PARTS[i % 2], length, negation, _MARKS.get(text[-1], "none"))
        for i, (_, label, length, negation, _, text) in enumerate(sorted(described))
    ]


def normalised(text: str) -> str:
    """Letters and digits in lower case: what is left when two people write the same sentence."""
    return " ".join(re.findall(r"[a-z0-9]+", text.lower().replace("'", "").replace("\u2019", "")))


def trained_on(sentences: Sequence[str], data: Path) -> list[str]:
    """Those of the sentences that occur in GoEmotions or MELD, in any split.

    Raises:
        FileNotFoundError: the corpora are not in ``data``.
    """
    splits = ("train", "valid", "test")
    corpora = (part for split in splits for part in (load_goemotions(data, split), meld_texts(load_meld_dialogues(data, split))))
    known = {normalised(text) for part in corpora for text in part.texts}
    return [text for text in sentences if normalised(text) in known]


def _length(text: str) -> str:
    count = len(text.split())
    return "few" if count <= 3 else "short" if count <= 8 else "long"


def _negation(text: str) -> str:
    return "yes" if _NEGATION.search(text) else "no"


def _hash(text: str) -> str:
    return hashlib.sha256(f"{SEED} {normalised(text)}".encode()).hexdigest()
