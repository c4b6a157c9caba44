"""Is a difference chance? A bootstrap over conversations and seeds of figures that are ratios of sums (Efron & Tibshirani, 1993)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

RESAMPLES = 2000
_SEED = 0


@dataclass(frozen=True)
class Tally:
    """A figure as sums over units, the mean over P parts of sum(above) / sum(below): parts are classes for UAR, one otherwise.

    A unit is what is drawn together: a conversation, or all takes of a speaker. Both arrays are (units, P).
    """

    above: np.ndarray
    below: np.ndarray

    def to_json(self) -> dict[str, Any]:
        return {"above": self.above.round(5).tolist(), "below": self.below.round(5).tolist()}

    @classmethod
    def of_json(cls, record: Mapping[str, Any]) -> Tally:
        return cls(np.array(record["above"]), np.array(record["below"]))


def tallies(logits: np.ndarray, labels: np.ndarray, units: Sequence[str]) -> dict[str, Tally]:
    """The figures of the benchmark by unit: ``accuracy``, and ``mae`` of scores (float labels) or ``uar`` of classes (int labels).

    Args:
        logits: (R, n, K), the predictions of R draws of masks, over which sums are averaged.
        labels: (n,).
        units: (n,), to which unit each belongs; units stand in the order in which they come first.
    """
    order = {name: i for i, name in enumerate(dict.fromkeys(units))}
    rows = np.array([order[name] for name in units])

    def summed(values: np.ndarray) -> np.ndarray:
        """(n, P) -> (units, P)."""
        total = np.zeros((len(order), values.shape[1]))
        np.add.at(total, rows, values)
        return total

    if labels.dtype.kind == "f":
        scores, signed = logits[..., 0], (labels != 0)[:, None]
        hits = ((scores >= 0) == (labels > 0)).mean(0)[:, None] * signed
        error = np.abs(scores - labels).mean(0)[:, None]
        return {"accuracy": Tally(summed(hits), summed(signed)), "mae": Tally(summed(error), summed(np.ones_like(error)))}
    hits = (logits.argmax(-1) == labels).mean(0)[:, None]
    classes = np.eye(logits.shape[-1])[labels]
    return {"accuracy": Tally(summed(hits), summed(np.ones_like(hits))), "uar": Tally(summed(hits * classes), summed(classes))}


def difference(
    ours: Sequence[Sequence[Tally]], theirs: Sequence[Sequence[Tally]], weights: Sequence[float] | np.ndarray, resamples: int = RESAMPLES
) -> dict[str, float]:
    """How far two methods are apart in the weighted sum of a figure over conditions.

    Args:
        ours, theirs: by seed, by condition; the same seeds, conditions and units, which are drawn together.
        weights: of the conditions.

    Returns:
        ``difference``, ours minus theirs; ``low`` and ``high``, its 95 % interval; ``p``, two-sided, that it is 0.
    """
    random = np.random.default_rng(_SEED)
    seeds, units = len(ours), len(ours[0][0].above)
    # The first row is the data as they are.
    draws = [np.ones((1, count)) for count in (seeds, units)]
    seed_counts, unit_counts = (
        np.concatenate([one, random.multinomial(one.shape[1], np.full(one.shape[1], 1 / one.shape[1]), resamples)]) for one in draws
    )
    found = _figures(ours, seed_counts, unit_counts) @ weights - _figures(theirs, seed_counts, unit_counts) @ weights
    told, drawn = found[0], found[1:]
    low, high = np.quantile(drawn, [0.025, 0.975])
    p = 2 * min((drawn <= 0).mean(), (drawn >= 0).mean())
    return {"difference": float(told), "low": float(low), "high": float(high), "p": float(min(1.0, max(p, 1 / resamples)))}


def _figures(by_seed: Sequence[Sequence[Tally]], seed_counts: np.ndarray, unit_counts: np.ndarray) -> np.ndarray:
    """(resamples, conditions)."""

    def sums(name: str) -> np.ndarray:
        values = np.array([[getattr(tally, name) for tally in row] for row in by_seed], float)  # (seeds, conditions, units, P)
        by_unit = np.einsum("scup,ru->rscp", values, unit_counts, optimize=True)
        return np.einsum("rscp,rs->rcp", by_unit, seed_counts, optimize=True)

    above, below = sums("above"), sums("below")
    return np.nanmean(np.where(below > 0, above / np.maximum(below, 1e-12), np.nan), -1)
