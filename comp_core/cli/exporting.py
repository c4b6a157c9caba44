"""`export`: models for other programs."""

from __future__ import annotations

import argparse
from pathlib import Path

from comp_core.support.checkpoint import WEIGHTS_DIR

ALL = ("face", "voice", "words", "comp", "prlf")


def add_commands(commands: argparse._SubParsersAction) -> None:
    """Give it a parser with its options."""
    command = commands.add_parser("export", help="write senses and fusion models as ONNX files")
    what = f"senses, and fusion models by name or path (default: {' '.join(ALL)})"
    command.add_argument("models", nargs="*", default=ALL, metavar="NAME|PATH", help=what)
    command.add_argument("--onnx", type=Path, required=True, metavar="OUT", help="folder of the files")
    command.add_argument("--weights", type=Path, default=WEIGHTS_DIR, help="folder of the weights (default: assets/weights)")
    command.set_defaults(run=export)


def export(options: argparse.Namespace, _arguments: list[str]) -> int:
    """`export`: a fusion model as ONNX."""
    from comp_core.inference.onnx_export import export

    for file in export(options.models, options.onnx, options.weights):
        print(f"{file.path}  {file.size / 2**20:.1f} MB, within {file.difference:.0e} of PyTorch")
    return 0
