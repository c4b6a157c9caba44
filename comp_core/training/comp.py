"""Train the live ComP on MELD's dialogues with faces and voices paired by label."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from comp_core.data.masks import random_mask
from comp_core.data.paired import ALWAYS, LIKE_MELD, Agreement, Batch, Conversation, PairedDialogues, batch_of
from comp_core.evaluation.calibration import softmax
from comp_core.evaluation.fusion import (
    RISK,
    Found,
    Temperatures,
    confidence_report,
    fit_temperatures,
    predictions,
    report,
    spread,
    sure_from,
)
from comp_core.evaluation.metrics import class_report
from comp_core.modalities import AUDIO, LABELS, MODALITIES, VIDEO
from comp_core.modeling.comp import ComP, ComPConfig
from comp_core.modeling.outputs import Conversations, stack
from comp_core.task import Task, keep_best
from comp_core.training.comp_features import FORMS, paired_split
from comp_core.training.fit import FitConfig, fit
from comp_core.windows import CONTEXT

BATCH = 64
SEEDS = 3
HIGHEST_RATE = 0.7
NOTE = (
    "Trained on MELD's real dialogues; face and voice were paired with the words by label, from other people in other corpora, and made "
    "to disagree at assumed rates. How often real faces, voices and words disagree is not known to it."
)
# Weight of the coordinator's own loss.
COORDINATION = 0.3
# One pairing for all evaluations of a split, so that seeds and subsets meet the same utterances.
PAIRING_SEED = 2026

# Name -> split, form of the words, agreement. Whatever is chosen is chosen on "valid".
SELDOM = Agreement({AUDIO: 0.3, VIDEO: 0.2})
EVALUATIONS = {
    "valid": ("valid", "as_written", LIKE_MELD),
    "test": ("test", "as_written", LIKE_MELD),
    "test_unpunctuated": ("test", "unpunctuated", LIKE_MELD),
    "test_agreeing_always": ("test", "as_written", ALWAYS),
    "test_agreeing_seldom": ("test", "as_written", SELDOM),
}


@dataclass(frozen=True)
class Run:
    """One seed: the model, how it was trained, and what it made of every evaluation."""

    model: ComP
    settings: FitConfig
    history: list[dict[str, float]]
    score: float
    temperature: Temperatures
    found: dict[str, Found]
    metrics: dict[str, dict]


def train_comp(task: Task, epochs: int = 9) -> None:
    """Train with several seeds, keep the one best on validation data, report all of them on test.

    The score for choosing epochs and seeds is the mean UAR over the seven subsets of modalities.
    """
    train = paired_split(task, "train", FORMS)
    fixed = {}
    for name, (split, form, agreement) in EVALUATIONS.items():
        paired = replace(paired_split(task, split, [form]), agreement=agreement)
        fixed[name] = paired.draw(np.random.default_rng(PAIRING_SEED))
    dims = {m: x.shape[1] for m, x in fixed["valid"][0].features.items()}
    config = ComPConfig(dims={m: dims[m] for m in MODALITIES}, outputs=len(LABELS))
    settings = FitConfig(epochs=epochs, learning_rate=1e-3, weight_decay=0.02, average=0.99)
    prior = class_weight(train) * class_frequency(train)
    prior = (prior / prior.sum()).numpy()
    stem, runs = task.output("comp"), []
    for seed in range(task.seed, task.seed + SEEDS):
        own = replace(settings, seed=seed)
        model, history = fit_comp(train, fixed["valid"], config, own)
        score = max(row["score"] for row in history)
        keep_best(task.work / f"comp_seed{seed}", "comp", config, own, {})(model, score, epochs)
        found = {name: predictions(model, conversations) for name, conversations in fixed.items()}
        temperature = fit_temperatures(found["valid"])
        metrics = {name: report(f, temperature, prior) for name, f in found.items()}
        runs.append(Run(model, own, history, score, temperature, found, metrics))
        print(f"seed {seed}: validation {score:.4f}", file=sys.stderr)
    best = max(runs, key=lambda run: run.score)
    about = {
        "name": "ComP",
        "note": NOTE,
        "labels": LABELS,
        "temperature": best.temperature,
        "sure_from": sure_from(best.found["valid"], best.temperature),
        "risk": RISK,
        "agreement": {name: asdict(agreement) for name, (*_, agreement) in EVALUATIONS.items()},
        "chosen": {"seed": best.settings.seed, "validation": best.score},
        "confidence": confidence_report(best.found["test"], best.temperature),
        "over_seeds": {name: spread([run.metrics[name] for run in runs]) for name in EVALUATIONS},
    }
    task.finish(stem, "comp", best.model, config, best.settings, best.history, best.metrics, about)


def class_frequency(train: PairedDialogues) -> Tensor:
    """Share of each label among the utterances, (K,)."""
    labels = np.concatenate([[u.label for u in dialogue.utterances] for dialogue in train.dialogues])
    return torch.tensor(np.bincount(labels, minlength=len(LABELS)) / len(labels), dtype=torch.float32)


def class_weight(train: PairedDialogues) -> Tensor:
    """Weight of each label in the loss, (K,); its mean over utterances is 1.

    Half-way between MELD's frequencies (47 % neutral) and equal ones: people in front of a camera are not a sitcom's script.
    """
    frequency = class_frequency(train)
    return frequency**-0.5 / (frequency**0.5).sum()


def fit_comp(
    train: PairedDialogues, valid: Sequence[Conversation], config: ComPConfig, settings: FitConfig
) -> tuple[ComP, list[dict[str, float]]]:
    """Fit one model; every epoch draws new pairs, new windows and new masks."""
    torch.manual_seed(settings.seed)
    random, generator = np.random.default_rng(settings.seed), torch.Generator().manual_seed(settings.seed)
    weight = class_weight(train)
    steps = -(-len(random_windows(train.draw(random), random)) // BATCH)

    def batches(_epoch: int) -> Iterator[Batch]:
        windows = random_windows(train.draw(random), random)
        for rows in np.array_split(random.permutation(len(windows)), steps):
            batch = batch_of([windows[i] for i in rows])
            observed = random_mask(batch.conversations.valid, HIGHEST_RATE, generator)
            yield replace(batch, conversations=batch.conversations.observe(observed))

    def loss_of(model: ComP, batch: Batch) -> Tensor:
        conversations, labels = batch.conversations, batch.labels
        output = model(conversations)
        rows = output.grounded
        # Eq. 16 has the utterance's label for each modality; here faces and voices may differ from it, and a modality that is there
        # shall say what it shows itself. One that was filled in can only know what the others say.
        shown = torch.where(conversations.observed, batch.shown, labels.unsqueeze(-1))
        every = torch.cat([output.logits.unsqueeze(2), output.modality_logits], 2)[rows]
        target = torch.cat([labels.unsqueeze(2), shown], 2)[rows]
        loss = F.cross_entropy(every.flatten(0, 1), target.flatten(), weight=weight, reduction="none")
        # Fused counts as much as the three modalities together.
        fused, own = loss.view(-1, every.shape[1]).split([1, every.shape[1] - 1], 1)
        share = reliability(model, conversations, labels)[rows]
        coordination = F.kl_div(output.weights[rows].clamp(min=1e-8).log(), share, reduction="batchmean")
        return fused.mean() + own.mean() + COORDINATION * coordination

    def score_of(model: ComP) -> float:
        found = predictions(model, valid)
        return float(np.mean([class_report(softmax(f["fused"]), f["labels"])["uar"] for f in found.values()]))

    model = ComP(config)
    sample = train.draw(random)
    for modality, encoder in model.encoders.items():
        encoder.standardise_by(torch.from_numpy(np.concatenate([conversation.features[modality] for conversation in sample])))
    return fit(model, batches, steps, loss_of, score_of, settings)


@torch.no_grad()
def reliability(model: ComP, conversations: Conversations, labels: Tensor) -> Tensor:
    """What the coordinator's weights are drawn to, (B, N, M): each modality's share of the probability of the true label.

    The probability is the modality's own, given alone; an absent one has none. Without this the weights mean nothing: prompts make
    all states carry the same knowledge, and the coordinator settles on one of them for good, whatever is observed.
    """
    alone = model(stack([conversations.only((m,)) for m in MODALITIES])).split(len(labels))
    logits = torch.stack([output.modality_logits[..., i, :] for i, output in enumerate(alone)], 2)
    right = logits.softmax(-1).gather(-1, labels[..., None, None].expand(*logits.shape[:-1], 1)).squeeze(-1)
    right = right * conversations.observed
    return right / right.sum(-1, keepdim=True).clamp(min=1e-9)


def random_windows(conversations: Sequence[Conversation], random: np.random.Generator) -> list[Conversation]:
    """Each conversation cut at random into windows of 1 to CONTEXT utterances; all of it is used."""
    windows = []
    for conversation in conversations:
        start = 0
        while start < len(conversation):
            length = int(random.integers(1, CONTEXT + 1))
            windows.append(conversation.window(slice(start, start + length)))
            start += length
    return windows
