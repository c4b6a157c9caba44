"""Does a modality learn less when all are trained together, and what does the gradient modulator change? After every epoch."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn

from comp_core.benchmark.conditions import masks_of
from comp_core.benchmark.datasets import Dataset, mosi_reread, ravdess
from comp_core.benchmark.held import predict
from comp_core.benchmark.methods import METHODS, Problem
from comp_core.metrics.figures import mean_and_spread
from comp_core.support.progress import progress
from comp_core.training.fusion import fit_fusion
from comp_core.training.task import Task

SEEDS = 3
ALONE, TOGETHER, MODULATED = "alone", "together", "together, modulated"
_METHODS = {TOGETHER: "comp", MODULATED: "comp-modulated"}


def measure(task: Task, epochs: int | None = None) -> None:
    """Write ``balance.json``: data set -> way of training -> modality -> after each epoch the accuracy of its own head, given alone.

    It is that on validation data, so that a curve shows learning, and nobody learns from it how good the model is. Of folds, the first.
    """
    metrics: dict[str, Any] = {}
    for dataset in (ravdess(task.data), mosi_reread(task.data)):
        seeds = range(task.seed, task.seed + SEEDS)
        runs = [_one_seed(dataset, seed, epochs or dataset.epochs, task.device) for seed in progress(list(seeds), dataset.name)]
        metrics[dataset.name] = {
            way: {m: [mean_and_spread([run[way][m][e] for run in runs]) for e in range(len(curve))] for m, curve in by_modality.items()}
            for way, by_modality in runs[0].items()
        }
    task.write_report("balance", {"seeds": SEEDS, "split": "valid", "metrics": metrics})


def _one_seed(dataset: Dataset, seed: int, epochs: int, device: str) -> dict[str, dict[str, list[float]]]:
    alone = {m: _accuracies(dataset, "comp", (m,), seed, epochs, device)[m] for m in dataset.given}
    return {ALONE: alone, **{way: _accuracies(dataset, name, dataset.given, seed, epochs, device) for way, name in _METHODS.items()}}


def _accuracies(dataset: Dataset, name: str, given: Collection[str], seed: int, epochs: int, device: str) -> dict[str, list[float]]:
    """Train on what is ``given`` and name each modality's accuracy on validation data after every epoch."""
    fold, method = dataset.folds[0], METHODS[name]
    steps = epochs * -(-len(fold["train"]) // dataset.batch)
    problem = Problem(dataset.dims, dataset.objective, given, dataset.longest, steps)
    torch.manual_seed(seed)
    model = method.build(problem).to(device)
    loss, around_step = method.train(model, problem)
    labels = np.concatenate([c.labels for c in fold["valid"]])
    found: dict[str, list[float]] = {m: [] for m in given}

    def score_of(net: nn.Module) -> float:
        for i, modality in enumerate(dataset.dims):
            if modality in given:
                unimodal = predict(net, fold["valid"], masks_of(fold["valid"], (modality,), "valid", given)).unimodal[:, i]
                found[modality].append(dataset.objective.report(unimodal, labels)["accuracy"])
        return 0.0

    settings = replace(method.settings, epochs=epochs, seed=seed)
    fit_fusion(model, loss, lambda _: fold["train"], score_of, settings, batch_size=dataset.batch, given=given, around_step=around_step)
    return found
