"""`python -m comp_core ...`: the command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from comp_core.cli import benchmarks, experiments, exporting, papers, reading, training
from comp_core.support.errors import CompCoreError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 2 where the user can mend what went wrong, told in one sentence."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(prog="python -m comp_core", description="Affect sensing that survives missing modalities.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for room in (reading, exporting, training, benchmarks, experiments, papers):
        room.add_commands(commands)
    options = parser.parse_args(arguments)
    try:
        return options.run(options, arguments)
    except (CompCoreError, FileNotFoundError) as error:
        print(error, file=sys.stderr)
        return 2
