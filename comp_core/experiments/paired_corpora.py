"""What fusion gains where nobody paired anything: face and voice of the same RAVDESS takes, and CMU-MOSI's videos.

The live model's data are paired by label, so its gain from fusion rests on an assumption. Here the same method is trained on data in
which the modalities come from one moment of one person.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from comp_core.benchmark.datasets import Split, ravdess
from comp_core.data.conversations import Conversation
from comp_core.data.mosi import SIGNS, by_sign, load_mosi
from comp_core.data.speech import CLASSES, RAVDESS
from comp_core.evaluation.predictions import Found, fit_temperatures, predictions, report, spread
from comp_core.modalities import MODALITIES, subsets_of
from comp_core.modeling.comp import ComPConfig
from comp_core.modeling.objectives import Classes
from comp_core.support.progress import progress
from comp_core.training.fit import FitConfig
from comp_core.training.fusion import class_weight, fit_on_windows, frequency
from comp_core.training.task import Task

SEEDS = 5


@dataclass(frozen=True)
class Experiment:
    """A data set with really paired modalities.

    Attributes:
        given: the modalities that it has.
        folds: the figures are those of all tests together.
        epochs: enough for the validation score to stop rising.
    """

    classes: Sequence[str]
    given: Collection[str]
    folds: Sequence[Split]
    epochs: int


def measure(task: Task, epochs: int | None = None) -> None:
    """Train ComP anew in each fold and with each seed, and write ``paired_corpora.json``. Epochs are chosen on validation data."""
    metrics = {}
    for name, experiment in experiments(task).items():
        seeds = range(task.seed, task.seed + SEEDS)
        reports = [_one_seed(experiment, seed, epochs or experiment.epochs, task.device) for seed in progress(list(seeds), name)]
        metrics[name] = spread(reports)
    task.write_report("paired_corpora", {"seeds": SEEDS, "metrics": metrics})


def experiments(task: Task) -> dict[str, Experiment]:
    """RAVDESS, five folds by actor, of which each is validation data once, too; MOSI, split as released."""
    mosi = {split: [by_sign(video) for video in videos] for split, videos in load_mosi(task.data).items()}
    takes = ravdess(task.data)
    return {
        "ravdess": Experiment(CLASSES[RAVDESS], takes.given, takes.folds, epochs=30),
        "mosi": Experiment(SIGNS, MODALITIES, [mosi], epochs=60),
    }


def _always(train: list[Conversation]) -> Callable[[np.random.Generator], list[Conversation]]:
    """The same conversations for every epoch."""
    return lambda _random: train


def _one_seed(experiment: Experiment, seed: int, epochs: int, device: str) -> dict[str, dict[str, Any]]:
    found, priors = [], []
    for fold in experiment.folds:
        train, valid, test = (fold[split] for split in ("train", "valid", "test"))
        labels = np.concatenate([conversation.labels for conversation in train])
        weight = class_weight(labels, len(experiment.classes))
        priors.append(weight * frequency(labels, len(experiment.classes)))
        config = ComPConfig({m: x.shape[1] for m, x in train[0].features.items()}, len(experiment.classes))
        settings = FitConfig(epochs=epochs, learning_rate=1e-3, weight_decay=0.02, average=0.95, seed=seed)
        objective = Classes(experiment.classes, weight)
        model, _ = fit_on_windows(_always(train), valid, config, settings, objective, experiment.given, device)
        subsets = subsets_of(experiment.given)
        found.append(_calibrated(predictions(model, valid, subsets), predictions(model, test, subsets)))
    together = {name: {key: np.concatenate([part[name][key] for part in found]) for key in values} for name, values in found[0].items()}
    unchanged = {"fused": dict.fromkeys(together, 1.0), "unimodal": dict.fromkeys(MODALITIES, 1.0)}
    return report(together, unchanged, None, np.mean(priors, 0), experiment.classes)


def _calibrated(valid: Found, test: Found) -> Found:
    """The test logits at the temperatures that fit the validation data."""
    temperature = fit_temperatures(valid)
    unimodal = np.array([temperature["unimodal"].get(modality, 1.0) for modality in MODALITIES])[:, None]
    return {name: {**f, "fused": f["fused"] / temperature["fused"][name], "unimodal": f["unimodal"] / unimodal} for name, f in test.items()}
