"""How often people say what an actor was asked for."""

import json

import numpy as np
import pytest

from comp_core.cli import main
from comp_core.data.cremad_people import Votes, VotesError, load_votes
from comp_core.experiments.people import figures
from comp_core.reports.tables import tables

LABELS = ["neutral", "joy", "anger"]
CLIPS = ["1001_DFA_NEU_XX", "1001_DFA_HAP_XX", "1002_DFA_HAP_XX", "1002_DFA_ANG_HI"]


def test_raters_count_alike_and_a_tie_of_a_clip_counts_in_part():
    counts = np.array([[4, 0, 0], [1, 3, 0], [2, 2, 0], [5, 0, 1]])
    found = figures(Votes(CLIPS, {"voice": counts}, LABELS))["voice"]
    assert found["answers"] == 18
    assert found["single"]["all"] == pytest.approx((4 + 3 + 2 + 1) / 18)
    assert found["single"]["by_label"] == pytest.approx({"neutral": 1.0, "joy": 5 / 8, "anger": 1 / 6})
    assert found["majority"]["all"] == pytest.approx((1 + 1 + 0.5 + 0) / 4)
    assert found["majority"]["by_label"] == pytest.approx({"neutral": 1.0, "joy": 0.75, "anger": 0.0})


def test_the_command_writes_a_report_that_names_source_and_licence(tmp_path):
    votes = np.ones((4, 3, 3), np.uint8)
    np.savez(tmp_path / "cremad_votes.npz", votes=votes, clip=CLIPS, condition=["voice", "face", "both"], label=LABELS)
    assert main(["experiment", "people", "--data", str(tmp_path), "--reports", str(tmp_path)]) == 0
    report = json.loads((tmp_path / "people.json").read_text())
    assert "Cao et al. (2014)" in report["source"] and report["licence"] == "Open Database License 1.0"
    assert (report["clips"], report["actors"]) == (4, 2)
    (table,) = (text for name, text in tables(tmp_path) if name == "asked_for")
    assert "| voice, single raters | 33% | 33% | 33% | 33% |" in table


def test_without_the_votes_it_says_what_to_do(tmp_path):
    with pytest.raises(VotesError, match="--data"):
        load_votes(tmp_path)
