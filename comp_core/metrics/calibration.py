"""Are probabilities what they say? Temperature scaling, reliability, and when it is better not to answer."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F


def softmax(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """(..., K) logits -> probabilities."""
    return torch.from_numpy(logits / temperature).softmax(-1).numpy()


def fit_temperature(logits: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None) -> float:
    """The temperature T > 0 for which softmax(logits / T) has the least log loss (Guo et al., 2017).

    Labels count as right in n of n + 1 cases and as any class in the other (after Platt, 1999): of a few rows that are all named right
    the loss alone would make certainty.

    Args:
        logits: (n, K).
        labels: (n,).
        weights: (n,) of the rows; alike by default.
    """
    values, target = torch.from_numpy(logits).double(), torch.from_numpy(labels)
    weight = torch.ones(len(target)) if weights is None else torch.from_numpy(weights)
    weight = (weight / weight.sum()).double()
    any_class = 1 / (len(target) + 1)
    log_temperature = torch.zeros((), dtype=torch.double, requires_grad=True)
    optimiser = torch.optim.LBFGS([log_temperature], max_iter=50, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        losses = F.cross_entropy(values / log_temperature.exp(), target, reduction="none", label_smoothing=any_class)
        loss = (weight * losses).sum()
        loss.backward()
        return loss

    optimiser.step(closure)
    return log_temperature.exp().item()


def fit_temperature_and_shift(logits: np.ndarray, labels: np.ndarray, strength: float = 0.01) -> tuple[float, np.ndarray]:
    """The temperature T > 0 and the shift (K,) for which softmax(logits / T + shift) has the least log loss, every class counting alike.

    Args:
        strength: of the pull of the shift towards 0.
    """
    values, target = torch.from_numpy(logits).double(), torch.from_numpy(labels)
    weight = 1 / torch.bincount(target, minlength=values.shape[1]).clamp(min=1).double()
    log_temperature = torch.zeros((), dtype=torch.double, requires_grad=True)
    shift = torch.zeros(values.shape[1], dtype=torch.double, requires_grad=True)
    optimiser = torch.optim.LBFGS([log_temperature, shift], max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        loss = F.cross_entropy(values / log_temperature.exp() + shift, target, weight) + strength * shift.square().sum()
        loss.backward()
        return loss

    optimiser.step(closure)
    return log_temperature.exp().item(), shift.detach().float().numpy()


def reliability(probabilities: np.ndarray, labels: np.ndarray, bins: int = 10) -> list[dict[str, float]]:
    """A reliability diagram: ``n``, mean ``confidence`` and ``accuracy`` in each bin of confidence that is not empty."""
    confidence, correct = probabilities.max(1), probabilities.argmax(1) == labels
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    rows = [which == b for b in range(bins) if (which == b).any()]
    return [{"n": int(r.sum()), "confidence": float(confidence[r].mean()), "accuracy": float(correct[r].mean())} for r in rows]


def risk_coverage(probabilities: np.ndarray, labels: np.ndarray, points: int = 20) -> list[dict[str, float]]:
    """If only the most confident share is answered (``coverage``), from which confidence on, and how many answers are wrong (``risk``)."""
    confidence, wrong = _by_confidence(probabilities, labels)
    ends = np.unique(np.linspace(0, len(labels), points + 1).round().astype(int)[1:])
    return [{"coverage": float(end / len(labels)), "from": float(confidence[end - 1]), "risk": float(wrong[:end].mean())} for end in ends]


def answer_from(probabilities: np.ndarray, labels: np.ndarray, risk: float) -> float:
    """The lowest confidence from which on at most a share ``risk`` of the answers is wrong: 0 if that is so of all, 1 if of none."""
    confidence, wrong = _by_confidence(probabilities, labels)
    met = np.flatnonzero(np.cumsum(wrong) <= risk * np.arange(1, len(wrong) + 1))
    if not len(met):
        return 1.0
    return 0.0 if met[-1] == len(wrong) - 1 else float(confidence[met[-1]])


def _by_confidence(probabilities: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Confidence, highest first, and whether the answer is wrong."""
    order = np.argsort(-probabilities.max(1), kind="stable")
    return probabilities.max(1)[order], (probabilities.argmax(1) != labels)[order]
