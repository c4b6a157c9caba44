"""Train the live ComP on MELD's dialogues with faces and voices paired by label."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from comp_core.data.masks import SUBSETS, random_mask
from comp_core.data.paired import Conversation, PairedDialogues
from comp_core.evaluation.calibration import fit_temperature
from comp_core.evaluation.metrics import class_report
from comp_core.modalities import LABELS, MODALITIES
from comp_core.modeling.comp import ComP, ComPConfig
from comp_core.modeling.outputs import Conversations, stack
from comp_core.training.comp_features import FORMS, paired_split
from comp_core.training.fit import FitConfig, fit
from comp_core.training.task import Task, keep_best
from comp_core.windows import CONTEXT, window_ends

BATCH = 64
SEEDS = 3
HIGHEST_RATE = 0.7
NOTE = (
    "Trained on MELD's real dialogues; face and voice were paired with the words by label, from other people in other corpora. "
    "Real faces, voices and words disagree more often than these did."
)
# Weight of the coordinator's own loss.
COORDINATION = 0.3
# One pairing for all evaluations of a split, so that seeds and subsets meet the same utterances.
PAIRING_SEED = 2026

# Whatever is chosen is chosen on "valid".
EVALUATIONS = {"valid": ("valid", "as_written"), "test": ("test", "as_written"), "test_unpunctuated": ("test", "unpunctuated")}

Batch = tuple[Conversations, Tensor]


def train_comp(task: Task, epochs: int = 12) -> None:
    """Train with several seeds, keep the one best on validation data, report all of them on test.

    The score for choosing epochs and seeds is the mean UAR over the seven subsets of modalities.
    """
    train = paired_split(task, "train", FORMS)
    fixed = {
        name: paired_split(task, split, [form]).draw(np.random.default_rng(PAIRING_SEED))
        for name, (split, form) in EVALUATIONS.items()
    }
    dims = {m: x.shape[1] for m, x in fixed["valid"][0].features.items()}
    config = ComPConfig(dims={m: dims[m] for m in MODALITIES}, outputs=len(LABELS))
    settings = FitConfig(epochs=epochs, learning_rate=1e-3, weight_decay=0.02, average=0.99)
    stem, runs = task.output("comp"), []
    for seed in range(task.seed, task.seed + SEEDS):
        own = replace(settings, seed=seed)
        model, history = fit_comp(train, fixed["valid"], config, own)
        runs.append((max(row["score"] for row in history), model, own, history))
        print(f"seed {seed}: validation {runs[-1][0]:.4f}", file=sys.stderr)
        keep_best(task.work / f"comp_seed{seed}", "comp", config, own, {})(model, *runs[-1][:1], epochs)
    score, model, own, history = max(runs, key=lambda run: run[0])
    temperature = fit_temperatures(model, fixed["valid"])
    metrics = {split: report(model, fixed[split], temperature) for split in fixed}
    about = {
        "name": "ComP",
        "note": NOTE,
        "labels": LABELS,
        "temperature": temperature,
        "chosen": {"seed": own.seed, "validation": score},
        "test_over_seeds": spread([report(run[1], fixed["test"], fit_temperatures(run[1], fixed["valid"])) for run in runs]),
    }
    task.finish(stem, "comp", model, config, own, history, metrics, about)


def fit_comp(
    train: PairedDialogues, valid: Sequence[Conversation], config: ComPConfig, settings: FitConfig
) -> tuple[ComP, list[dict[str, float]]]:
    """Fit one model; every epoch draws new pairs, new windows and new masks."""
    torch.manual_seed(settings.seed)
    random, generator = np.random.default_rng(settings.seed), torch.Generator().manual_seed(settings.seed)
    labels = np.concatenate([[u.label for u in dialogue.utterances] for dialogue in train.dialogues])
    frequency = np.bincount(labels, minlength=len(LABELS)) / len(labels)
    # Half-way between MELD's frequencies (47 % neutral) and equal ones: people in front of a camera are not a sitcom's script.
    weight = torch.tensor(frequency**-0.5 / (frequency**0.5).sum(), dtype=torch.float32)
    steps = -(-len(random_windows(train.draw(random), random)) // BATCH)

    def batches(_epoch: int) -> Iterator[Batch]:
        windows = random_windows(train.draw(random), random)
        for rows in np.array_split(random.permutation(len(windows)), steps):
            conversations, target = batch_of([windows[i] for i in rows])
            yield conversations.observe(random_mask(conversations.valid, HIGHEST_RATE, generator)), target

    def loss_of(model: ComP, batch: Batch) -> Tensor:
        conversations, target = batch
        output = model(conversations)
        rows = output.grounded
        every = torch.cat([output.logits.unsqueeze(2), output.modality_logits], 2)[rows]
        loss = F.cross_entropy(every.flatten(0, 1), target[rows].repeat_interleave(every.shape[1]), weight=weight, reduction="none")
        # Fused counts as much as the three modalities together (eq. 16 for each of them).
        fused, own = loss.view(-1, every.shape[1]).split([1, every.shape[1] - 1], 1)
        share = reliability(model, conversations, target)[rows]
        return fused.mean() + own.mean() + COORDINATION * F.kl_div(output.weights[rows].clamp(min=1e-8).log(), share, reduction="batchmean")

    def score_of(model: ComP) -> float:
        return float(np.mean([figures["fused"]["uar"] for figures in report(model, valid, None).values()]))

    model = ComP(config)
    sample = train.draw(random)
    for modality, encoder in model.encoders.items():
        encoder.standardise_by(torch.from_numpy(np.concatenate([conversation.features[modality] for conversation in sample])))
    return fit(model, batches, steps, loss_of, score_of, settings)


@torch.no_grad()
def reliability(model: ComP, conversations: Conversations, target: Tensor) -> Tensor:
    """What the coordinator's weights are drawn to, (B, N, M): each modality's share of the probability of the true label.

    The probability is the modality's own, given alone; an absent one has none. Without this the weights mean nothing: prompts make
    all states carry the same knowledge, and the coordinator settles on one of them for good, whatever is observed.
    """
    alone = model(stack([conversations.only((m,)) for m in MODALITIES])).split(len(target))
    logits = torch.stack([output.modality_logits[..., i, :] for i, output in enumerate(alone)], 2)
    right = logits.softmax(-1).gather(-1, target[..., None, None].expand(*logits.shape[:-1], 1)).squeeze(-1)
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


def batch_of(windows: Sequence[Conversation]) -> Batch:
    """Windows -> padded conversations with everything observed, and labels (B, N)."""
    length = max(len(window) for window in windows)

    def padded(values: list[np.ndarray]) -> Tensor:
        return torch.stack([torch.from_numpy(np.concatenate([v, np.zeros((length - len(v), *v.shape[1:]), v.dtype)])) for v in values])

    valid = padded([np.ones(len(window), bool) for window in windows])
    features = {m: padded([window.features[m] for window in windows]) for m in MODALITIES}
    observed = valid.unsqueeze(-1).expand(-1, -1, len(MODALITIES))
    return Conversations(features, observed, valid), padded([window.labels for window in windows])


def predictions(model: ComP, conversations: Sequence[Conversation], subset: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Predict each utterance as the last of its window, as the page does.

    Returns:
        ``labels`` (n,), ``fused`` logits (n, K), ``own`` logits (n, M, K), ``weights`` (n, M).
    """
    windows = [c.window(part) for c in conversations for part in window_ends(len(c))]
    parts: dict[str, list[Tensor]] = {"labels": [], "fused": [], "own": [], "weights": []}
    for i in range(0, len(windows), 512):
        batch, target = batch_of(windows[i : i + 512])
        with torch.inference_mode():
            output = model(batch.only(subset))
        rows, last = torch.arange(len(target)), batch.valid.sum(1) - 1
        values = {"labels": target, "fused": output.logits, "own": output.modality_logits, "weights": output.weights}
        for name, value in values.items():
            parts[name].append(value[rows, last])
    return {name: torch.cat(value).numpy() for name, value in parts.items()}


def report(model: ComP, conversations: Sequence[Conversation], temperature: dict[str, float] | None) -> dict[str, dict]:
    """For each of the seven subsets: fused metrics and mean coordinator weights; for single modalities their own head too."""
    results = {}
    for name, subset in SUBSETS.items():
        found = predictions(model, conversations, subset)
        scale = temperature or dict.fromkeys(("fused", *MODALITIES), 1.0)
        results[name] = {
            "fused": class_report(softmax(found["fused"] / scale["fused"]), found["labels"], LABELS),
            "weights": dict(zip(MODALITIES, found["weights"].mean(0).round(4).tolist(), strict=True)),
        }
        if len(subset) == 1:
            own = found["own"][:, MODALITIES.index(subset[0])] / scale[subset[0]]
            results[name]["own"] = class_report(softmax(own), found["labels"], LABELS)
    return results


def fit_temperatures(model: ComP, conversations: Sequence[Conversation]) -> dict[str, float]:
    """One temperature for fused logits, over all seven subsets, and one for each modality's own head; on validation data."""
    found = {name: predictions(model, conversations, subset) for name, subset in SUBSETS.items()}
    fused = np.concatenate([f["fused"] for f in found.values()])
    labels = np.concatenate([f["labels"] for f in found.values()])
    temperatures = {"fused": fit_temperature(fused, labels)}
    for i, modality in enumerate(MODALITIES):
        alone = found[modality[0].upper()]
        temperatures[modality] = fit_temperature(alone["own"][:, i], alone["labels"])
    return temperatures


def spread(reports: list[dict[str, dict]]) -> dict[str, dict]:
    """Mean and standard deviation over seeds of the fused figures of each subset."""
    keys = ("accuracy", "uar", "weighted_f1", "ece")
    values = {name: {key: [r[name]["fused"][key] for r in reports] for key in keys} for name in SUBSETS}
    return {
        name: {key: {"mean": float(np.mean(v)), "sd": float(np.std(v, ddof=1)), "seeds": len(v)} for key, v in rows.items()}
        for name, rows in values.items()
    }


def softmax(logits: np.ndarray) -> np.ndarray:
    """(..., K) -> probabilities."""
    return torch.from_numpy(logits).softmax(-1).numpy()
