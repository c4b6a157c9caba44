"""Commands that train, measure and compare, and write reports. Each returns the exit status."""

from __future__ import annotations

import argparse
import importlib
import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from comp_core.checkpoint import WEIGHTS_DIR, CheckpointError
from comp_core.cli.engine import engine_of, engine_options
from comp_core.cli.values import count, names, pairs, rates
from comp_core.devices import CPU, DeviceError, choose_device
from comp_core.engines.base import EngineError
from comp_core.shipped import ASSETS
from comp_core.task import Task
from comp_core.whole_files import write_whole

# In the order in which they need one another, each with its module; ``held_out`` makes the lab's data, the last five a report only.
TRAININGS = {
    **{name: name for name in ("face", "voice", "voice_folds", "words")},
    **dict.fromkeys(("comp", "prlf"), "live"),
    "held_out": "held_out",
    **{name: name for name in ("voice_cv", "voice_cross", "words_cross", "real_pairs", "balance")},
}
EVALUATIONS = ("face", "voice", "words", "recognition", "intra", "steadiness", "seeds")


def add_commands(commands: argparse._SubParsersAction) -> None:
    """Give each a parser with its options."""
    task = argparse.ArgumentParser(add_help=False)
    task.add_argument("--data", type=Path, required=True, help="folder of the corpora")
    task.add_argument("--work", type=Path, default=Path("runs"), help="caches and intermediate weights (default: %(default)s)")
    task.add_argument("--weights", type=Path, default=WEIGHTS_DIR, help="folder of the weights (default: assets/weights)")
    task.add_argument("--reports", type=Path, default=ASSETS / "reports", help="report folder (default: assets/reports)")
    task.add_argument("--seed", type=int, default=0)
    command = commands.add_parser("train", parents=[task], help="train a sense or the fusion model and write its weights and report")
    command.add_argument("what", choices=TRAININGS)
    command.add_argument("--epochs", type=int, help="instead of the number that made the committed weights")
    command.add_argument("--device", default=CPU, help="cpu or cuda (default: %(default)s)")
    command.set_defaults(run=train)
    command = commands.add_parser("evaluate", help="measure trained weights on test data and write a report")
    kinds = command.add_subparsers(required=True, metavar="WHAT")
    for what in EVALUATIONS:
        kinds.add_parser(what, parents=[task]).set_defaults(run=evaluate, what=what)
    command = kinds.add_parser("obvious", help="plain sentences, acted voices, agreed faces: which errors would a visitor laugh at?")
    command.add_argument("--data", type=Path, help="folder of the corpora: adds voices and faces, and looks for the sentences in the texts")
    command.add_argument("--work", type=Path, default=Path("runs"), help="decoded sound (default: %(default)s)")
    command.add_argument("--weights", type=Path, default=WEIGHTS_DIR, help="folder of the weights (default: assets/weights)")
    command.add_argument("--models", type=names, default=["comp", "prlf"], metavar="NAME,...", help="'' for none (default: comp,prlf)")
    command.add_argument("--out", type=Path, help="write the JSON report here")
    command.add_argument("--print", choices=("choose", "test"), help="also tell the wrong sentences of this part; test is for a last read")
    command.set_defaults(run=obvious)
    command = commands.add_parser("speed", help="time the senses and the fusion on one thread")
    command.add_argument("--runs", type=int, default=100, help="rounds, in each of which every step runs once (default: %(default)s)")
    command.add_argument("--out", type=Path, help="write the JSON report here, too")
    command.set_defaults(run=speed)
    command = commands.add_parser(
        "benchmark", parents=[engine_options()], help="compare fusion models and baselines, trained under one protocol"
    )
    named = "mosi, mosi-reread, mosi-folds, ravdess, live, or a feature folder in the GCNet layout"
    command.add_argument("--dataset", required=True, help=named)
    command.add_argument("--data", type=Path, help="folder of the corpora, for those with a name")
    command.add_argument("--work", type=Path, default=Path("runs"), help="for live: what the trainings left (default: %(default)s)")
    command.add_argument("--features", type=pairs, default={}, metavar="audio=NAME,...", help="for a feature folder: its names")
    command.add_argument("--models", type=names, default=["comp", "concat", "late"], metavar="NAME,...", help="default: comp,concat,late")
    command.add_argument("--rates", type=rates, metavar="RATE,...", help="missing rates (default: 0.1 to 0.7)")
    command.add_argument("--seeds", type=int, default=5, help="(default: %(default)s)")
    command.add_argument("--epochs", type=int, help="instead of the data set's own number")
    command.add_argument("--select", choices=("valid", "test"), default="valid", help="test: as the literature does, to compare tables")
    command.add_argument("--device", default=CPU, help="cpu or cuda (default: %(default)s)")
    command.add_argument("--out", type=Path, required=True, help="folder of the results; a stopped run goes on from what is there")
    command.set_defaults(run=benchmark)
    command = commands.add_parser("cost", help="time and memory of ComP: an epoch on MOSI, a live window, and how both grow")
    command.add_argument("--data", type=Path, required=True, help="folder of the corpora")
    command.add_argument("--runs", type=int, default=20, help="(default: %(default)s)")
    command.add_argument("--out", type=Path, help="write the JSON report here, too")
    command.set_defaults(run=cost)
    command = commands.add_parser("scaling", help="what Ray gains on this machine, and what many machines would take")
    command.add_argument("--data", type=Path, required=True, help="folder of the corpora, for a benchmark on MOSI")
    command.add_argument("--copies", type=count, default=10, help="of the sample clips (default: %(default)s)")
    command.add_argument("--epochs", type=count, default=10, help="of the benchmark (default: %(default)s)")
    command.add_argument("--whisper", default="off", metavar="MODEL|PATH|off", help="speech recognition (default: %(default)s)")
    command.add_argument("--out", type=Path, help="write the JSON report here, too")
    command.set_defaults(run=scaling)
    command = commands.add_parser("tables", help="the committed reports as Markdown tables")
    command.add_argument("--reports", type=Path, default=ASSETS / "reports", help="report folder (default: assets/reports)")
    command.add_argument("--into", type=Path, nargs="+", default=[], metavar="FILE", help="Markdown files whose marked tables to renew")
    command.set_defaults(run=tables)
    command = commands.add_parser("doctor", help="what is installed and found here, and what to do about each lack")
    command.set_defaults(run=doctor)


def train(options: argparse.Namespace, arguments: list[str]) -> int:
    module = importlib.import_module(f"comp_core.training.{TRAININGS[options.what]}")
    extra = {} if options.epochs is None else {"epochs": options.epochs}
    try:
        task = replace(_task(options, arguments), device=choose_device(options.device))
        getattr(module, f"train_{options.what}")(task, **extra)
    except (FileNotFoundError, CheckpointError, DeviceError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def evaluate(options: argparse.Namespace, arguments: list[str]) -> int:
    module = importlib.import_module(f"comp_core.evaluation.{options.what}")
    getattr(module, f"evaluate_{options.what}")(_task(options, arguments))
    return 0


def obvious(options: argparse.Namespace, arguments: list[str]) -> int:
    from comp_core.data.obvious import ObviousError
    from comp_core.data.speech import SpeechDataError
    from comp_core.evaluation.obvious import measure, readable, report
    from comp_core.predictor import Predictor

    try:
        predictor = Predictor.load(options.models, CPU, weights=options.weights)
        answered = measure(predictor, options.weights, options.data, options.work)
    except (FileNotFoundError, CheckpointError, SpeechDataError, ObviousError) as error:
        print(error, file=sys.stderr)
        return 2
    if options.out:
        found = {"command": _command_line(options, arguments), "date": date.today().isoformat(), **report(answered, options.weights)}
        write_whole(options.out, json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    print(readable(answered, options.print))
    return 0


def benchmark(options: argparse.Namespace, arguments: list[str]) -> int:
    from comp_core.benchmark.command import benchmark
    from comp_core.benchmark.datasets import DATASETS, folder
    from comp_core.benchmark.protocol import RATES, Protocol
    from comp_core.data.gcnet import LayoutError
    from comp_core.data.mosi import MosiError
    from comp_core.data.ravdess_takes import TakesError
    from comp_core.evaluation.benchmark_tables import benchmark_table

    named = options.dataset in DATASETS
    if named == (options.data is None) or not (named or Path(options.dataset).is_dir()):
        print(f"--dataset is one of {', '.join(DATASETS)} with --data, or a feature folder without", file=sys.stderr)
        return 2
    try:
        protocol = Protocol(options.rates or RATES, options.select, choose_device(options.device))
        dataset = DATASETS[options.dataset](options.data, options.work) if named else folder(Path(options.dataset), options.features)
        command = _command_line(options, arguments)
        with engine_of(options) as engine:
            report = benchmark(dataset, options.models, options.seeds, protocol, options.out, command, options.epochs, engine)
    except (ValueError, FileNotFoundError, CheckpointError, LayoutError, MosiError, TakesError, EngineError) as error:
        print(error, file=sys.stderr)
        return 2
    print(benchmark_table(report))
    return 0


def speed(options: argparse.Namespace, arguments: list[str]) -> int:
    from comp_core.evaluation.speed import measure_speed

    return _measured(measure_speed(options.runs), options, arguments)


def cost(options: argparse.Namespace, arguments: list[str]) -> int:
    from comp_core.benchmark.cost import measure_cost
    from comp_core.data.mosi import MosiError

    try:
        return _measured(measure_cost(options.data, options.runs), options, arguments)
    except MosiError as error:
        print(error, file=sys.stderr)
        return 2


def scaling(options: argparse.Namespace, arguments: list[str]) -> int:
    from comp_core.data.mosi import MosiError
    from comp_core.evaluation.scaling import measure_scaling
    from comp_core.senses.recognition import RecogniserError

    try:
        return _measured(measure_scaling(options.data, options.copies, options.epochs, options.whisper), options, arguments)
    except (MosiError, EngineError, RecogniserError) as error:
        print(error, file=sys.stderr)
        return 2


def tables(options: argparse.Namespace, _arguments: list[str]) -> int:
    from comp_core.evaluation.tables import tables, with_tables

    found = dict(tables(options.reports))
    for name, table in found.items():
        print(f"{name}\n\n{table}\n")
    for path in options.into:
        write_whole(path, with_tables(path.read_text(encoding="utf-8"), found))
    return 0


def doctor(_options: argparse.Namespace, _arguments: list[str]) -> int:
    from comp_core import doctor

    return doctor.main()


def _measured(found: dict[str, Any], options: argparse.Namespace, arguments: list[str]) -> int:
    local = {str(options.data): "DATA"} if "data" in options else {}
    command = _repeated([local.get(argument, argument) for argument in arguments])
    text = json.dumps({"command": command, "date": date.today().isoformat(), **found}, indent=1)
    print(text)
    if options.out:
        write_whole(options.out, text + "\n")
    return 0


def _task(options: argparse.Namespace, arguments: list[str]) -> Task:
    return Task(options.data, options.work, options.weights, options.reports, options.seed, _command_line(options, arguments))


def _command_line(options: argparse.Namespace, arguments: list[str]) -> str:
    """The command as a reader would repeat it: their own folders stand in for ours."""
    folders = {name.upper(): getattr(options, name, None) for name in ("data", "work", "out")}
    local = {str(folder): name for name, folder in folders.items() if folder is not None}
    return _repeated([local.get(a, a) for a in arguments])


def _repeated(arguments: Sequence[str]) -> str:
    return shlex.join(["python", "-m", "comp_core", *arguments])
