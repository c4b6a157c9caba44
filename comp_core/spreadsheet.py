"""Tables for spreadsheets, as CSV. Words and names come from strangers: no cell is taken for a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from typing import TextIO

# What a formula begins with: at the start of a cell, and where a program that separates by something else than commas sees one start.
_FORMULA = re.compile(r'(^|[;,|\t\r\n])(?=[\s"]*[=+\-@＝＋－＠])|^(?=[\t\r])')


def write_row(lines: TextIO, cells: Iterable[object]) -> None:
    """Write one row; text that could be a formula gets an apostrophe before it, numbers stay as they are."""
    plain = [_FORMULA.sub(r"\1'", cell) if isinstance(cell, str) else cell for cell in cells]
    csv.writer(lines, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(plain)


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """The rows as one text."""
    out = io.StringIO()
    for row in rows:
        write_row(out, row)
    return out.getvalue()
