"""What fusion has to beat: rules that join the predictions of single modalities and learn nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from comp_core.modalities import AUDIO, LABELS, TEXT, VIDEO

# The prior of senses that are calibrated for people who try each label about as often.
ALIKE = np.full(len(LABELS), 1 / len(LABELS))

# Who answers where not one of the ``RULES`` does: the fusion model, or `as_people`.
MODEL, PEOPLE = "model", "people"

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


def as_people(alone: Mapping[str, np.ndarray], joint: np.ndarray) -> np.ndarray:
    """Bayes' rule for voice and face that show what people's do.

    p(y | all) is proportional to p(y | words) times the sum over v, f of P(v, f | y) p(v | voice) p(f | face).

    Args:
        alone: modality -> (n, K), its sense's prediction with `ALIKE` as prior; one that is missing drops out of the sum.
        joint: (K, K, K), P(the voice shows v, the face shows f | y), indexed [y, v, f].

    Returns:
        (n, K)
    """
    given = next(iter(alone.values()))
    voice, face, words = (alone.get(m, np.ones_like(given)) for m in (AUDIO, VIDEO, TEXT))
    found = words * np.einsum("yvf,nv,nf->ny", joint, voice, face)
    return found / found.sum(1, keepdims=True)


RULES: dict[str, Rule] = {"late_average": late_average, "confidence_weighted": confidence_weighted, "product": product}
