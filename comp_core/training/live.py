"""Train the live models on MELD's dialogues with faces and voices paired by label."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import nn

from comp_core.data.conversations import Conversation, batch_of
from comp_core.data.paired import ALWAYS, SELDOM, Agreement, PairedDialogues
from comp_core.data.text import Dialogue, Utterance, load_plain
from comp_core.evaluation.answers import alone, answer_threshold, answered, choose_rules
from comp_core.evaluation.dominance import dominance_report
from comp_core.evaluation.predictions import (
    RISK,
    Found,
    Temperatures,
    confidence_report,
    fit_temperatures,
    predictions,
    report,
    spread,
)
from comp_core.inference.windows import window_ends
from comp_core.metrics.figures import class_report
from comp_core.modalities import AUDIO, LABELS, MODALITIES, TEXT, VIDEO
from comp_core.modeling.objectives import Classes
from comp_core.modeling.prlf import PRLF
from comp_core.modeling.registry import COMP, KINDS
from comp_core.senses.face.sense import FaceSense
from comp_core.senses.voice.sense import VoiceSense
from comp_core.senses.words.sense import WordsSense
from comp_core.support.devices import device_of
from comp_core.training.fit import FitConfig
from comp_core.training.fusion import class_weight, fit_on_windows
from comp_core.training.live_features import FORMS, paired_split
from comp_core.training.task import Task, keep_best

SEEDS = 3
NOTE = (
    "Trained on MELD's real dialogues; face and voice were paired with the words by label, from other people in other corpora, and made "
    "to disagree as often as raters of CREMA-D's clips do. How often real faces and voices disagree with real words is not known to it."
)
# One pairing for all evaluations of a split, so that seeds and subsets meet the same utterances.
PAIRING_SEED = 2026

# Name -> split, form of the words, agreement; None: people's. Whatever is chosen is chosen on "valid" and `visitors`.
EVALUATIONS: dict[str, tuple[str, str, Agreement | None]] = {
    "valid": ("valid", "as_written", None),
    "test": ("test", "as_written", None),
    "test_unpunctuated": ("test", "unpunctuated", None),
    "test_agreeing_always": ("test", "as_written", ALWAYS),
    "test_agreeing_seldom": ("test", "as_written", SELDOM),
}
VISITORS = "visitors"
# Voices and faces for each plain sentence.
TIMES = 8


@dataclass(frozen=True)
class Run:
    """One seed: the model, how it was trained, and what it made of every evaluation."""

    model: nn.Module
    settings: FitConfig
    history: list[dict[str, float]]
    score: float
    temperature: Temperatures
    found: dict[str, Found]
    metrics: dict[str, dict]


def train_comp(task: Task, epochs: int = 9) -> None:
    """ComP."""
    _train(task, COMP, epochs)


def train_prlf(task: Task, epochs: int = 9) -> None:
    """PRLF, and whether its reliabilities matter."""
    _train(task, "prlf", epochs)


def _train(task: Task, name: str, epochs: int) -> None:
    """Train with several seeds, keep the one best on validation data, report all of them on test.

    The score for choosing epochs and seeds is the mean UAR over the seven subsets of modalities.
    """
    kind = KINDS[name]
    train = paired_split(task, "train", FORMS)
    fixed = {}
    for evaluation, (split, form, agreement) in EVALUATIONS.items():
        paired = paired_split(task, split, [form])
        paired = replace(paired, agreement=agreement or paired.agreement)
        fixed[evaluation] = paired.draw(np.random.default_rng(PAIRING_SEED))
    fixed[VISITORS] = visitors(task)
    senses = {AUDIO: VoiceSense.load(task.weights), TEXT: WordsSense.load(task.weights), VIDEO: FaceSense.load(task.weights)}
    by_sense = {name: alone(senses, conversations) for name, conversations in fixed.items()}
    dims = {m: x.shape[1] for m, x in fixed["valid"][0].features.items()}
    config = kind.config(dims={m: dims[m] for m in MODALITIES}, outputs=len(LABELS))
    settings = FitConfig(epochs=epochs, learning_rate=1e-3, weight_decay=0.02, average=0.99)
    labels = np.concatenate([[u.label for u in dialogue.utterances] for dialogue in train.dialogues])
    weight = class_weight(labels, len(LABELS))
    stem, runs, leading = task.output(name), [], []
    for seed in range(task.seed, task.seed + SEEDS):
        own = replace(settings, seed=seed)
        model, history = fit_on_windows(train.draw, fixed["valid"], config, own, Classes(LABELS, weight), device=task.device)
        score = max(row["score"] for row in history)
        keep_best(task.work / f"{name}_seed{seed}", name, config, own, {})(model, score, epochs)
        if kind.leads:
            leading.append(_leading(model, fixed["test"], seed))
        found = {name: predictions(model, conversations) for name, conversations in fixed.items()}
        temperature = fit_temperatures(found["valid"])
        metrics = {name: report(f, temperature, by_sense[name]) for name, f in found.items()}
        runs.append(Run(model, own, history, score, temperature, found, metrics))
        print(f"seed {seed}: validation {score:.4f}", file=sys.stderr)
    best = max(runs, key=lambda run: run.score)
    rules = choose_rules(best.found[VISITORS], best.temperature, by_sense[VISITORS])
    answers = {name: answered(best.found[name], best.temperature, by_sense[name], rules) for name in fixed}
    labels = {name: best.found[name]["T"]["labels"] for name in fixed}
    about = {
        "name": kind.title,
        "note": NOTE,
        "labels": LABELS,
        "temperature": best.temperature,
        "rules": rules,
        "sure_from": float(np.mean([answer_threshold(answers[name], labels[name]) for name in ("valid", VISITORS)])),
        "risk": RISK,
        "chosen": {"seed": best.settings.seed, "validation": best.score},
    }
    figures = {
        "metrics": best.metrics,
        "agreement": {
            name: {"source": agreement.source, "rates": agreement.rates}
            for name, (*_, asked) in EVALUATIONS.items()
            for agreement in (asked or train.agreement,)
        },
        "answers": {
            name: {subset: class_report(p, labels[name], LABELS) for subset, p in by_subset.items()} for name, by_subset in answers.items()
        },
        "confidence": confidence_report(best.found["test"], best.temperature),
        **({"leading": leading} if leading else {}),
        "over_seeds": {name: spread([run.metrics[name] for run in runs]) for name in fixed},
    }
    task.finish(stem, name, best.model, config, best.settings, best.history, figures, about)


def visitors(task: Task) -> list[Conversation]:
    """The plain sentences by which the words sense was chosen, each by itself, with voices and faces of the validation split."""
    told, sense, split = load_plain(), WordsSense.load(task.weights), paired_split(task, "valid", ["as_written"])
    known = enumerate(zip(told.texts, told.labels, strict=True))
    dialogues = [Dialogue(i, (Utterance(text, int(label), "visitor", 0),)) for i, (text, label) in known]
    words = [[sense.read(text).feature[None] for text in told.texts]]
    random = np.random.default_rng(PAIRING_SEED)
    paired = PairedDialogues(dialogues, words, split.voices, split.faces, split.agreement)
    return [conversation for _ in range(TIMES) for conversation in paired.draw(random)]


def _leading(model: PRLF, conversations: Sequence[Conversation], seed: int) -> dict[str, Any]:
    """For each utterance as the last of its window, as the page shows it."""
    batch = batch_of([c.window(part) for c in conversations for part in window_ends(len(c))]).to(device_of(model))
    valid = batch.conversations.valid
    last = torch.arange(valid.shape[1], device=valid.device) == valid.sum(1, keepdim=True) - 1
    return dominance_report(model, batch, Classes(LABELS), last, seed)
