"""Metrics against hand-computed values."""

import numpy as np
import pytest

from comp_core.evaluation.calibration import fit_temperature
from comp_core.evaluation.metrics import class_report, expected_calibration_error


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
