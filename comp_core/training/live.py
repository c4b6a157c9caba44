"""Train the live models on MELD's dialogues with faces and voices paired by label."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import nn

from comp_core.data.conversations import Conversation, batch_of
from comp_core.data.paired import ALWAYS, SELDOM, Agreement, PairedDialogues
from comp_core.data.text import Dialogue, LabelledTexts, Utterance, load_goemotions, load_plain
from comp_core.evaluation.answers import Sense, alone, answer_threshold, answered, candidates, choose_rules
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
from comp_core.inference.windows import READ, window_ends
from comp_core.metrics.figures import class_report
from comp_core.modalities import AUDIO, LABELS, MODALITIES, SUBSETS, TEXT, VIDEO
from comp_core.modeling.objectives import Classes
from comp_core.modeling.prlf import PRLF
from comp_core.modeling.registry import COMP, KINDS, FusionModel, load_fusion
from comp_core.senses.face.sense import FaceSense
from comp_core.senses.voice.sense import VoiceSense
from comp_core.senses.words.sense import TOKENIZER, WordsSense, load_words_net
from comp_core.senses.words.tokens import load_tokenizer
from comp_core.support.checkpoint import save_checkpoint, sha256_of
from comp_core.support.devices import device_of
from comp_core.training.fit import FitConfig
from comp_core.training.fusion import class_weight, fit_on_windows
from comp_core.training.lessons import lessons
from comp_core.training.live_features import FORMS, paired_split, people
from comp_core.training.task import Task
from comp_core.training.texts import run

SEEDS = 3
NOTE = (
    "Trained on MELD's real dialogues; face and voice were paired with the words by label, from other people in other corpora, and made "
    "to disagree as often as raters of CREMA-D's clips do. How often real faces and voices disagree with real words is not known to it."
)
# One pairing for all evaluations of a split, so that seeds and subsets meet the same utterances.
PAIRING_SEED = 2026

# Name -> split, form of the words, agreement; None: people's. Whatever is chosen is chosen on "valid" and `visitors` together.
EVALUATIONS: dict[str, tuple[str, str, Agreement | None]] = {
    "valid": ("valid", "as_written", None),
    "test": ("test", "as_written", None),
    "test_unpunctuated": ("test", "unpunctuated", None),
    "test_agreeing_always": ("test", "as_written", ALWAYS),
    "test_agreeing_seldom": ("test", "as_written", SELDOM),
}
VISITORS, CHOICE = "visitors", "choice"
# Voices and faces for each plain sentence.
TIMES = 8
# Clear sentences in an epoch, beside MELD's 9,989 utterances: comments of GoEmotions and made-up ones.
COMMENTS, LESSONS = 3_500, 1_500


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
    kind, agreement_of_people = KINDS[name], people(task)
    # Reading a split takes minutes, and some evaluations share one.
    known = {asked: paired_split(task, asked[0], [asked[1]]) for asked in dict.fromkeys((s, f) for s, f, _ in EVALUATIONS.values())}
    fixed = {}
    for evaluation, (split, form, agreement) in EVALUATIONS.items():
        paired = replace(known[split, form], agreement=agreement or agreement_of_people)
        fixed[evaluation] = paired.draw(np.random.default_rng(PAIRING_SEED))
    fixed[VISITORS] = visitors(task, known["valid", "as_written"])
    fixed[CHOICE] = fixed["valid"] + fixed[VISITORS]
    senses: dict[str, Sense] = {
        AUDIO: VoiceSense.load(task.weights),
        TEXT: WordsSense.load(task.weights),
        VIDEO: FaceSense.load(task.weights),
    }
    by_sense = {name: alone(senses, conversations) for name, conversations in fixed.items()}
    dims = {m: x.shape[1] for m, x in fixed["valid"][0].features.items()}
    config = kind.config(dims={m: dims[m] for m in MODALITIES}, outputs=len(LABELS))
    settings = FitConfig(epochs=epochs, learning_rate=1e-3, weight_decay=0.02, average=0.99)
    # Reading it takes minutes, too, and is in vain where every seed is there.
    training_data = cache(partial(_training_data, task))
    stem, runs, leading = task.output(name), [], []
    weights = {sense: sha256_of(task.output(sense).with_suffix(".safetensors")) for sense in ("face", "voice", "words")}
    for seed in range(task.seed, task.seed + SEEDS):
        own = replace(settings, seed=seed)
        kept = task.work / f"{name}_seed{seed}"
        made_with = {"training": asdict(own), "senses": weights}
        if (finished := _finished(kept, made_with)) is None:
            draw, judge = training_data()
            model, history = fit_on_windows(draw, fixed[CHOICE], config, own, judge, device=task.device)
            save_checkpoint(kept, name, model, config, {**made_with, "history": history})
        else:
            model, history = finished
        score = max(row["score"] for row in history)
        if kind.leads:
            leading.append(_leading(cast(PRLF, model), fixed["test"], seed))
        found = {name: predictions(model, conversations) for name, conversations in fixed.items()}
        temperature = fit_temperatures(found[CHOICE])
        metrics = {name: report(f, temperature, by_sense[name]) for name, f in found.items()}
        runs.append(Run(model, own, history, score, temperature, found, metrics))
        print(f"seed {seed}: validation {score:.4f}", file=sys.stderr)
    best = max(runs, key=lambda run: run.score)
    several = {name: candidates(best.found[name], best.temperature, by_sense[name], agreement_of_people.joint) for name in fixed}
    rules = choose_rules(best.found[CHOICE], several[CHOICE], by_sense[CHOICE])
    answers = {name: answered(several[name], by_sense[name], rules) for name in fixed}
    labels = {name: best.found[name]["T"]["labels"] for name in fixed}
    about = {
        "name": kind.title,
        "note": NOTE,
        "labels": LABELS,
        "context": READ,
        "temperature": best.temperature,
        "rules": rules,
        "joint": agreement_of_people.joint.round(5).tolist(),
        "sure_from": {subset: answer_threshold(found, _meant(best.found[CHOICE], subset)) for subset, found in answers[CHOICE].items()},
        "risk": RISK,
        "chosen": {"seed": best.settings.seed, "validation": best.score},
    }
    figures = {
        "metrics": best.metrics,
        "agreement": {
            name: {"source": agreement.source, "rates": agreement.rates}
            for name, (*_, asked) in EVALUATIONS.items()
            for agreement in (asked or agreement_of_people,)
        },
        "answers": {name: {s: class_report(p, labels[name], LABELS) for s, p in found.items()} for name, found in answers.items()},
        "candidates": {
            name: {s: {rule: class_report(p, labels[name]) for rule, p in by_rule.items()} for s, by_rule in by_subset.items()}
            for name, by_subset in several.items()
        },
        "confidence": confidence_report(best.found["test"], best.temperature),
        **({"leading": leading} if leading else {}),
        "over_seeds": {name: spread([run.metrics[name] for run in runs]) for name in fixed},
    }
    task.finish(stem, name, best.model, config, best.settings, best.history, figures, about)


def _finished(kept: Path, made_with: dict[str, Any]) -> tuple[FusionModel, list[dict[str, float]]] | None:
    """The network that an interrupted run with the same settings and senses left, and its history."""
    if not kept.with_suffix(".json").is_file():
        return None
    model, record = load_fusion(kept)
    return (model, record["history"]) if {key: record.get(key) for key in made_with} == made_with else None


def _meant(found: Found, subset: str) -> np.ndarray:
    """(n,) what an answer should name: from one sense what that sense shows, from several what the utterance expresses."""
    if len(SUBSETS[subset]) > 1:
        return found[subset]["labels"]
    return found[subset]["unimodal_labels"][:, MODALITIES.index(SUBSETS[subset][0])]


def _training_data(task: Task) -> tuple[Callable[[np.random.Generator], list[Conversation]], Classes]:
    """MELD's training dialogues and clear sentences, with voices and faces drawn anew in every epoch; and how answers are judged."""
    train = paired_split(task, "train", FORMS)
    clear = clear_sentences(task, train)
    labels = np.concatenate([[u.label for u in dialogue.utterances] for dialogue in train.dialogues])
    return lambda random: train.draw(random) + clear.draw(random), Classes(LABELS, class_weight(labels, len(LABELS)))


def sentences(task: Task, told: LabelledTexts, like: PairedDialogues) -> PairedDialogues:
    """Texts, each a conversation by itself, read by the final words sense, with the voices and faces of other dialogues."""
    network, tokenizer = load_words_net(task.output("words")), load_tokenizer(task.weights / TOKENIZER)
    features = run(network, tokenizer, told.texts)[0]
    labelled = enumerate(zip(told.texts, told.labels, strict=True))
    dialogues = [Dialogue(i, (Utterance(text, int(label), "visitor", 0),)) for i, (text, label) in labelled]
    return PairedDialogues(dialogues, [[feature[None] for feature in features]], like.voices, like.faces, like.agreement)


def visitors(task: Task, valid: PairedDialogues) -> list[Conversation]:
    """The plain sentences by which the words sense was chosen, each by itself, with voices and faces of the validation split."""
    paired = sentences(task, load_plain("development"), valid)
    random = np.random.default_rng(PAIRING_SEED)
    return [conversation for _ in range(TIMES) for conversation in paired.draw(random)]


def clear_sentences(task: Task, like: PairedDialogues) -> PairedDialogues:
    """Sentences whose words say what they express: of GoEmotions validation, which taught the words sense nothing, and lessons.

    Each label is there as often. Without them the model would learn from MELD alone that words say little.
    """
    random = np.random.default_rng(task.seed)
    comments, made_up = load_goemotions(task.data, "valid").single(), lessons(LESSONS, random).single()
    chosen = [i for k in range(len(LABELS)) for i in random.choice(np.flatnonzero(comments.labels == k), COMMENTS // len(LABELS))]
    texts = (*(comments.texts[i] for i in chosen), *made_up.texts)
    return sentences(task, LabelledTexts(texts, np.concatenate([comments.targets[chosen], made_up.targets])), like)


def _leading(model: PRLF, conversations: Sequence[Conversation], seed: int) -> dict[str, Any]:
    """For each utterance as the last of its window, as the page shows it."""
    batch = batch_of([c.window(part) for c in conversations for part in window_ends(len(c))]).to(device_of(model))
    valid = batch.conversations.valid
    last = torch.arange(valid.shape[1], device=valid.device) == valid.sum(1, keepdim=True) - 1
    return dominance_report(model, batch, Classes(LABELS), last, seed)
