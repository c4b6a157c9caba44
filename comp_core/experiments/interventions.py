"""Which parts do trained models use? Each part in turn does nothing, or is given what belongs to another utterance."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from comp_core.benchmark.conditions import Condition, masks_of, rates_of
from comp_core.benchmark.datasets import Dataset, cremad, mosi
from comp_core.benchmark.methods import METHODS
from comp_core.benchmark.protocol import Protocol, train
from comp_core.benchmark.search import AS_CONFIGURED
from comp_core.data.conversations import Conversation, masked_batch
from comp_core.evaluation.interventions import INTERVENTIONS, Intervention, interventions
from comp_core.evaluation.loop import concatenated, last_of, predict_entries
from comp_core.evaluation.predictions import windows_of
from comp_core.metrics.figures import chosen_by, mean_and_spread
from comp_core.modalities import LABELS, MODALITIES
from comp_core.modeling.batch import Batch
from comp_core.modeling.objectives import Classes, Objective
from comp_core.modeling.registry import KINDS, load_fusion
from comp_core.support.checkpoint import hashes_of
from comp_core.support.devices import device_of
from comp_core.support.progress import progress
from comp_core.training.live import PAIRING_SEED
from comp_core.training.live_features import paired_split
from comp_core.training.task import Task

SEEDS = 3
AS_TRAINED, EVERYTHING, HALF = "as_trained", "all given", "half missing"
# A batch, and which of its utterances are asked about, (B, N) bool.
Asked = tuple[Batch, Tensor]
# Name of an intervention -> figures.
Effects = dict[str, dict[str, Any]]


def measure(task: Task, epochs: int | None = None) -> None:
    """Write ``interventions.json``: data -> model -> condition -> figures as trained and under each intervention, on test data.

    ComP and PRLF are trained anew on CMU-MOSI and on people's votes of CREMA-D, as the benchmark configures them, with several seeds;
    on the live data they are those that are shipped, and the seeds are those of what is shuffled.
    """
    seeds = list(range(task.seed, task.seed + SEEDS))
    metrics: dict[str, dict[str, Any]] = {}
    for dataset in (mosi(task.data), cremad(task.data, "cremad-people")):
        runs = [(name, seed) for name in KINDS for seed in seeds]
        protocol = Protocol(rates_of(dataset.given), device=task.device)
        found = {(name, seed): _trained_anew(dataset, name, seed, protocol, epochs) for name, seed in progress(runs, dataset.name)}
        metrics[dataset.name] = {name: _each([found[name, seed] for seed in seeds], mean_and_spread) for name in KINDS}
    metrics["live"] = {name: _each([_shipped(task, name, seed) for seed in seeds], mean_and_spread) for name in KINDS}
    titles = {name: one.title for several in INTERVENTIONS.values() for name, one in several.items()}
    made = {"seeds": SEEDS, "split": "test", "weights": hashes_of(KINDS, task.weights)}
    task.write_report("interventions", {**made, "titles": titles, "metrics": metrics})


def effects(model: nn.Module, asked: Sequence[Asked], objective: Objective, seed: int) -> Effects:
    """What a model makes of some utterances.

    Returns:
        `AS_TRAINED` -> its accuracy and the figure that epochs are chosen by. Each of the model's `interventions` -> what it adds to them,
        and ``flipped``, the share of the utterances whose class, or the sign of whose score, is another than as trained.
    """
    labels = torch.cat([batch.labels[entries] for batch, entries in asked]).numpy()
    usual = _predicted(model, asked, None, seed)
    report = objective.report(usual, labels)
    keys = ("accuracy", chosen_by(report))
    found: Effects = {AS_TRAINED: {key: report[key] for key in keys}}
    for name, intervention in interventions(model).items():
        logits = _predicted(model, asked, intervention, seed)
        changed = objective.report(logits, labels)
        flipped = float((_named(logits) != _named(usual)).mean())
        found[name] = {**{key: changed[key] - report[key] for key in keys}, "flipped": flipped}
    return found


def _predicted(model: nn.Module, asked: Sequence[Asked], intervention: Intervention | None, seed: int) -> np.ndarray:
    """Fused logits (n, K)."""
    generator = torch.Generator().manual_seed(seed)
    parts = []
    for batch, entries in asked:
        conversations = batch.conversations.to(device_of(model))
        with intervention.on(model, conversations, generator) if intervention else nullcontext():
            parts.append(predict_entries(model, [(conversations, entries)]))
    return concatenated(parts).logits


def _named(logits: np.ndarray) -> np.ndarray:
    """The class of logits (n, K); of a score (n, 1) whether it is positive."""
    return logits.argmax(-1) if logits.shape[-1] > 1 else logits[:, 0] >= 0


def _under_conditions(
    conversations: Sequence[Conversation], given: Collection[str], seed: int, batches_of: Callable[..., list[Asked]]
) -> dict[str, list[Asked]]:
    """Condition -> the test conversations under its masks, as ``batches_of`` (conversations, masks) makes them."""
    conditions: dict[str, Condition] = {EVERYTHING: tuple(given), HALF: 0.5}
    masks = {told: masks_of(conversations, condition, "test", given, seed) for told, condition in conditions.items()}
    return {told: batches_of(conversations, some) for told, some in masks.items()}


def _whole(conversations: Sequence[Conversation], masks: Sequence[np.ndarray]) -> list[Asked]:
    batch = masked_batch(conversations, masks)
    return [(batch, batch.conversations.valid)]


def _windows(conversations: Sequence[Conversation], masks: Sequence[np.ndarray]) -> list[Asked]:
    return [(batch, last_of(batch.conversations.valid)) for batch in windows_of(conversations, masks)]


def _trained_anew(dataset: Dataset, name: str, seed: int, protocol: Protocol, epochs: int | None) -> dict[str, Effects]:
    """Condition -> effects, means over folds."""
    folds = []
    for fold in dataset.folds:
        model = train(dataset, fold, METHODS[name], AS_CONFIGURED, seed, protocol, epochs).model
        asked = _under_conditions(fold["test"], dataset.given, seed, _whole)
        folds.append({told: effects(model, batches, dataset.objective, seed) for told, batches in asked.items()})
    return _each(folds, lambda values: float(np.mean(values)))


def _shipped(task: Task, name: str, seed: int) -> dict[str, Effects]:
    """Condition -> effects on MELD's test dialogues, utterance by utterance as the page does."""
    model, _ = load_fusion(task.output(name))
    conversations = paired_split(task, "test", ["as_written"]).draw(np.random.default_rng(PAIRING_SEED))
    asked = _under_conditions(conversations, MODALITIES, seed, _windows)
    return {told: effects(model, batches, Classes(LABELS), seed) for told, batches in asked.items()}


def _each(runs: Sequence[dict[str, Effects]], join: Callable[[list[float]], Any]) -> dict[str, Effects]:
    """Figure by figure what ``join`` makes of several runs."""
    return {
        told: {name: {key: join([run[told][name][key] for run in runs]) for key in figures} for name, figures in found.items()}
        for told, found in runs[0].items()
    }
