"""Metrics against hand-computed values."""

import numpy as np
import pytest

from comp_core.metrics.calibration import answer_from, fit_temperature, reliability, risk_coverage, softmax
from comp_core.metrics.figures import class_report, expected_calibration_error
from comp_core.metrics.rules import RULES, confidence_weighted, late_average, product


def certain(guesses, classes):
    return np.eye(classes)[guesses] * 0.9 + 0.1 / classes


def test_class_report_by_hand():
    labels = np.array([0, 0, 0, 1, 1, 2])
    report = class_report(certain([0, 0, 1, 1, 0, 2], 4), labels, ("a", "b", "c", "d"))
    assert report["accuracy"] == pytest.approx(4 / 6)
    assert report["majority"] == pytest.approx(3 / 6)
    assert report["uar"] == pytest.approx((2 / 3 + 1 / 2 + 1) / 3)
    assert report["macro_f1"] == pytest.approx((2 / 3 + 1 / 2 + 1) / 3)
    assert report["weighted_f1"] == pytest.approx((3 * 2 / 3 + 2 * 1 / 2 + 1) / 6)
    assert report["recall"] == {"a": pytest.approx(2 / 3), "b": 0.5, "c": 1.0}
    assert report["log_loss"] == pytest.approx(-(4 * np.log(0.925) + 2 * np.log(0.025)) / 6)


def test_calibration_error_is_the_gap_between_confidence_and_accuracy():
    probabilities = np.tile([0.8, 0.2], (10, 1))
    assert expected_calibration_error(probabilities, np.array([0] * 8 + [1] * 2)) == pytest.approx(0.0)
    assert expected_calibration_error(probabilities, np.array([0] * 5 + [1] * 5)) == pytest.approx(0.3)


def test_temperature_undoes_overconfidence():
    random = np.random.default_rng(0)
    logits = random.normal(size=(4000, 5))
    labels = np.array([random.choice(5, p=np.exp(row) / np.exp(row).sum()) for row in logits])
    assert fit_temperature(logits * 3, labels) == pytest.approx(3, rel=0.1)


def test_a_few_rows_that_are_all_named_right_are_no_certainty():
    labels = np.arange(40) % 4
    logits = np.eye(4, dtype=np.float32)[labels]
    surest = softmax(logits, fit_temperature(logits, labels)).max(1)
    assert surest == pytest.approx(40 / 41 + 1 / 41 / 4, abs=1e-3)


def calibrated(count=4000, classes=4):
    """Probabilities, and labels drawn from them."""
    random = np.random.default_rng(1)
    probabilities = random.dirichlet(np.full(classes, 0.5), count)
    return probabilities, np.array([random.choice(classes, p=row) for row in probabilities])


def test_reliability_of_calibrated_probabilities_lies_on_the_diagonal():
    rows = reliability(*calibrated())
    assert sum(row["n"] for row in rows) == 4000
    assert all(row["confidence"] == pytest.approx(row["accuracy"], abs=0.06) for row in rows if row["n"] > 200)


def test_the_more_is_answered_the_more_is_wrong():
    probabilities, labels = calibrated()
    rows = risk_coverage(probabilities, labels)
    assert rows[-1]["coverage"] == 1.0
    assert rows[-1]["risk"] == pytest.approx(np.mean(probabilities.argmax(1) != labels))
    assert rows[0]["risk"] < rows[-1]["risk"]
    assert [row["from"] for row in rows] == sorted((row["from"] for row in rows), reverse=True)


def test_answers_above_the_threshold_are_wrong_as_rarely_as_asked():
    probabilities, labels = calibrated()
    threshold = answer_from(probabilities, labels, risk=0.1)
    answered = probabilities.max(1) >= threshold
    assert 0.05 < np.mean(probabilities.argmax(1)[answered] != labels[answered]) <= 0.1
    assert answer_from(np.array([[0.9, 0.1]]), np.array([1]), risk=0.1) == 1.0
    assert answer_from(np.array([[0.9, 0.1]]), np.array([0]), risk=0.1) == 0.0


def test_rules_give_distributions_and_differ_as_they_should():
    sure, unsure = np.array([[0.9, 0.05, 0.05]]), np.array([[0.3, 0.36, 0.34]])
    alone, prior = np.stack([sure, unsure]), np.full(3, 1 / 3)
    for rule in RULES.values():
        assert rule(alone, prior).sum(1) == pytest.approx(1)
    np.testing.assert_allclose(late_average(alone, prior), (sure + unsure) / 2)
    assert confidence_weighted(alone, prior)[0, 0] > 0.88
    # Bayes: a modality that says no more than the prior changes nothing.
    prior = np.array([0.6, 0.3, 0.1])
    np.testing.assert_allclose(product(np.stack([sure, prior[None]]), prior), sure)
