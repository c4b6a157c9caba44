"""`python -m comp_core benchmark`: every run is kept as it ends, so that the command goes on where it was stopped."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from comp_core.benchmark.datasets import Dataset
from comp_core.benchmark.methods import METHODS
from comp_core.benchmark.protocol import Protocol, run
from comp_core.benchmark.report import draw, summary
from comp_core.evaluation.tables import benchmark_table
from comp_core.progress import progress
from comp_core.whole_files import whole_file, write_whole

TEST_SELECTED = "The epochs were chosen on TEST data, a model for each rate, as in the literature. For comparison with its tables only."
VALIDATED = "One model for all rates; the epoch was chosen on validation data."


def benchmark(
    dataset: Dataset, names: Sequence[str], seeds: int, protocol: Protocol, out: Path, command: str, epochs: int | None = None
) -> dict[str, Any]:
    """Run the methods with ``seeds`` seeds each and write ``NAME.json``, ``NAME.md`` and ``NAME.png`` into ``out``.

    Raises:
        ValueError: a method is not known.
        NotWritten: the disk is full; the runs that were kept before go into the next call.
    """
    if unknown := [name for name in names if name not in METHODS]:
        raise ValueError(f"no method {', '.join(unknown)}; there are {', '.join(METHODS)}")
    kept = out / "runs"
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for name, seed in progress([(name, seed) for seed in range(seeds) for name in names], f"{dataset.name}: trainings"):
        path = kept / f"{dataset.name}_{name}_{protocol.select}_seed{seed}_{_digest(dataset, name, protocol, epochs)}.json"
        if not path.is_file():
            write_whole(path, json.dumps(run(dataset, METHODS[name], seed, protocol, epochs)))
        runs[name].append(json.loads(path.read_text(encoding="utf-8")))
    report = {
        "command": command,
        "date": date.today().isoformat(),
        "dataset": dataset.name,
        "note": TEST_SELECTED if protocol.select == "test" else VALIDATED,
        "mistaken": dict(dataset.mistaken),
        "test_utterances": sum(len(c) for fold in dataset.folds for c in fold["test"]),
        "rates": list(protocol.rates),
        "seeds": seeds,
        **summary(runs, protocol.rates),
    }
    stem = out / (dataset.name if protocol.select == "valid" else f"{dataset.name}_test_selected")
    write_whole(stem.with_suffix(".json"), json.dumps(report, indent=1) + "\n")
    write_whole(stem.with_suffix(".md"), f"{report['note']}\n\n{benchmark_table(report)}\n")
    with whole_file(stem.with_suffix(".png")) as beside:
        draw(report, protocol.rates, beside)
    return report


def _digest(dataset: Dataset, name: str, protocol: Protocol, epochs: int | None) -> str:
    """Of all that makes a run what it is, but the code: a run under other settings is another run."""
    settings = [METHODS[name].settings, METHODS[name].epochs, dataset.mistaken, dataset.batch, epochs or dataset.epochs, protocol.rates]
    return hashlib.blake2b(repr(settings).encode(), digest_size=4).hexdigest()
