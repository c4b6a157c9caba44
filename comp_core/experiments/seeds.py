"""How much the senses' figures hang on chance: the same training with several seeds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from comp_core.metrics.figures import mean_and_spread
from comp_core.training.task import Task

SENSES = ("face", "voice", "words")
_KEYS = ("accuracy", "uar", "macro_f1", "weighted_f1")


def measure(task: Task) -> None:
    """Join the reports of trainings that differ in nothing but the seed into ``seeds.json``.

    The first report of a sense is the committed one; others lie in the work folder, in ``seedN/``, where
    ``train SENSE --seed N --weights WORK/seedN/weights --reports WORK/seedN`` writes them.

    Raises:
        ValueError: two reports of a sense have the same seed or were trained in different ways.
    """
    metrics, seeds = {}, {}
    for sense in SENSES:
        paths = [task.reports / f"{sense}.json", *sorted(task.work.glob(f"seed*/{sense}.json"))]
        reports = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
        seeds[sense] = _seeds(sense, reports)
        runs = [dict(_test_sets(report["metrics"]["test"])) for report in reports]
        metrics[sense] = {name: {key: mean_and_spread([run[name][key] for run in runs]) for key in _KEYS} for name in runs[0]}
    task.write_report("seeds", {"seeds": seeds, "metrics": metrics})


def _seeds(sense: str, reports: Sequence[dict[str, Any]]) -> list[int]:
    found = [report["training"]["seed"] for report in reports]
    ways = {json.dumps({**report["training"], "seed": None}, sort_keys=True) for report in reports}
    if len(set(found)) < len(found) or len(ways) > 1:
        raise ValueError(f"{sense}: reports of seeds {found} must differ in the seed and in nothing else; train them with one command")
    return found


def _test_sets(metrics: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and figures of each test set; of texts in two forms, the one as written."""
    for name, figures in metrics.items():
        yield name, figures.get("as_written", figures)
