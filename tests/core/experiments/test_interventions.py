"""What interventions change is measured on test data, and becomes a table."""

import json
from dataclasses import replace

import numpy as np
import pytest

from comp_core.cli import main
from comp_core.data.conversations import Conversation
from comp_core.evaluation.interventions import INTERVENTIONS
from comp_core.experiments import interventions
from comp_core.experiments.interventions import AS_TRAINED, EVERYTHING, HALF
from comp_core.modeling.comp import ComP
from comp_core.modeling.objectives import Classes, Scores
from comp_core.modeling.registry import load_fusion
from comp_core.reports.protocol_tables import interventions_table
from comp_core.support.checkpoint import WEIGHTS_DIR
from tests.core.benchmark.test_benchmark import made_up


class Paired:
    """Two dialogues of noise, of the sizes that the shipped models read."""

    def draw(self, random):
        dims = load_fusion(WEIGHTS_DIR / "comp")[0].config.dims
        return [self.dialogue(name, dims, random) for name in "ab"]

    def dialogue(self, name, dims, random):
        features = {m: random.normal(size=(5, size)).astype(np.float32) for m, size in dims.items()}
        return Conversation.recorded([f"{name}{i}" for i in range(5)], features, random.integers(0, 7, 5))


@pytest.fixture
def report(tmp_path, monkeypatch):
    monkeypatch.setattr(interventions, "SEEDS", 2)
    monkeypatch.setattr(interventions, "mosi", lambda _: replace(made_up(Scores()), name="mosi"))
    votes = replace(made_up(Classes("abc")), name="cremad-people", given=("audio", "video"))
    monkeypatch.setattr(interventions, "cremad", lambda *_: votes)
    monkeypatch.setattr(interventions, "paired_split", lambda *_: Paired())
    assert main(["experiment", "interventions", "--data", str(tmp_path), "--reports", str(tmp_path), "--epochs", "1"]) == 0
    return json.loads((tmp_path / "interventions.json").read_text())


def test_every_model_is_asked_under_every_intervention_on_all_data(report):
    assert list(report["metrics"]) == ["mosi", "cremad-people", "live"]
    for by_model in report["metrics"].values():
        for model, names in (("comp", INTERVENTIONS[ComP]), ("prlf", report["metrics"]["live"]["prlf"][HALF].keys() - {AS_TRAINED})):
            assert set(by_model[model]) == {EVERYTHING, HALF}
            for found in by_model[model].values():
                assert set(found) == {AS_TRAINED, *names}
                assert all(0 <= one["flipped"]["mean"] <= 1 for name, one in found.items() if name != AS_TRAINED)
    assert set(report["weights"]) == {"comp", "prlf"}


def test_the_table_has_a_row_for_each_and_a_column_for_each_data_set_and_condition(report):
    header, _, first, *rows = interventions_table(report, "comp").splitlines()
    assert header.count("|") == 8 and "MOSI, half missing" in header
    assert "as trained" in first and len(rows) == len(INTERVENTIONS[ComP])
    assert rows[0].startswith("| prompts that say nothing |") and "; " in rows[0]
