"""`train`: what makes weights."""

from __future__ import annotations

import argparse
import importlib
import time
from pathlib import Path

from comp_core.cli.engine import engine_of, engine_options
from comp_core.cli.reading import hearing_options
from comp_core.cli.tasks import command_line, task_of, task_options
from comp_core.cli.values import count
from comp_core.support.devices import CPU, choose_device

# What is trained, in the order in which one needs another -> the module of `comp_core.training` that has ``train_NAME``.
TRAININGS = {
    **{name: name for name in ("face", "voice", "words")},
    **dict.fromkeys(("comp", "prlf"), "live"),
}


def add_commands(commands: argparse._SubParsersAction) -> None:
    """Give each training a parser with its options."""
    command = commands.add_parser("train", help="train a sense or a fusion model, or a model of your own clips; writes weights and report")
    trainings = command.add_subparsers(required=True, metavar="WHAT")
    for name in TRAININGS:
        one = trainings.add_parser(name, parents=[task_options()], help=f"the committed model {name}, from the corpora")
        one.add_argument("--data", type=Path, required=True, help="folder of the corpora")
        one.add_argument("--epochs", type=count, help="epochs (default: as for the committed weights)")
        one.set_defaults(run=train, what=name)
    own = trainings.add_parser("own", parents=[hearing_options(), engine_options()], help="a fusion model of your own clips and labels")
    own.add_argument("folder", type=Path, help="folder of the clips; with --address at the same path on each machine")
    columns = "file, label or score; optional start, end, speaker, conversation, words"
    own.add_argument("--table", type=Path, required=True, metavar="FILE", help=f"CSV with the columns {columns}")
    own.add_argument("--out", type=Path, required=True, metavar="MY", help="folder to write; its name is the model's: --model MY")
    own.add_argument("--work", type=Path, default=Path("runs"), help="what was read and trained so far (default: %(default)s)")
    own.add_argument("--seed", type=int, default=0)
    own.add_argument("--epochs", type=count, help="epochs of each training")
    own.add_argument("--device", default=CPU, help="cpu or cuda (default: %(default)s)")
    own.set_defaults(run=train_own)


def train(options: argparse.Namespace, arguments: list[str]) -> int:
    """`train NAME`: a committed model."""
    module = importlib.import_module(f"comp_core.training.{TRAININGS[options.what]}")
    extra = {} if options.epochs is None else {"epochs": options.epochs}
    getattr(module, f"train_{options.what}")(task_of(options, arguments), **extra)
    return 0


def train_own(options: argparse.Namespace, arguments: list[str]) -> int:
    """`train own`: a model of clips and labels of one's own."""
    from comp_core.own.training import train_own

    began = time.monotonic()
    extra = {} if options.epochs is None else {"epochs": options.epochs}
    device = choose_device(options.device)
    with engine_of(options) as engine:
        report = train_own(
            options.folder,
            options.table,
            options.out,
            whisper=options.whisper,
            language=options.language,
            work=options.work,
            engine=engine,
            device=device,
            seed=options.seed,
            command=command_line(options, arguments),
            **extra,
        )
    key = "uar" if report["labels"] else "mae"
    for name, figures in {"as it answers": report["in_use"], **report["methods"]}.items():
        by_fold = ", ".join(f"{value:.3f}" for value in figures["test"][key]["folds"])
        print(f"{name:<14} {key} {figures['test'][key]['mean']:.3f}   by fold {by_fold}")
    print(
        f"{report['kind']} was kept, {(time.monotonic() - began) / 60:.1f} minutes. {options.out} has the model, its card and its report."
    )
    print(f"python -m comp_core predict FILE --model {options.out}")
    return 0
