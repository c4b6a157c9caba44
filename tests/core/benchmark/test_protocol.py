"""What the reports say of how their figures came about: realised rates, seeds, settings, chance."""

import json
from dataclasses import replace

import numpy as np
import pytest

from comp_core.benchmark import protocol
from comp_core.benchmark.command import benchmark
from comp_core.benchmark.conditions import RateError, masks_of, rates_of
from comp_core.benchmark.methods import METHODS
from comp_core.benchmark.protocol import Protocol, train_and_test
from comp_core.benchmark.search import AS_CONFIGURED, SEARCH, Setting
from comp_core.cli import main
from comp_core.modalities import MODALITIES
from comp_core.modeling.objectives import Classes, Scores
from tests.core.benchmark.test_benchmark import FAST, made_up, write_mosi
from tests.support.methods import ALL_BUT_THE_PAPERS_ABLATION

SHORT = replace(FAST, rates=(0.1, 0.3, 0.5))


@pytest.mark.parametrize("given", [MODALITIES, ("audio", "text"), ("audio", "video")], ids=lambda given: "".join(m[0] for m in given))
def test_every_report_carries_the_missing_rates_that_models_met(tmp_path, given):
    dataset = replace(made_up(Scores(), count=40), given=given)
    report = benchmark(dataset, ["late"], 2, SHORT, tmp_path, "...", epochs=1)
    assert set(report["realised"]) == {"0.1", "0.3", "0.5"}
    for rate, by_modality in report["realised"].items():
        assert set(by_modality) == set(given)
        assert np.mean(list(by_modality.values())) == pytest.approx(float(rate), abs=0.005)
        np.testing.assert_allclose(list(by_modality.values()), float(rate), atol=0.04)
    assert json.loads((tmp_path / "made-up.json").read_text())["realised"] == report["realised"]


def test_rates_that_two_modalities_cannot_reach_are_left_out_or_refused(tmp_path, capsys):
    assert rates_of(MODALITIES) == (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7) and rates_of(("audio", "video")) == (0.1, 0.2, 0.3, 0.4, 0.5)
    with pytest.raises(RateError, match=r"0\.7 cannot be reached: with 2 modalities .* give rates up to 0\.5"):
        benchmark(replace(made_up(Scores()), given=("audio", "video")), ["late"], 1, FAST, tmp_path, "...")
    arguments = ["--data", str(write_mosi(tmp_path)), "--out", str(tmp_path / "out"), "--models", "late", "--seeds", "1", "--epochs", "1"]
    assert main(["benchmark", "--dataset", "mosi-reread", "--rates", "0.5,0.6", *arguments]) == 2
    assert "rates up to 0.5" in capsys.readouterr().err


def test_masks_vary_with_the_seed_and_the_draw_and_are_the_same_for_every_method():
    test = made_up(Scores()).folds[0]["test"]
    one = np.concatenate(masks_of(test, 0.3, "test", MODALITIES, 0, 0))
    for seed, draw in ((1, 0), (0, 1)):
        assert (np.concatenate(masks_of(test, 0.3, "test", MODALITIES, seed, draw)) != one).any()
    np.testing.assert_array_equal(np.concatenate(masks_of(test, 0.3, "test", MODALITIES, 0, 0)), one)


def test_a_seed_is_tested_under_its_own_masks_several_times(monkeypatch):
    asked = []
    inner = protocol.masks_of
    monkeypatch.setattr(protocol, "masks_of", lambda *a: asked.append(a[2:]) or inner(*a))
    found = train_and_test(made_up(Scores()), METHODS["late"], 3, 0, None, replace(FAST, draws=4), epochs=1)
    assert {("valid", MODALITIES, 3)} == {a for a in asked if a[0] == "valid"}
    assert {a[2:] for a in asked if a[0] == "test"} == {(3, draw) for draw in range(4)}
    assert len(found.found["rate 0.1"]) == 4 and len(found.found["only A"]) == 1
    assert (found.found["rate 0.7"][0].logits != found.found["rate 0.7"][1].logits).any()


def test_reports_keep_the_values_of_each_seed(tmp_path):
    report = benchmark(made_up(Scores()), ["late", "concat"], 3, FAST, tmp_path, "...", epochs=1)
    figure = report["methods"]["late"]["conditions"]["rate 0.7"]["mae"]
    assert len(figure["values"]) == 3 and figure["mean"] == pytest.approx(np.mean(figure["values"])) and len(set(figure["values"])) == 3
    assert 0 <= report["methods"]["late"]["equity"]["mean"] <= 1 and report["methods"]["concat"]["learning"]["mean"] > 0


def test_differences_come_with_the_interval_of_a_bootstrap_over_conversations(tmp_path):
    report = benchmark(made_up(Classes("abc")), ["comp", "late"], 2, FAST, tmp_path, "...", epochs=1)
    for found in report["against_best"]["comp"].values():
        assert found["low"] <= found["difference"] <= found["high"] and 0 < found["p"] <= 1
    area = report["methods"]["comp"]["area"]["mean"] - report["methods"]["late"]["area"]["mean"]
    assert report["against_best"]["comp"]["area"]["difference"] == pytest.approx(area, abs=1e-4)
    assert report["test_units"] == 6


def test_every_method_takes_the_setting_that_is_best_on_validation_data(monkeypatch):
    tried = []

    def told(*arguments):
        setting = arguments[3]
        tried.append(setting.name)
        score = {"dropout 0.5": 2.0}.get(setting.name, 1.0)
        return protocol.Trained(inner(*arguments).model, [{"score": score}], setting, 0.0)

    inner = protocol.train
    monkeypatch.setattr(protocol, "train", told)
    searched = replace(FAST, settings=SEARCH)
    found = train_and_test(made_up(Scores()), METHODS["late"], 0, 0, None, searched, 1)
    # Without shares to mix by, there is nothing to mix.
    assert tried == [s.name for s in SEARCH if not s.mixed] and found.setting == "dropout 0.5"
    tried.clear()
    mixing = replace(made_up(Scores()), feature_mixing={"text": 0.3})
    assert train_and_test(mixing, METHODS["comp"], 0, 0, None, searched, 1).setting == "dropout 0.5" and len(tried) == 4
    tried.clear()
    train_and_test(mixing, METHODS["late"], 0, 0, 0.1, replace(searched, select="test"), 1)
    assert tried == ["as configured"]


@pytest.mark.parametrize("name", ALL_BUT_THE_PAPERS_ABLATION)
def test_a_setting_reaches_every_method(name):
    dataset = replace(made_up(Scores()), feature_mixing={"text": 0.5})
    plain, *others = (
        train_and_test(dataset, METHODS[name], 0, 0, None, Protocol((0.1,), settings=(setting,)), 1)
        for setting in (AS_CONFIGURED, Setting("rate", learning_rate=0.3), Setting("dropout", dropout=0.8), Setting("mixed", mixed=True))
    )
    for other in others:
        assert (other.found["only ATV"][0].logits != plain.found["only ATV"][0].logits).any()


def test_main_figures_are_of_features_that_are_not_mixed(monkeypatch):
    asked = []
    monkeypatch.setattr(protocol, "mix_features", lambda videos, shares, random: asked.append(dict(shares)) or list(videos))
    dataset = replace(made_up(Scores()), feature_mixing={"text": 0.5})
    train_and_test(dataset, METHODS["late"], 0, 0, None, FAST, 1)
    assert asked and not any(asked)


def test_selection_on_test_data_trains_on_what_validation_took_from_training(monkeypatch):
    trained = []
    inner = protocol.fit_fusion
    monkeypatch.setattr(protocol, "fit_fusion", lambda *a, **k: trained.append(len(a[2](None))) or inner(*a, **k))
    for taken, count in ((True, 12), (False, 6)):
        dataset = replace(made_up(Scores()), valid_from_train=taken)
        train_and_test(dataset, METHODS["late"], 0, 0, 0.1, replace(FAST, select="test"), 1)
        assert trained.pop() == count
        train_and_test(dataset, METHODS["late"], 0, 0, None, FAST, 1)
        assert trained.pop() == 6
