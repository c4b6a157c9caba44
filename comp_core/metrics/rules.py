"""What fusion has to beat: rules that join the predictions of single modalities and learn nothing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from comp_core.modalities import LABELS

# The prior of senses that are calibrated for people who try each label about as often.
ALIKE = np.full(len(LABELS), 1 / len(LABELS))

Rule = Callable[[np.ndarray, np.ndarray], np.ndarray]


def late_average(alone: np.ndarray, _prior: np.ndarray) -> np.ndarray:
    """The mean: (S, n, K) probabilities from S modalities, each alone -> (n, K)."""
    return alone.mean(0)


def confidence_weighted(alone: np.ndarray, _prior: np.ndarray) -> np.ndarray:
    """The mean weighted by how far each is from knowing nothing: one minus its entropy over that of equal probabilities."""
    entropy = -(alone * np.log(alone.clip(1e-9))).sum(-1, keepdims=True)
    weight = 1 - entropy / np.log(alone.shape[-1]) + 1e-6
    return (alone * weight).sum(0) / weight.sum(0)


def product(alone: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """Bayes' rule for modalities that are independent given the label, whose prior (K,) each of them has counted in once.

    On data paired by label that assumption holds by construction, which makes this rule hard to beat there.
    """
    logarithm = np.log(alone.clip(1e-9)).sum(0) - (len(alone) - 1) * np.log(prior)
    joint = np.exp(logarithm - logarithm.max(-1, keepdims=True))
    return joint / joint.sum(-1, keepdims=True)


RULES: dict[str, Rule] = {"late_average": late_average, "confidence_weighted": confidence_weighted, "product": product}
