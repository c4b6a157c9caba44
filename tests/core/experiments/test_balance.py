"""How each modality learns, alone and together."""

import json
from dataclasses import replace

import numpy as np
import pytest

from app.pages.lab.introspection import learning
from app.pages.lab.plot import EPOCH, curves_svg
from comp_core.cli import main
from comp_core.experiments import balance
from comp_core.experiments.balance import ALONE, MODULATED, TOGETHER
from comp_core.modeling.objectives import Classes, Scores
from tests.core.benchmark.test_benchmark import made_up


@pytest.fixture
def report(tmp_path, monkeypatch):
    monkeypatch.setattr(balance, "SEEDS", 1)
    monkeypatch.setattr(balance, "ravdess", lambda _: replace(made_up(Classes("abc")), name="ravdess", given=("audio", "video")))
    monkeypatch.setattr(balance, "mosi_reread", lambda _: replace(made_up(Scores()), name="mosi-reread"))
    assert main(["experiment", "balance", "--data", str(tmp_path), "--reports", str(tmp_path), "--epochs", "3"]) == 0
    return json.loads((tmp_path / "balance.json").read_text())


def test_every_modality_that_is_given_has_a_figure_after_every_epoch(report):
    assert report["split"] == "valid"
    for name, given in (("ravdess", {"audio", "video"}), ("mosi-reread", {"audio", "text", "video"})):
        found = report["metrics"][name]
        assert list(found) == [ALONE, TOGETHER, MODULATED]
        assert all(set(by_modality) == given for by_modality in found.values())
        assert {len(epochs) for by_modality in found.values() for epochs in by_modality.values()} == {3}
    assert report["metrics"]["mosi-reread"][ALONE]["text"][-1]["seeds"] == 1
    assert any(report["metrics"][name][ALONE] != report["metrics"][name][TOGETHER] for name in report["metrics"])


def test_they_are_drawn_by_epoch(report):
    series = learning(report["metrics"]["ravdess"])
    assert [s.title for s in series][:2] == ["voice, alone", "voice, together"]
    assert series[0].rates == (1.0, 2.0, 3.0)
    svg = curves_svg(series, "", EPOCH)
    assert svg.count("<polyline") == 6 and ">epoch<" in svg and "<circle" not in svg
    np.testing.assert_allclose(series[0].means, [e["mean"] for e in report["metrics"]["ravdess"][ALONE]["audio"]])
