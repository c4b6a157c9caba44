"""Tables for spreadsheets, as CSV. Words and names come from strangers: no cell is taken for a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from typing import TextIO

# Where a cell starts, or where a program that separates by something else than commas sees one start, and what a formula begins with. It
# always matches, and nothing twice: the time is in proportion to the text, whatever a stranger writes.
_START = re.compile(r'((?:^|[;,|\t\r\n])[\s";,|]*+)([=+\-@＝＋－＠]?)')
_HARMFUL = ("\t", "\r")


def write_row(lines: TextIO, cells: Iterable[object]) -> None:
    """Write one row; text that could be a formula gets an apostrophe before it, numbers stay as they are."""
    plain = [disarmed(cell) if isinstance(cell, str) else cell for cell in cells]
    csv.writer(lines, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(plain)


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """The rows as one text."""
    out = io.StringIO()
    for row in rows:
        write_row(out, row)
    return out.getvalue()


def disarmed(cell: str) -> str:
    """The text with an apostrophe before all that could be a formula."""
    text = _START.sub(lambda found: f"{found[1]}'{found[2]}" if found[2] else found[1], cell)
    return f"'{text}" if text.startswith(_HARMFUL) else text
