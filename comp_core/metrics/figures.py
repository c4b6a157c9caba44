"""Figures for classifiers, from probabilities and true classes, and for sentiment scores."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np


def class_report(probabilities: np.ndarray, labels: np.ndarray, names: Sequence[str] | None = None) -> dict:
    """Accuracy, UAR, macro-F1, weighted F1, log loss and calibration error of a classifier.

    Args:
        probabilities: (n, K), rows sum to 1.
        labels: (n,) true class of each row.
        names: of the K classes; adds recall per class.

    Returns:
        ``accuracy``; ``majority``, the accuracy of always answering the commonest class; ``uar``, the mean recall over classes
        that occur; ``macro_f1`` over those classes; ``weighted_f1``; ``log_loss`` in nats; ``ece`` (see
        `expected_calibration_error`); ``n``.
    """
    labels = np.asarray(labels)
    count = probabilities.shape[1]
    matrix = np.zeros((count, count), int)
    np.add.at(matrix, (labels, probabilities.argmax(1)), 1)
    hits, true, guessed = np.diag(matrix), matrix.sum(1), matrix.sum(0)
    occurs = true > 0
    recall = hits[occurs] / true[occurs]
    f1 = 2 * hits[occurs] / (true[occurs] + guessed[occurs])
    report: dict[str, Any] = {
        "accuracy": float(hits.sum() / len(labels)),
        "majority": float(true.max() / len(labels)),
        "uar": float(recall.mean()),
        "macro_f1": float(f1.mean()),
        "weighted_f1": float((f1 * true[occurs]).sum() / len(labels)),
        "log_loss": float(-np.log(probabilities[np.arange(len(labels)), labels].clip(1e-9)).mean()),
        "ece": expected_calibration_error(probabilities, labels),
        "n": len(labels),
    }
    if names is not None:
        report["recall"] = {name: float(h / t) for name, h, t in zip(names, hits, true, strict=True) if t}
    return report


def sentiment_report(scores: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Figures of the literature on CMU-MOSI and MOSEI for predicted and true scores in -3..3, both (n,).

    ``accuracy``, ``weighted_f1`` and ``majority`` are of the sign, on utterances whose true score is not zero; ``accuracy_7`` of the
    rounded score, ``mae`` and ``pearson`` (0 for constant scores) on all.
    """
    signed = labels != 0
    by_sign = np.stack([scores[signed] < 0, scores[signed] >= 0], 1).astype(float)
    classes = class_report(by_sign, (labels[signed] > 0).astype(int))
    plain = score_report(scores, labels)
    return {
        **{key: classes[key] for key in ("accuracy", "weighted_f1", "majority")},
        "accuracy_7": float((_seven(scores) == _seven(labels)).mean()),
        **{key: plain[key] for key in ("mae", "pearson", "n")},
    }


def score_report(scores: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Figures of predicted and true scores of any range, both (n,).

    ``mae``, and ``of_the_mean``, what it is for always saying the mean; ``pearson`` (0 for constant scores); ``n``.
    """
    spread = scores.std() * labels.std()
    return {
        "mae": float(np.abs(scores - labels).mean()),
        "of_the_mean": float(np.abs(labels.mean() - labels).mean()),
        "pearson": float(((scores - scores.mean()) * (labels - labels.mean())).mean() / spread) if spread > 0 else 0.0,
        "n": len(labels),
    }


def _seven(scores: np.ndarray) -> np.ndarray:
    return scores.clip(-3, 3).round()


def expected_calibration_error(probabilities: np.ndarray, labels: np.ndarray, bins: int = 15) -> float:
    """Mean gap between confidence and accuracy over ``bins`` equal-width bins of confidence (Guo et al., 2017)."""
    confidence, correct = probabilities.max(1), probabilities.argmax(1) == labels
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [abs((confidence[which == b] - correct[which == b]).sum()) for b in range(bins)]
    return float(sum(gaps) / len(labels))


def mean_and_spread(values: Sequence[float]) -> dict[str, float]:
    """``mean`` and standard deviation ``sd`` (0 for one value) of a figure over ``seeds`` runs."""
    return {"mean": float(np.mean(values)), "sd": float(np.std(values, ddof=min(1, len(values) - 1))), "seeds": len(values)}


def chosen_by(figures: Collection[str]) -> str:
    """By which of these figures the benchmark chooses epochs: the error of scores, the UAR of classes."""
    return "mae" if "mae" in figures else "uar"
