"""`python -m comp_core benchmark`: every run is kept as it ends, so that the command goes on where it was stopped."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from comp_core.benchmark.conditions import checked, realised
from comp_core.benchmark.datasets import Dataset
from comp_core.benchmark.methods import METHODS
from comp_core.benchmark.protocol import Protocol
from comp_core.benchmark.reference import logistic_regression
from comp_core.benchmark.report import draw, summary
from comp_core.benchmark.resume import Kept, Trainer
from comp_core.jobs.engine import Engine, InProcess, WorkerLost
from comp_core.reports.benchmark_tables import benchmark_table
from comp_core.support.atomic_files import whole_file, write_whole
from comp_core.support.progress import progress
from comp_core.support.provenance import made_by

TEST_SELECTED = "The epochs were chosen on TEST data, a model for each rate, as in the literature. For comparison with its tables only."
VALIDATED = "One model for all rates; setting and epoch were chosen on validation data."


def benchmark(
    dataset: Dataset,
    names: Sequence[str],
    seeds: int,
    protocol: Protocol,
    out: Path,
    command: str,
    epochs: int | None = None,
    engine: Engine | None = None,
) -> dict[str, Any]:
    """Run the methods with ``seeds`` seeds each and write ``NAME.json``, ``NAME.md`` and ``NAME.png`` into ``out``.

    Args:
        engine: where the trainings run; by default here. Results are written here, as they come.

    Raises:
        ValueError: a method is not known.
        RateError: a missing rate cannot be reached with the modalities of the data set.
        NotWritten: the disk is full; the runs that were kept before go into the next call.
        EngineError: the engine stopped, or a training kills whatever worker it is given.
    """
    if unknown := [name for name in names if name not in METHODS]:
        raise ValueError(f"no method {', '.join(unknown)}; there are {', '.join(METHODS)}")
    checked(protocol.rates, dataset.given)
    kept = Kept(out / "runs", dataset, protocol, epochs)
    missing = kept.missing(names, seeds)
    done = (engine or InProcess()).map(Trainer(dataset, protocol, epochs), missing)
    for training, tested in progress(done, f"{dataset.name}: trainings", len(missing)):
        if isinstance(tested, WorkerLost):
            raise WorkerLost(f"{training.method} with seed {training.seed}: {tested}")
        kept.keep(training, tested)
    runs = {name: [kept.run(name, seed) for seed in range(seeds)] for name in names}
    report = {
        **made_by(command),
        "dataset": dataset.name,
        "note": TEST_SELECTED if protocol.select == "test" else VALIDATED,
        "features": dict(dataset.features),
        "mixing": dict(dataset.feature_mixing),
        "search": [setting.name for setting in protocol.settings] if protocol.select == "valid" else [],
        "test_utterances": sum(len(c) for fold in dataset.folds for c in fold["test"]),
        "test_units": len({dataset.unit(c.ids[0]) for fold in dataset.folds for c in fold["test"]}),
        "rates": list(protocol.rates),
        "realised": realised([fold["test"] for fold in dataset.folds], protocol.rates, dataset.given, seeds, protocol.draws),
        "draws": protocol.draws,
        "seeds": seeds,
        **({"logistic_regression": logistic_regression(dataset)} if dataset.linear else {}),
        **summary(runs, protocol.rates),
    }
    stem = out / (dataset.name if protocol.select == "valid" else f"{dataset.name}_test_selected")
    write_whole(stem.with_suffix(".json"), json.dumps(report, indent=1) + "\n")
    write_whole(stem.with_suffix(".md"), f"{report['note']}\n\n{benchmark_table(report)}\n")
    with whole_file(stem.with_suffix(".png")) as beside:
        draw(report, protocol.rates, beside)
    return report
