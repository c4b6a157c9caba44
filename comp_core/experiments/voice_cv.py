"""Cross-validation of the voice network by speaker: every clip is answered by a network that never heard its speaker."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from comp_core.data.speech import CLASSES, FOLDS
from comp_core.metrics.figures import class_report, mean_and_spread
from comp_core.training.task import Task
from comp_core.training.voice import prepared
from comp_core.training.voice_folds import Answers, by_others, outside, within
from comp_core.training.voice_heard import NOISE, STUDIO, TELEPHONE

SEEDS = 3
_KEYS = ("accuracy", "uar", "ece")


def measure(task: Task, epochs: int | None = None) -> None:
    """Train a network for each of five folds and three seeds and write ``voice_cv.json``.

    A fold leaves out four RAVDESS actors and two Emo-DB speakers, who decide nothing: no epoch is chosen. Each corpus is answered by
    its own head, as it is, in the telephone's band and in noise.
    """
    heard, config, settings, _ = prepared(task, epochs)
    figures: dict[str, dict[str, list[dict]]] = {name: {} for name in CLASSES}
    by_fold: dict[str, list[list[float]]] = {name: [] for name in CLASSES}
    for seed in range(SEEDS):
        folds = [
            by_others(
                heard,
                outside(fold),
                within(fold),
                config,
                replace(settings, seed=task.seed + seed),
                task.device,
            )
            for fold in range(FOLDS)
        ]
        for name in CLASSES:
            by_fold[name].append([_figures(answers, name, STUDIO)["uar"] for answers in folds])
            for condition in (STUDIO, TELEPHONE, NOISE):
                figures[name].setdefault(condition, []).append(_figures(Answers.joined(folds), name, condition))
    metrics = {
        name: {
            condition: {
                "n": found[0]["n"],
                "recall": found[0]["recall"],
                **{key: mean_and_spread([f[key] for f in found]) for key in _KEYS},
            }
            for condition, found in by_condition.items()
        }
        for name, by_condition in figures.items()
    }
    task.write_report("voice_cv", {"folds": FOLDS, "seeds": SEEDS, "uar_by_seed_and_fold": by_fold, "metrics": metrics})


def _figures(answers: Answers, head: str, condition: str) -> dict:
    said, classes = answers.of(head, condition)
    return class_report(np.exp(said), classes, CLASSES[head])
