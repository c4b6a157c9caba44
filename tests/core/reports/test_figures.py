"""Every table in README, docs and model cards is what its report says now."""

import json

import numpy as np
import pytest

from comp_core.modalities import MODALITIES, SUBSETS
from comp_core.reports.tables import tables, with_tables
from tests.places import ROOT

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "assets" / "cards").glob("*.md"))]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_tables_are_up_to_date(document):
    text = document.read_text(encoding="utf-8")
    assert with_tables(text, dict(tables(ROOT / "assets" / "reports"))) == text


def test_every_table_stands_in_the_results():
    results = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    assert [name for name, table in tables(ROOT / "assets" / "reports") if table not in results] == []


@pytest.mark.parametrize(("name", "title"), [("comp", "ComP"), ("prlf", "PRLF")])
def test_fusion_models_say_who_they_are_and_that_their_data_were_paired(name, title):
    record = json.loads((ROOT / "assets" / "weights" / f"{name}.json").read_text(encoding="utf-8"))
    assert record["name"] == title
    assert "by label" in record["note"]


def test_only_marked_tables_are_replaced():
    document = "a\n<!-- table: face -->\nold\n<!-- end of table -->\nb\n<!-- table: other -->\nkept\n<!-- end of table -->\n"
    renewed = with_tables(document, {"face": "new"})
    assert "old" not in renewed
    assert "<!-- table: face -->\nnew\n<!-- end of table -->\nb" in renewed
    assert "kept" in renewed


def test_the_coordinator_of_the_live_model_goes_by_what_is_there():
    report = json.loads((ROOT / "assets" / "reports" / "comp.json").read_text(encoding="utf-8"))
    for subset, figures in report["metrics"]["test"].items():
        given = [SUBSETS[subset].count(modality) for modality in MODALITIES]
        weight = [figures["weights"][modality] for modality in MODALITIES]
        assert np.dot(given, weight) > 0.6, subset
        assert min(w for w, there in zip(weight, given, strict=True) if there) > 0.05, subset


@pytest.mark.parametrize("sense", ["face", "voice", "words"])
def test_the_senses_figures_are_of_the_weights_that_are_here(sense):
    measured = json.loads((ROOT / "assets" / "reports" / f"{sense}_test.json").read_text(encoding="utf-8"))
    weights = json.loads((ROOT / "assets" / "weights" / f"{sense}.json").read_text(encoding="utf-8"))
    assert measured["weights"] == weights["sha256"]


@pytest.mark.parametrize("name", ["face", "voice", "words", "comp", "prlf"])
def test_figures_stand_in_the_report_only_which_says_how_these_weights_were_made(name):
    report = json.loads((ROOT / "assets" / "reports" / f"{name}.json").read_text(encoding="utf-8"))
    about = json.loads((ROOT / "assets" / "weights" / f"{name}.json").read_text(encoding="utf-8"))
    assert report.keys() & {"metrics", "history"} == {"metrics", "history"} != about.keys() & {"metrics", "history"}
    assert {key: report[key] for key in report.keys() & about.keys()} == {key: about[key] for key in report.keys() & about.keys()}
