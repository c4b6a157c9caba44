"""How far a voice network carries from one corpus to the other: another language, other actors, other studios."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from comp_core.data.speech import CLASSES, SpeechClip
from comp_core.experiments.voice_cv import SEEDS
from comp_core.metrics.figures import class_report, mean_and_spread
from comp_core.modalities import LABELS, LIVE
from comp_core.training.task import Task
from comp_core.training.voice import prepared
from comp_core.training.voice_folds import by_others

# The live labels that both corpora have.
SHARED = tuple(label for label in LABELS if label != "surprise")


def _shared_of(*corpora: str) -> Callable[[SpeechClip], bool]:
    """Whether the clip belongs to one of these corpora and has a `SHARED` label."""
    return lambda clip: clip.corpus in corpora and clip.live_label in SHARED


def measure(task: Task, epochs: int | None = None) -> None:
    """Train on all of one corpus, test on all of the other; write ``voice_cross.json``. Only clips with a `SHARED` label take part."""
    heard, config, settings, _ = prepared(task, epochs)
    config = replace(config, heads={LIVE: len(LABELS)})
    metrics: dict[str, dict[str, Any]] = {}
    for source in CLASSES:
        runs = []
        for seed in range(SEEDS):
            found = by_others(
                heard,
                _shared_of(source),
                _shared_of(*(set(CLASSES) - {source})),
                config,
                replace(settings, seed=task.seed + seed),
                task.device,
            )
            said, classes = found.of(LIVE)
            runs.append(class_report(np.exp(said), classes, LABELS))
        spread = {key: mean_and_spread([run[key] for run in runs]) for key in ("accuracy", "uar")}
        metrics[source] = {**{key: runs[0][key] for key in ("n", "majority", "recall")}, **spread}
    task.write_report("voice_cross", {"seeds": SEEDS, "labels": SHARED, "metrics": metrics})
