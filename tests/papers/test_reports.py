"""A report that speaks of weights in the repository was made with those that lie there now."""

from __future__ import annotations

import json

import pytest

from comp_core.modeling.registry import KINDS
from comp_core.senses.speech import whisper_tiny as tiny
from comp_core.support.checkpoint import WEIGHTS_DIR, hashes_of
from tests.places import ROOT
from tools import measure_live

REPORTS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "assets" / "reports").glob("*.json"))}
NOW = hashes_of(("face", "voice", "words", *KINDS))
MADE_WITH = {name: report["weights"] for name, report in REPORTS.items() if "weights" in report}
# What the page does and the senses say, in the figures that README, cards and results show of them.
SPEAK_OF_WEIGHTS = {
    *("face_test", "voice_test", "words_test", "obvious", "interventions", "memory", "minute", "personal", "recognition"),
    *("live", "load", "speed", "partial_loss", "live_soak"),
}


def test_the_reports_on_what_is_shipped_name_its_hashes() -> None:
    assert set(NOW) == {path.stem for path in WEIGHTS_DIR.glob("*.safetensors")}
    assert sorted(SPEAK_OF_WEIGHTS - set(MADE_WITH)) == []


@pytest.mark.parametrize("name", sorted(MADE_WITH))
def test_a_report_is_of_the_weights_that_are_there(name: str) -> None:
    told = MADE_WITH[name]
    if isinstance(told, str):
        assert told in {*NOW.values(), tiny.SHA256}
    else:
        assert told
        assert {weights: NOW[weights] for weights in told} == told


@pytest.mark.parametrize("name", ["comp", "prlf", "face", "voice", "words"])
def test_a_trainings_report_is_not_older_than_its_weights(name: str) -> None:
    record = json.loads((WEIGHTS_DIR / f"{name}.json").read_text(encoding="utf-8"))
    assert REPORTS[name]["date"] >= record["date"]


def test_the_table_of_earlier_sentences_has_asked_with_as_many_as_it_says() -> None:
    for by_model in REPORTS["memory"]["metrics"].values():
        for by_given in by_model.values():
            assert all(by_earlier["1"]["log_probability"] != by_earlier["11"]["log_probability"] for by_earlier in by_given.values())


def test_memory_is_compared_with_the_tenth_minute() -> None:
    nine, one = 9 * measure_live.MINUTE, measure_live.MINUTE
    assert measure_live.growth([50.0] * nine + [100.0] * one + [103.0] * one) == pytest.approx(0.03)
    assert measure_live.growth([50.0] * nine + [100.0] * one) is None
