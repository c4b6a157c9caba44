"""A head of one person's own beside a sense's general one: fitted on a few tries, measured on others.

The general head says log-probabilities, and the personal one adds a linear correction to them: a multinomial logistic regression whose
offset is the general answer, held near it by a ridge. Names that the general head does not know start as likely as one label of seven.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from comp_core.modalities import LABELS

# Of the ridge, chosen on voices by `experiment personal`. More holds the head nearer to the general one.
STRENGTH = 0.3
_STEPS = 200


@dataclass(frozen=True)
class Tries:
    """What one sense made of tries at expressions: their features (..., D), and its own probabilities over `LABELS`, (..., 7)."""

    features: np.ndarray
    general: np.ndarray

    def __getitem__(self, rows: int | slice | np.ndarray) -> Tries:
        return Tries(self.features[rows], self.general[rows])

    def flat(self) -> Tries:
        """The same as one list, (n, D) and (n, 7)."""
        return Tries(self.features.reshape(-1, self.features.shape[-1]), self.general.reshape(-1, len(LABELS)))


def without_lesson(general: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """The general probabilities (..., 7) as log-probabilities of the ``names`` alone, (..., K)."""
    unknown = np.full(general.shape[:-1], 1 / len(LABELS))
    return _normalised(np.log(np.stack([general[..., LABELS.index(n)] if n in LABELS else unknown for n in names], -1).clip(1e-9)))


@dataclass(frozen=True)
class PersonalHead:
    """Fitted by `fit`.

    Attributes:
        names: what it tells apart.
        centre, scale: of the features that it was fitted on: their mean (D,), and their root mean square distance from it.
        farthest: the greatest distance from the centre among them, scaled.
        weight: of the scaled features and of a constant one, (D + 1, K).
    """

    names: tuple[str, ...]
    centre: np.ndarray
    scale: float
    farthest: float
    weight: np.ndarray

    def log_probabilities(self, tries: Tries) -> np.ndarray:
        """Of the names, (..., K).

        What is farther from the centre than every try counts as if it were as far as the farthest: where tries look alike, anything new
        is far away, and nothing is known there.
        """
        away = (tries.features - self.centre) / self.scale
        near = away * np.minimum(1, self.farthest / np.linalg.norm(away, axis=-1, keepdims=True).clip(1e-9))
        return _normalised(without_lesson(tries.general, self.names) + _with_one(near) @ self.weight)


def fit(tries: Tries, labels: np.ndarray, names: Sequence[str], strength: float = STRENGTH) -> PersonalHead:
    """Fit a head on tries (n, D) at the expressions ``labels``, (n,) as numbers of the ``names``.

    The loss is convex. Each step minimises Böhning's quadratic bound of it (1992), whose curvature is fixed: nothing can diverge, and
    in the coordinates of the singular vectors the step is a division.

    Args:
        strength: of the ridge, above 0.

    Raises:
        ValueError: there are fewer than two names, or no tries.
    """
    if len(names) < 2 or not len(labels):
        raise ValueError("a head of one's own needs tries at two expressions or more")
    centre = tries.features.mean(0)
    scale = float(np.sqrt(np.square(tries.features - centre).sum(1).mean())) or 1.0
    # As many coordinates as tries are enough: the ridge keeps the weights within what the tries span.
    away = (tries.features - centre) / scale
    left, sizes, right = np.linalg.svd(_with_one(away), full_matrices=False)
    given, bound = left * sizes, np.square(sizes)[:, None] / 2 + strength
    offset, wanted = without_lesson(tries.general, names), np.eye(len(names))[labels]
    weight = np.zeros((len(sizes), len(names)))
    for _ in range(_STEPS):
        slope = given.T @ (np.exp(_normalised(offset + given @ weight)) - wanted) + strength * weight
        weight -= slope / bound
    return PersonalHead(tuple(names), centre, scale, float(np.linalg.norm(away, axis=1).max()), right.T @ weight)


@dataclass(frozen=True)
class Judgement:
    """Of how many tries the expression is named, ``without`` and ``taught`` a lesson from other tries."""

    tries: int
    without: int
    taught: int


def judge(fitted: Mapping[str, Tries], measured: Mapping[str, Tries], names: Sequence[str], strength: float = STRENGTH) -> Judgement:
    """Fit a head for each modality on one try at each of the names, and measure what they say together on another.

    Args:
        fitted, measured: modality -> a try (K, D) at each of the names, in their order.
    """
    wanted = np.arange(len(names))
    heads = {modality: fit(tries, wanted, names, strength) for modality, tries in fitted.items()}
    general = joined([without_lesson(tries.general, names) for tries in measured.values()])
    own = joined([heads[modality].log_probabilities(tries) for modality, tries in measured.items()])
    # Without a lesson nobody knows a name of one's own: to say it would be luck.
    known = np.array([name in LABELS for name in names])
    return Judgement(len(names), int(((general.argmax(1) == wanted) & known).sum()), int((own.argmax(1) == wanted).sum()))


def joined(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Log-probabilities of several modalities, each (..., K), as those of all: their product, as each label is tried as often."""
    return _normalised(np.sum(parts, 0))


def _with_one(away: np.ndarray) -> np.ndarray:
    return np.concatenate([away, np.ones((*away.shape[:-1], 1))], -1)


def _normalised(scores: np.ndarray) -> np.ndarray:
    return scores - np.logaddexp.reduce(scores, -1, keepdims=True)
