"""The dictionaries of the page: whole, alike, and of texts that there are."""

import json
import re
from pathlib import Path

import pytest

from app.pages.shared.heading import LANGUAGES
from comp_core.modalities import LABELS
from tests.places import ROOT

FOLDER = ROOT / "app" / "pages" / "languages"
DICTIONARIES = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))}
_HOLE = re.compile(r"\{(\w+)\}")


def test_every_language_that_is_offered_has_its_dictionary():
    assert set(DICTIONARIES) == set(LANGUAGES) - {"en"}


def test_the_dictionaries_hold_the_same_texts():
    first, *others = DICTIONARIES.values()
    assert len(first) > 400
    for other in others:
        assert list(first) == list(other)


@pytest.mark.parametrize("language", DICTIONARIES)
def test_what_is_filled_in_is_filled_in_in_every_language(language):
    wrong = {english for english, other in DICTIONARIES[language].items() if sorted(_HOLE.findall(english)) != sorted(_HOLE.findall(other))}
    assert wrong == set()


def test_the_expressions_that_may_stand_where_a_visitors_name_does_are_the_labels():
    script = (ROOT / "app" / "pages" / "shared" / "translate.js").read_text(encoding="utf-8")
    told = re.search(r"^const EXPRESSIONS = (\[.*\]);$", script, re.MULTILINE)
    assert told and json.loads(told[1]) == list(LABELS)


@pytest.mark.parametrize("language", DICTIONARIES)
def test_marks_are_those_of_the_text(language):
    marks = re.compile(r"</?\w+>")
    assert {e for e, other in DICTIONARIES[language].items() if sorted(marks.findall(e)) != sorted(marks.findall(other))} == set()


def test_no_label_or_file_is_translated_by_the_server():
    """Translation happens in the browser alone, so exports and programs keep to English."""
    readers = [path for path in (ROOT / "app").rglob("*.py") if "languages/" in path.read_text(encoding="utf-8")]
    assert [path for path in readers if path != Path(ROOT / "app/pages/shared/heading.py")] == []
