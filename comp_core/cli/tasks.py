"""The options that trainings and experiments share, and the task that they make."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from comp_core.support.assets import ASSETS
from comp_core.support.checkpoint import WEIGHTS_DIR
from comp_core.support.devices import CPU, choose_device
from comp_core.training.task import Task

_OPTIONS: dict[str, dict[str, Any]] = {
    "work": {"type": Path, "default": Path("runs"), "help": "caches and intermediate weights (default: %(default)s)"},
    "weights": {"type": Path, "default": WEIGHTS_DIR, "help": "folder of the weights (default: assets/weights)"},
    "reports": {"type": Path, "default": ASSETS / "reports", "help": "report folder (default: assets/reports)"},
    "seed": {"type": int, "default": 0},
    "device": {"default": CPU, "help": "cpu or cuda (default: %(default)s)"},
}


def task_options(without: Collection[str] = ()) -> argparse.ArgumentParser:
    """As a parent of a command's parser; ``without`` those that the command has no use for."""
    options = argparse.ArgumentParser(add_help=False)
    for name, about in _OPTIONS.items():
        if name in without:
            options.set_defaults(**{name: about["default"]})
        else:
            options.add_argument(f"--{name}", **about)
    return options


def task_of(options: argparse.Namespace, arguments: Sequence[str]) -> Task:
    """What the options ask for.

    Raises:
        DeviceError: the device is not there.
    """
    return Task(
        corpora=options.data,
        work=options.work,
        weights=options.weights,
        reports=options.reports,
        seed=options.seed,
        command=command_line(options, arguments),
        device=choose_device(options.device),
        out=getattr(options, "out", None),
    )


def command_line(options: argparse.Namespace, arguments: Sequence[str]) -> str:
    """The command as a reader would repeat it: their own folders stand in for ours."""
    folders = {name.upper(): getattr(options, name, None) for name in ("data", "weights", "reports", "work", "out", "folder", "table")}
    local = {str(folder): name for name, folder in folders.items() if folder is not None}
    return shlex.join(["python", "-m", "comp_core", *(local.get(a, a) for a in arguments)])
