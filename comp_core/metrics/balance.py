"""Are modalities used and trained evenly? Two indices after MissBench (Pham et al., 2026, arXiv 2603.09874).

The paper names what they measure; **the formulas here are ours**, so the figures cannot be set beside the paper's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import combinations
from math import comb

import numpy as np

from comp_core.modalities import subset_name


def modality_equity(figures: Mapping[str, float], given: Collection[str], chance: float) -> float:
    """How evenly modalities contribute, from 0 (one does everything, or none does anything) to 1 (all alike).

    The contribution of a modality is its Shapley value: the mean gain by adding it to the others, over all orders. Contributions below 0
    count as 0. The index is the entropy of their shares over its largest possible value.

    Args:
        figures: name of a subset ("A", "AT") -> accuracy or UAR with that subset.
        given: the modalities, in their order; at least two.
        chance: the figure of a guess, with no modality.
    """
    contributions = np.array([max(0.0, _shapley(figures, list(given), modality, chance)) for modality in given])
    if contributions.sum() == 0:
        return 0.0
    shares = contributions[contributions > 0] / contributions.sum()
    return float(-(shares * np.log(shares)).sum() / np.log(len(contributions)))


def _shapley(figures: Mapping[str, float], given: list[str], modality: str, chance: float) -> float:
    others = [m for m in given if m != modality]
    total = 0.0
    for size in range(len(given)):
        for subset in combinations(others, size):
            before = figures[subset_name(subset)] if subset else chance
            after = figures[subset_name(m for m in given if m in (*subset, modality))]
            total += (after - before) / comb(len(others), size)
    return total / len(given)


def modality_learning(norms: np.ndarray) -> float:
    """How unevenly modalities learn, 0 where all learn alike: the spread over modalities of the mean gradient, over its mean.

    Args:
        norms: (steps, M), root mean square gradient of each modality's own parameters.
    """
    mean = norms.mean(0)
    return float(mean.std() / mean.mean()) if mean.mean() > 0 else 0.0
