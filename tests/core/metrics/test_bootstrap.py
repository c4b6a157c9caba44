"""Chance of a difference, by drawing conversations and seeds anew."""

import numpy as np
import pytest

from comp_core.metrics.bootstrap import Tally, difference, tallies
from comp_core.metrics.figures import class_report, sentiment_report

UNITS = [f"v{i // 10}" for i in range(200)]


def test_tallies_of_classes_sum_to_the_figures_of_the_report():
    random = np.random.default_rng(0)
    labels, logits = random.integers(0, 3, 200), random.normal(size=(2, 200, 3))
    found = tallies(logits, labels, UNITS)
    reports = [class_report(np.exp(draw), labels) for draw in logits]
    for name in ("accuracy", "uar"):
        assert found[name].above.shape[0] == 20
        told = (found[name].above.sum(0) / found[name].below.sum(0)).mean()
        assert told == pytest.approx(np.mean([report[name] for report in reports]))


def test_tallies_of_scores_sum_to_the_figures_of_the_report():
    random = np.random.default_rng(0)
    labels, logits = random.integers(-3, 4, 200).astype(np.float32), random.normal(size=(3, 200, 1))
    found = tallies(logits, labels, UNITS)
    for name in ("accuracy", "mae"):
        told = (found[name].above.sum(0) / found[name].below.sum(0)).mean()
        assert told == pytest.approx(np.mean([sentiment_report(draw[:, 0], labels)[name] for draw in logits]), rel=1e-5)


def by_seed(right):
    """(seeds, conditions, units) of ten utterances each -> tallies."""
    return [[Tally(row[:, None] * 10, np.full((len(row), 1), 10.0)) for row in conditions] for conditions in right]


def test_what_every_conversation_shows_is_no_chance_and_what_one_shows_may_be():
    random = np.random.default_rng(1)
    base = random.uniform(0.5, 0.7, (3, 2, 30))
    everywhere = difference(by_seed(base + 0.1), by_seed(base), [0.5, 0.5])
    assert everywhere["difference"] == pytest.approx(0.1) and everywhere["low"] == pytest.approx(0.1) and everywhere["p"] < 0.01
    one = base.copy()
    one[..., 0] += 0.3
    once = difference(by_seed(one), by_seed(base), [0.5, 0.5])
    assert once["difference"] == pytest.approx(0.01) and once["low"] == 0 and once["p"] > 0.3
    assert difference(by_seed(base), by_seed(base), [1, 0])["p"] == 1.0


def test_the_interval_is_as_wide_as_theory_has_it():
    random = np.random.default_rng(2)
    ours, theirs = random.normal(0.6, 0.1, (1, 1, 400)), np.full((1, 1, 400), 0.5)
    found = difference(by_seed(ours), by_seed(theirs), [1.0])
    assert found["high"] - found["low"] == pytest.approx(2 * 1.96 * 0.1 / 20, rel=0.15)


def test_seeds_are_drawn_too():
    spread = np.array([0.5, 0.7, 0.6, 0.4, 0.8])[:, None, None] * np.ones((1, 1, 50))
    found = difference(by_seed(spread), by_seed(np.full((5, 1, 50), 0.55)), [1.0])
    assert found["low"] < 0 < found["high"]


def test_a_tally_survives_json():
    tally = Tally(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]]))
    again = Tally.of_json(tally.to_json())
    assert (again.above == tally.above).all() and (again.below == tally.below).all()
