"""`train`: what makes weights."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

from comp_core.cli.tasks import task_of, task_options
from comp_core.cli.values import count

# What is trained, in the order in which one needs another -> the module of `comp_core.training` that has ``train_NAME``.
TRAININGS = {
    **{name: name for name in ("face", "voice", "words")},
    **dict.fromkeys(("comp", "prlf"), "live"),
}


def add_commands(commands: argparse._SubParsersAction) -> None:
    """Give it a parser with its options."""
    command = commands.add_parser("train", parents=[task_options()], help="train a sense or a fusion model; writes its weights and report")
    command.add_argument("what", choices=TRAININGS)
    command.add_argument("--data", type=Path, required=True, help="folder of the corpora")
    command.add_argument("--epochs", type=count, help="epochs (default: as for the committed weights)")
    command.set_defaults(run=train)


def train(options: argparse.Namespace, arguments: list[str]) -> int:
    module = importlib.import_module(f"comp_core.training.{TRAININGS[options.what]}")
    extra = {} if options.epochs is None else {"epochs": options.epochs}
    getattr(module, f"train_{options.what}")(task_of(options, arguments), **extra)
    return 0
