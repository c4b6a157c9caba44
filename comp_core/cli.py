"""`python -m comp_core ...`: the command line."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from comp_core.checkpoint import WEIGHTS_DIR

SENSES = ("face", "voice", "words", "comp")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(arguments)
    return options.run(options, arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m comp_core", description="Affect sensing that survives missing modalities.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    train = commands.add_parser("train", help="train a sense or the fusion model and write its weights and report")
    train.add_argument("what", choices=SENSES)
    train.add_argument("--data", type=Path, required=True, help="folder of the corpora")
    train.add_argument("--work", type=Path, default=Path("runs"), help="caches and intermediate weights (default: %(default)s)")
    train.add_argument("--weights", type=Path, default=WEIGHTS_DIR, help="where the weights go (default: assets/weights)")
    train.add_argument("--reports", type=Path, default=WEIGHTS_DIR.parent / "reports", help="where the report goes (default: assets/reports)")
    train.add_argument("--epochs", type=int, help="instead of the number that made the committed weights")
    train.add_argument("--seed", type=int, default=0)
    train.set_defaults(run=_train)
    return parser


def _train(options: argparse.Namespace, arguments: list[str]) -> int:
    import importlib

    from comp_core.training.task import Task

    task = Task(options.data, options.work, options.weights, options.reports, options.seed, _command_line(options, arguments))
    module = importlib.import_module(f"comp_core.training.{options.what}")
    extra = {} if options.epochs is None else {"epochs": options.epochs}
    getattr(module, f"train_{options.what}")(task, **extra)
    return 0


def _command_line(options: argparse.Namespace, arguments: list[str]) -> str:
    """The command as a reader would repeat it: their own folders stand in for ours."""
    local = {str(options.data): "DATA", str(options.work): "WORK"}
    return shlex.join(["python", "-m", "comp_core", *(local.get(a, a) for a in arguments)])
