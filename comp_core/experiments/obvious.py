"""The suite of the obvious: plain sentences, acted voices, faces on which people agree. Which errors would a visitor laugh at?"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from comp_core.data.ferplus import CLASSES, framed
from comp_core.data.obvious import (
    AMBIVALENT,
    EVERYDAY,
    PARTS,
    SEED,
    SENTENCES,
    ObviousError,
    every_sentence,
    load_everyday,
    load_sentences,
    trained_on,
)
from comp_core.data.speech import load_speech
from comp_core.metrics.figures import class_report
from comp_core.modalities import AUDIO, LABELS, TEXT, VIDEO, subset_name
from comp_core.modeling.registry import KINDS
from comp_core.predictor import Predictor
from comp_core.senses.face.locator import FaceLocator
from comp_core.senses.reading import SILENCE, Reading
from comp_core.senses.speech.utterances import segment
from comp_core.support.checkpoint import hashes_of, sha256_of
from comp_core.support.progress import progress
from comp_core.training.task import Task
from comp_core.training.texts import unpunctuated

FORMS: dict[str, Callable[[str], str]] = {"as_written": str, "unpunctuated": unpunctuated}
AGREEMENT, FACES_A_LABEL = 0.8, 40  # share of all ten kinds of FER+ votes; at most so many pictures
HARSH = frozenset(("sadness", "anger", "fear", "disgust"))


@dataclass(frozen=True)
class Answered:
    """What one sense or fusion model says to one group of things.

    Attributes:
        who: the modality for its sense alone, else the name of the fusion model.
        group: of what, from wide to narrow, such as ``("sentences", "choose", "as_written")``.
        items: their names; ``labels``: what they are; both of the n that could be read, of ``asked``.
        probabilities: (n, 7).
        answer_threshold: the page says "not sure" where no label reaches this.
    """

    who: str
    group: tuple[str, ...]
    items: tuple[str, ...]
    labels: tuple[str, ...]
    probabilities: np.ndarray
    answer_threshold: float
    asked: int

    @property
    def said(self) -> list[str]:
        return [LABELS[i] for i in self.probabilities.argmax(1)]

    def errors(self) -> list[dict[str, Any]]:
        """The errors on things that have a label, the surest first; ``laughable``: joy for what is harsh or the reverse, above .5."""
        best = self.probabilities.max(1)
        found = [
            {"item": item, "label": label, "said": said, "probability": round(float(p), 3), "laughable": _laughable(label, said, p)}
            for item, label, said, p in zip(self.items, self.labels, self.said, best, strict=True)
            if label != said and label != AMBIVALENT
        ]
        return sorted(found, key=lambda error: -error["probability"])

    def figures(self) -> dict[str, Any]:
        """Recall of each label, confusion, the share that is "not sure"; of what is ambivalent, how often nothing is claimed."""
        unsure = self.probabilities.max(1) < self.answer_threshold
        shares = {"n": len(self.labels), "read": len(self.labels) / self.asked, "not_sure": float(unsure.mean())}
        if AMBIVALENT in self.labels:
            calm = unsure | (self.probabilities.argmax(1) == LABELS.index("neutral"))
            return {**shares, "right": float(calm.mean()), "said": {label: self.said.count(label) for label in LABELS}}
        pairs = list(zip(self.labels, self.said, strict=True))
        known = class_report(self.probabilities, np.array([LABELS.index(label) for label in self.labels]), LABELS)
        return {
            **shares,
            **{key: known[key] for key in ("accuracy", "uar", "recall")},
            "wrong_and_sure": float(np.mean([a != b and not u for (a, b), u in zip(pairs, unsure, strict=True)])),
            "laughable": sum(error["laughable"] for error in self.errors()),
            "confusion": {a: {b: pairs.count((a, b)) for b in LABELS if (a, b) in pairs} for a in LABELS},
        }


def measure(task: Task, models: Sequence[str] = tuple(KINDS), show: str | None = None) -> None:
    """Write ``obvious.json``; without corpora the sentences alone.

    Args:
        models: fusion models to ask beside the senses.
        show: a part whose wrong answers are printed, too; "test" is for a last read.
    """
    predictor = Predictor.load(models, task.device, weights=task.weights)
    answered = answer_all(predictor, task.weights, task.corpora, task.work)
    print(readable(answered, show), file=sys.stderr)
    task.write_report("obvious", report(answered, task.weights))


def answer_all(predictor: Predictor, weights: Path, data: Path | None, work: Path) -> list[Answered]:
    """Everything: the sentences, and where there are data, voices and faces.

    Raises:
        ObviousError: a sentence occurs in the texts of ``data``, on which the words sense is trained.
        FileNotFoundError, SpeechDataError: a corpus is missing.
    """
    answered = [one for part in PARTS for one in answer_sentences(predictor, weights, part)]
    if data is not None:
        if seen := trained_on(every_sentence(), data):
            raise ObviousError(f"these sentences occur in the training texts, so that they prove nothing; replace them: {seen}")
        answered += answer_media(predictor, weights, data, work)
    return answered


def answer_sentences(predictor: Predictor, weights: Path, part: str) -> Iterator[Answered]:
    """The plain and the ambivalent sentences of a part, and of the test part the everyday ones, in both ``FORMS``."""
    chosen = [row for row in load_sentences() if row.part == part]
    groups = {
        "sentences": [(row.sentence, row.label) for row in chosen if row.label != AMBIVALENT],
        AMBIVALENT: [(row.sentence, row.label) for row in chosen if row.label == AMBIVALENT],
        **({"everyday": load_everyday()} if part == "test" else {}),
    }
    for name, written in FORMS.items():
        for kind, named in groups.items():
            readings = [predictor.words.read(written(text)) for text, _ in named]
            yield from _answers(predictor, weights, TEXT, (kind, part, name), named, readings)


def answer_media(predictor: Predictor, weights: Path, data: Path, work: Path) -> Iterator[Answered]:
    """The acted clips of the test speakers, by corpus, and FER+ test pictures on which most people agree, through detection."""
    clips = [clip for clip in load_speech(data, work).split("test") if clip.live_label]
    for corpus in sorted({clip.corpus for clip in clips}):
        own = [clip for clip in clips if clip.corpus == corpus]
        readings = [_heard(predictor, clip.samples) for clip in progress(own, corpus)]
        yield from _answers(predictor, weights, AUDIO, ("voices", corpus), [(clip.name, str(clip.live_label)) for clip in own], readings)
    locator, readings, named = FaceLocator(tracking=False), [], []
    for name, label, image in progress(agreed_faces(data), "faces"):
        seen = predictor.face.see(cv2.cvtColor(framed(image), cv2.COLOR_GRAY2RGB), locator)
        readings.append(predictor.face.summarise([seen]))
        named.append((name, label))
    locator.close()
    yield from _answers(predictor, weights, VIDEO, ("faces", "ferplus"), named, readings)


def _heard(predictor: Predictor, samples: np.ndarray) -> Reading:
    """The longest utterance of a clip, as live segmentation cuts it."""
    spoken = max(segment(samples), key=lambda utterance: len(utterance.samples), default=None)
    return Reading.absent(SILENCE) if spoken is None else predictor.voice.read(spoken.samples)


def agreed_faces(data: Path) -> list[tuple[str, str, np.ndarray]]:
    """(name, label, picture (48, 48)) of FER+ test: at most ``FACES_A_LABEL`` a label, drawn by ``SEED``."""
    with np.load(data / "ferplus.npz") as archive:
        images, votes, names = (archive[f"test_{part}"] for part in ("images", "votes", "names"))
    agreed, random, found = votes.max(1) >= AGREEMENT * votes.sum(1), np.random.default_rng(SEED), []
    for label in LABELS:
        own = random.permutation(np.flatnonzero(agreed & (votes.argmax(1) == CLASSES.index(label))))
        found += [(str(names[i]), label, images[i]) for i in own[:FACES_A_LABEL]]
    return found


def report(answered: Sequence[Answered], weights: Path) -> dict[str, Any]:
    """All figures. The laughable errors of the test part are counted, not listed: who reads them would begin to tune on them."""
    metrics: dict[str, Any] = {}
    for one in answered:
        place = metrics
        for name in one.group:
            place = place.setdefault(name, {})
        place[one.who] = {**one.figures(), **(_right_by_kind(one) if one.group[0] == "sentences" else {})}
    told = [one for one in answered if "test" not in one.group]
    listed = [{"group": "/".join(one.group), "who": one.who, **error} for one in told for error in one.errors() if error.pop("laughable")]
    used = sorted({one.who for one in answered} - {AUDIO, TEXT, VIDEO} | {"words", "voice", "face"})
    files = {path.stem: sha256_of(path) for path in (SENTENCES, EVERYDAY)}
    return {"weights": hashes_of(used, weights), **files, "seed": SEED, "metrics": metrics, "laughable": listed}


def _right_by_kind(one: Answered) -> dict[str, dict[str, dict[str, float]]]:
    """Accuracy of answers to sentences by length, negation and last mark."""
    rows = {row.sentence: row for row in load_sentences()}
    found: dict[str, dict[str, list[bool]]] = {column: {} for column in ("length", "negation", "punctuation")}
    for item, label, said in zip(one.items, one.labels, one.said, strict=True):
        for column, kinds in found.items():
            kinds.setdefault(getattr(rows[item], column), []).append(label == said)
    return {"accuracy_by": {column: {kind: float(np.mean(right)) for kind, right in kinds.items()} for column, kinds in found.items()}}


def readable(answered: Sequence[Answered], part: str | None) -> str:
    """A line for each group; and, where a part is named, its sentences that were answered wrongly, the laughable and surest first."""
    lines = [f"{'group':<34}{'who':<7}{'n':>4}  right  unsure  laugh  recall"]
    for one in answered:
        found = one.figures()
        recall = " ".join(f"{label[:3]} {share:.2f}" for label, share in found.get("recall", {}).items())
        right, laugh = found.get("accuracy", found.get("right")), found.get("laughable", "")
        lines.append(f"{'/'.join(one.group):<34}{one.who:<7}{found['n']:>4}  {right:5.2f}  {found['not_sure']:6.2f}  {laugh:>5}  {recall}")
    for one in answered:
        if part in one.group:
            lines.append(f"\n{'/'.join(one.group)}, {one.who}")
            for error in sorted(one.errors(), key=lambda error: not error["laughable"]):
                mark = "!!" if error["laughable"] else "  "
                lines.append(f"  {mark} {error['label']:<9}-> {error['said']:<9}{error['probability']:4.0%}  {error['item']}")
    return "\n".join(lines)


def _answers(
    predictor: Predictor,
    weights: Path,
    modality: str,
    group: tuple[str, ...],
    named: Sequence[tuple[str, str]],
    readings: Sequence[Reading],
) -> Iterator[Answered]:
    """The sense alone, then what the page answers with each fusion model, which is given this modality only."""
    there = [i for i, reading in enumerate(readings) if reading.present]
    items, labels = zip(*(named[i] for i in there), strict=True)
    threshold = json.loads((weights / "comp.json").read_text(encoding="utf-8"))["sure_from"][subset_name((modality,))]
    alone = np.array([readings[i].probabilities for i in there])
    yield Answered(modality, group, items, labels, alone, threshold, len(named))
    for name, fusion in predictor.fusions.items():
        fused = [one for one, _ in fusion.fuse_present([([{modality: readings[i]}], ()) for i in there])]
        probabilities = np.array([[one.fused[label] for label in LABELS] for one in fused if one.fused])
        yield Answered(name, group, items, labels, probabilities, fused[0].answer_threshold, len(named))


def _laughable(label: str, said: str, probability: float) -> bool:
    return bool(probability > 0.5 and "joy" in (label, said) and HARSH & {label, said})
