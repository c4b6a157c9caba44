"""`python -m comp_core ...`: the command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from comp_core.cli import reading, research
from comp_core.support.atomic_files import NotWritten


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(prog="python -m comp_core", description="Affect sensing that survives missing modalities.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for room in (reading, research):
        room.add_commands(commands)
    options = parser.parse_args(arguments)
    try:
        return options.run(options, arguments)
    except NotWritten as error:
        print(error, file=sys.stderr)
        return 2
