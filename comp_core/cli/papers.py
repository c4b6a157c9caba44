"""`tables` and `doctor`: what has been measured, and what is installed."""

from __future__ import annotations

import argparse
from pathlib import Path

from comp_core.support.assets import ASSETS
from comp_core.support.atomic_files import write_whole


def add_commands(commands: argparse._SubParsersAction) -> None:
    """Give each a parser with its options."""
    command = commands.add_parser("tables", help="print the reports as Markdown tables, or renew those in documents")
    command.add_argument("--reports", type=Path, default=ASSETS / "reports", help="report folder (default: assets/reports)")
    command.add_argument("--into", type=Path, nargs="+", default=[], metavar="FILE", help="Markdown files whose marked tables to renew")
    command.set_defaults(run=tables)
    command = commands.add_parser("doctor", help="say what is installed, what is missing and what to do")
    command.set_defaults(run=doctor)


def tables(options: argparse.Namespace, _arguments: list[str]) -> int:
    """`tables`: of the reports, printed or put into documents."""
    from comp_core.reports.tables import tables, with_tables

    found = dict(tables(options.reports))
    for name, table in found.items():
        print(f"{name}\n\n{table}\n")
    for path in options.into:
        write_whole(path, with_tables(path.read_text(encoding="utf-8"), found))
    return 0


def doctor(_options: argparse.Namespace, _arguments: list[str]) -> int:
    """`doctor`: what is missing, and what to do."""
    from comp_core.cli import doctor

    return doctor.main()
