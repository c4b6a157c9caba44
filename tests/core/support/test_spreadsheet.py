"""No cell of a table is a formula, whatever a spreadsheet separates them by."""

import csv
import io

import pytest

from comp_core.formats.table import records_csv
from comp_core.jobs import annotation
from comp_core.jobs.annotation import Settings, annotate
from comp_core.jobs.engine import InProcess
from comp_core.support.spreadsheet import csv_text
from tests.app.doubles import record

FORMULAS = ["=1+1", "+1+1", "-1+1", "@SUM(1)", "＝1+1", "\t=1", "\r=1", " =1", "x;=1+1;y", 'x;"=1+1";y', "x,=1", "x\t=1", "x\n=1", "x|@A1"]


def cells(text):
    """Each cell as programs see it that separate by a comma, a semicolon, a tab or a bar."""
    return [cell for delimiter in ",;\t|" for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) for cell in row]


def formulas(text):
    return [cell for cell in cells(text) if cell.lstrip(' \t\r\n"').startswith(("=", "+", "-", "@", "＝"))]


@pytest.mark.parametrize("formula", FORMULAS)
def test_words_that_could_be_a_formula_are_none(formula):
    assert formulas(csv_text([("a", formula, "b")])) == []
    assert formulas(records_csv([record(transcript=formula, text="joy")])) == []


def test_numbers_and_other_words_stay_as_they_are():
    rows = [("words", "number"), ("well; yes, a-b = c", -0.5), ('she said "no"', 3)]
    assert list(csv.reader(io.StringIO(csv_text(rows)))) == [[str(cell) for cell in row] for row in rows]
    assert csv_text([(1, "a", "")]) == '"1","a",""\n'


@pytest.mark.parametrize("text", ["\n", '"', "\t;", ' "'])
def test_text_that_seems_to_begin_cells_everywhere_takes_no_longer(text):
    """With a scan from each of these beginnings to the end this would take hours."""
    assert len(csv_text([(500_000 * text,)])) > 500_000


def test_the_names_of_clips_that_cannot_be_read_are_no_formulas(tmp_path):
    clips, out = tmp_path / "clips", tmp_path / "out"
    clips.mkdir()
    for number, formula in enumerate(("=1+1", "x;=1+1;y")):
        (clips / f"{formula}{number}.mp4").write_bytes(b"")
    assert annotate(clips, out, Settings(whisper="off"), InProcess(), "cpu").unreadable == 2
    assert formulas((out / annotation.UNREADABLE).read_text(encoding="utf-8")) == []
