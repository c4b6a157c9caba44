"""The table of your own clips -> rows, or everything that is wrong with it, line by line, before anything is computed."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from comp_core.data.gcnet import is_inside
from comp_core.modalities import LABELS
from comp_core.own.split import groups_of
from comp_core.support.errors import CompCoreError

COLUMNS = ("file", "label", "score", "start", "end", "speaker", "conversation", "words")
# Of each label, and of all scores. Fewer cannot be learnt from, chosen by and tested on.
FEWEST_CLIPS = 6
# Speakers of each label, or what stands in for them: one to learn from, one to choose by, one to test on.
FEWEST_GROUPS = 3
MOST_TOLD = 20
# Of hours and minutes before a colon.
_MOST_DIGITS = 6


class TableError(CompCoreError):
    """The table cannot be used.

    Attributes:
        problems: all of them, each with its line.
    """

    def __init__(self, table: Path, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        more = [f"and {len(problems) - MOST_TOLD} more"] if len(problems) > MOST_TOLD else []
        counted = f"{len(problems)} problems" if len(problems) > 1 else "a problem"
        super().__init__("\n  ".join([f"{table} has {counted}, and nothing was computed:", *problems[:MOST_TOLD], *more]))


@dataclass(frozen=True)
class Row:
    """One clip: a file or a part of one, or words alone.

    Attributes:
        line: of the table.
        file: below the folder of clips; "" for words alone.
        label: "" where there are scores.
        score: None where there are labels.
        start, end: seconds; None: the file's own.
        speaker, conversation: "" where none is given.
        words: None: they are to be recognised.
    """

    line: int
    file: str
    label: str = ""
    score: float | None = None
    start: float | None = None
    end: float | None = None
    speaker: str = ""
    conversation: str = ""
    words: str | None = None


@dataclass(frozen=True)
class Table:
    """Rows in the order of the table.

    Attributes:
        labels: none where there are scores.
        unused: columns that nothing is done with.
    """

    rows: tuple[Row, ...]
    labels: tuple[str, ...]
    unused: tuple[str, ...] = ()

    @property
    def targets(self) -> np.ndarray:
        """(n,) int classes, or float32 scores."""
        if self.labels:
            return np.array([self.labels.index(row.label) for row in self.rows], np.int64)
        return np.array([row.score for row in self.rows], np.float32)


def read_table(path: Path, folder: Path) -> Table:
    """Read a CSV in UTF-8 with the columns ``file`` and ``label`` or ``score``; ``start``, ``end``, ``speaker``, ``conversation`` and
    ``words`` may be there. Cells are separated by commas, semicolons or tabs, as the first line has it.

    Args:
        folder: of the clips.

    Raises:
        TableError: it cannot be read, or has problems.
    """
    if not folder.is_dir():
        raise TableError(path, [f"{folder} is not a folder: give the one that the clips are in"])
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError) as error:
        raise TableError(path, [f"it cannot be read as a CSV table in UTF-8: {error}"]) from error
    first = next(iter(text.splitlines()), "")
    separator = max(",;\t", key=first.count)
    try:
        columns = [name.strip().lower() for name in next(csv.reader([first], delimiter=separator), [])]
    except csv.Error as error:
        raise TableError(path, [f"line 1: it cannot be read as names of columns: {error}"]) from error
    if told := _of_columns(columns):
        raise TableError(path, [f"line 1: {told}"])
    problems: list[tuple[int, str]] = []
    rows: list[Row] = []
    try:
        for line, cells in _cells(text, separator, columns):
            row, wrong = _row(line, cells, folder, decimal_comma=separator != ",")
            problems += [(line, told) for told in wrong]
            rows.append(row)
    except csv.Error as error:
        raise TableError(path, [f"it cannot be read as a CSV table: {error}"]) from error
    problems += _between(rows)
    # What is wrong with a row by itself does not keep it from being counted.
    if len({row.score is None for row in rows if row.label or row.score is not None}) == 1:
        problems += too_few([row for row in rows if row.label or row.score is not None])
    if problems:
        raise TableError(path, [f"line {line}: {told}" for line, told in sorted(problems)])
    # Those that the senses say, too, in their order.
    order = {label: i for i, label in enumerate(LABELS)}
    labels = tuple(sorted({row.label for row in rows if row.label}, key=lambda label: (order.get(label, len(order)), label)))
    return Table(tuple(rows), labels, tuple(name for name in columns if name and name not in COLUMNS))


def _of_columns(columns: Sequence[str]) -> str:
    twice = [name for name, count in Counter(columns).items() if count > 1 and name]
    if twice:
        return f"the column {twice[0]} is there twice"
    if "label" not in columns and "score" not in columns:
        return "there is no column label, nor score; the first line names the columns, as file,label,speaker"
    if "file" not in columns and "words" not in columns:
        return "there is no column file, nor words; the first line names the columns, as file,label,speaker"
    return ""


def _cells(text: str, separator: str, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Line and cells by column of each row that is not empty; None holds what is too much."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    next(reader)
    begins = reader.line_num + 1
    for values in reader:
        line, begins = begins, reader.line_num + 1
        if any(value.strip() for value in values):
            cells = dict(zip(columns, (value.strip() for value in values), strict=False))
            yield line, {**cells, "": separator.join(values[len(columns) :])}


def _row(line: int, cells: dict[str, str], folder: Path, decimal_comma: bool) -> tuple[Row, list[str]]:
    """A row, and what is wrong with it by itself."""
    wrong = []
    told = {name: cells.get(name, "") for name in COLUMNS}
    if cells[""]:
        wrong.append(f"it has more cells than there are columns ({cells['']!r}): put words that hold a separator in quotes")
    wrong += _of_file(told, folder)
    if told["label"] and told["score"]:
        wrong.append("it has a label and a score: give one of them")
    elif not told["label"] and not told["score"]:
        wrong.append("its label is empty")
    score = _number(told["score"], decimal_comma)
    if told["score"] and not math.isfinite(score):
        wrong.append(f"its score {told['score']!r} is no number")
    start, end = (_seconds(told[name], decimal_comma) for name in ("start", "end"))
    for name, seconds in (("start", start), ("end", end)):
        if told[name] and not math.isfinite(seconds):
            wrong.append(f"its {name} {told[name]!r} cannot be read: give seconds, as 12.5, or 1:02.5")
    if (told["start"] or told["end"]) and not told["file"]:
        wrong.append("it has a start or end and no file")
    if told["end"] and end <= (start if told["start"] else 0.0):
        wrong.append(f"its end {told['end']} is not after its start {told['start'] or 0}")
    return Row(
        line,
        told["file"],
        told["label"],
        score if told["score"] else None,
        start if told["start"] else None,
        end if told["end"] else None,
        told["speaker"],
        told["conversation"],
        told["words"] or None,
    ), wrong


def _of_file(told: dict[str, str], folder: Path) -> list[str]:
    file = told["file"]
    if not file:
        return [] if told["words"] else ["it has neither a file nor words"]
    if not is_inside(file):
        return [f"{file!r} is outside the folder of clips: give its path within it"]
    place = folder / file
    if not place.is_file():
        return [f"{file} is not in {folder}"]
    return [] if place.resolve().is_relative_to(folder.resolve()) else [f"{file} is a link to a file outside the folder of clips"]


def _number(text: str, decimal_comma: bool) -> float:
    """Not a number, where it is none."""
    try:
        return float(text.replace(",", ".") if decimal_comma else text)
    except ValueError:
        return math.nan


def _seconds(text: str, decimal_comma: bool) -> float:
    """Seconds, or minutes and seconds, or hours, minutes and seconds with colons between; not a number, where it is none of them."""
    parts = text.split(":")
    whole = all(part.isdecimal() and len(part) <= _MOST_DIGITS for part in parts[:-1]) and len(parts) <= 3
    last = _number(parts[-1], decimal_comma)
    if not whole or not 0 <= last < (math.inf if len(parts) == 1 else 60):
        return math.nan
    return sum(int(part) * 60 ** (len(parts) - 1 - i) for i, part in enumerate(parts[:-1])) + last


def _between(rows: Sequence[Row]) -> list[tuple[int, str]]:
    """What is wrong with rows beside others."""
    if not rows:
        return [(2, "there are no rows")]
    found = []
    seen: dict[tuple, int] = {}
    for row in rows:
        clip = (row.file, row.start, row.end, row.words if not row.file else None, row.conversation if not row.file else "")
        if (before := seen.setdefault(clip, row.line)) != row.line:
            found.append((row.line, f"it is the same clip as line {before}"))
    for name in ("speaker", "conversation"):
        if any(getattr(row, name) for row in rows):
            found += [(row.line, f"its {name} is empty, but other rows have one") for row in rows if not getattr(row, name)]
    labelled = [row for row in rows if row.label and row.score is None]
    scored = [row for row in rows if row.score is not None and not row.label]
    if labelled and scored:
        found.append((scored[0].line, f"it has a score, but line {labelled[0].line} a label: a table has labels or scores"))
    return found


def too_few(rows: Sequence[Row]) -> list[tuple[int, str]]:
    """Line and problem, where there are too few clips or speakers to learn from, choose by and test on."""
    split = groups_of(rows)
    if any(row.score is not None for row in rows):
        if len({row.score for row in rows}) < 2:
            return [(rows[0].line, f"all scores are {rows[0].score:g}: there is nothing to tell apart")]
        kinds = {"": list(range(len(rows)))}
    else:
        kinds = {}
        for i, row in enumerate(rows):
            kinds.setdefault(row.label, []).append(i)
        if len(kinds) < 2:
            return [(rows[0].line, f"all rows say {rows[0].label!r}: at least two labels are needed")]
    found = []
    for label, numbers in kinds.items():
        line, what = rows[numbers[0]].line, f"the label {label!r}" if label else "the table"
        groups = len({split.groups[i] for i in numbers})
        if len(numbers) < FEWEST_CLIPS:
            clips = "1 clip" if len(numbers) == 1 else f"{len(numbers)} clips"
            found.append((line, f"{what} has {clips}: at least {FEWEST_CLIPS} are needed"))
        elif groups < FEWEST_GROUPS:
            which = split.by if groups == 1 else f"{split.by}s"
            found.append((line, f"{what} has {groups} {which}: at least {FEWEST_GROUPS} are needed, to learn from, choose by and test on"))
    return found
