"""`benchmark`: fusion models and baselines under one protocol."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from comp_core.cli.engine import engine_of, engine_options
from comp_core.cli.tasks import command_line
from comp_core.cli.values import count, names, pairs, rates
from comp_core.reports.published import PUBLISHED, corpus_of, published_table
from comp_core.support.devices import CPU, choose_device

if TYPE_CHECKING:
    from comp_core.benchmark.datasets import Dataset
    from comp_core.benchmark.protocol import Protocol
    from comp_core.jobs.engine import Engine

_SELECT = "the split on which epochs are chosen; test only to compare with the literature (default: %(default)s)"


def add_commands(commands: argparse._SubParsersAction) -> None:
    """Give it a parser with its options."""
    command = commands.add_parser(
        "benchmark", parents=[engine_options()], help="compare fusion models and baselines, trained under one protocol"
    )
    named = "mosi, mosi-reread, mosi-folds, ravdess, cremad-people, cremad-raters, live, or a feature folder in the GCNet layout"
    command.add_argument("--dataset", required=True, help=named)
    command.add_argument("--data", type=Path, help="folder of the corpora, for those with a name")
    command.add_argument("--work", type=Path, default=Path("runs"), help="for live: work folder of the trainings (default: %(default)s)")
    command.add_argument(
        "--features", type=pairs, default={}, metavar="audio=NAME,...", help="which of the folder's features to use (default: extract's)"
    )
    command.add_argument("--labels", type=Path, metavar="FILE", help="which of the folder's label pickles, where it has several")
    task = "what the folder's labels are (default: scores where one is no integer, otherwise classes)"
    command.add_argument("--task", choices=("classes", "scores"), help=task)
    command.add_argument("--models", type=names, metavar="NAME,...", help="default: comp,concat,late, or the table's")
    table = "all rows that there are of a paper's table, in both ways of choosing epochs, beside the published figures"
    command.add_argument("--preset-table", choices=tuple(PUBLISHED), help=table)
    command.add_argument("--rates", type=rates, metavar="RATE,...", help="missing rates (default: 0.1 to 0.7, of two modalities to 0.5)")
    command.add_argument("--seeds", type=count, default=5, help="trainings of each model (default: %(default)s)")
    command.add_argument("--epochs", type=count, help="epochs of each training (default: the data set's own number)")
    command.add_argument("--draws", type=count, default=3, help="of test masks for each seed (default: %(default)s)")
    search = "every method chooses among a few settings on validation data (default: it does)"
    command.add_argument("--search", action=argparse.BooleanOptionalAction, default=True, help=search)
    command.add_argument("--select", choices=("valid", "test"), default="valid", help=_SELECT)
    command.add_argument("--device", default=CPU, help="cpu or cuda (default: %(default)s)")
    command.add_argument("--out", type=Path, required=True, help="folder of the results; a stopped run goes on from what is there")
    command.set_defaults(run=benchmark)


def benchmark(options: argparse.Namespace, arguments: list[str]) -> int:
    """`benchmark`; returns the exit status, as all commands do."""
    from comp_core.benchmark.conditions import rates_of
    from comp_core.benchmark.datasets import DATASETS, folder
    from comp_core.benchmark.protocol import Protocol
    from comp_core.benchmark.search import AS_CONFIGURED, SEARCH

    named = options.dataset in DATASETS
    if named == (options.data is None) or not (named or Path(options.dataset).is_dir()):
        print(f"--dataset is one of {', '.join(DATASETS)} with --data, or a feature folder without", file=sys.stderr)
        return 2
    device = choose_device(options.device)
    if named:
        dataset = DATASETS[options.dataset](options.data, options.work)
    else:
        dataset = folder(Path(options.dataset), options.features, options.labels, options.task)
    settings = SEARCH if options.search else (AS_CONFIGURED,)
    protocol = Protocol(options.rates or rates_of(dataset.given), options.select, device, settings, options.draws)
    command = command_line(options, arguments)
    with engine_of(options) as engine:
        told = _paper_table if options.preset_table else _one_table
        print(told(options, dataset, protocol, command, engine))
    return 0


def _one_table(options: argparse.Namespace, dataset: Dataset, protocol: Protocol, command: str, engine: Engine | None) -> str:
    from comp_core.benchmark.command import benchmark
    from comp_core.reports.benchmark_tables import benchmark_table

    names = options.models or ["comp", "concat", "late"]
    return benchmark_table(benchmark(dataset, names, options.seeds, protocol, options.out, command, options.epochs, engine))


def _paper_table(options: argparse.Namespace, dataset: Dataset, protocol: Protocol, command: str, engine: Engine | None) -> str:
    """The rows of a paper's table in both ways of choosing epochs; also written into the folder of the results."""
    from comp_core.benchmark.command import benchmark
    from comp_core.support.atomic_files import write_whole

    table = PUBLISHED[options.preset_table]
    names = options.models or [name for ours in table.ours.values() for name in ours]
    reports = {}
    for select in ("valid", "test"):
        chosen = replace(protocol, rates=table.rates, select=select)
        reports[select] = benchmark(dataset, names, options.seeds, chosen, options.out, command, options.epochs, engine)
    classes = None if dataset.objective.outputs == 1 else dataset.objective.outputs
    told = published_table(table, reports, corpus_of(dataset.name, classes))
    write_whole(options.out / f"{dataset.name}_{options.preset_table}.md", f"{told}\n")
    return told
