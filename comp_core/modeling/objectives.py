"""What is predicted: classes or a score. Losses, errors and figures in one place, so that models need not know which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from comp_core.metrics.calibration import softmax
from comp_core.metrics.figures import class_report, sentiment_report


class Objective(Protocol):
    """How predictions (..., K) are judged beside targets (...)."""

    @property
    def outputs(self) -> int:
        """K, how many numbers a prediction has."""

    def loss(self, logits: Tensor, target: Tensor) -> Tensor:
        """(...) the loss of each entry."""

    def error(self, logits: Tensor, target: Tensor) -> Tensor:
        """(...) E of eq. 10: how far the prediction is from the truth, 0 where it is right."""

    def likelihood(self, logits: Tensor, target: Tensor) -> Tensor:
        """(...) from 0 to 1: how much the prediction believes in the truth."""

    def report(self, logits: np.ndarray, target: np.ndarray) -> dict[str, float]:
        """Figures of predictions (n, K)."""

    def score(self, logits: np.ndarray, target: np.ndarray) -> float:
        """The one figure by which epochs are chosen, higher is better."""


@dataclass(frozen=True)
class Classes:
    """One of K classes; cross-entropy (eq. 16).

    Attributes:
        names: of the classes.
        weight: (K,) of each class in the loss; all 1 by default.
    """

    names: Sequence[str]
    weight: np.ndarray | None = None

    @property
    def outputs(self) -> int:
        return len(self.names)

    def loss(self, logits: Tensor, target: Tensor) -> Tensor:
        weight = None if self.weight is None else torch.tensor(self.weight, dtype=logits.dtype, device=logits.device)
        return F.cross_entropy(logits.flatten(0, -2), target.flatten(), weight, reduction="none").view_as(target)

    def error(self, logits: Tensor, target: Tensor) -> Tensor:
        return 1 - self.likelihood(logits, target)

    def likelihood(self, logits: Tensor, target: Tensor) -> Tensor:
        return logits.softmax(-1).gather(-1, target.unsqueeze(-1)).squeeze(-1)

    def report(self, logits: np.ndarray, target: np.ndarray) -> dict[str, float]:
        return class_report(softmax(logits), target, self.names)

    def score(self, logits: np.ndarray, target: np.ndarray) -> float:
        return class_report(softmax(logits), target)["uar"]


@dataclass(frozen=True)
class Scores:
    """A sentiment from -3 to 3; squared error (eq. 17)."""

    outputs: int = field(default=1, init=False)

    def loss(self, logits: Tensor, target: Tensor) -> Tensor:
        return (logits.squeeze(-1) - target).square()

    def error(self, logits: Tensor, target: Tensor) -> Tensor:
        return (logits.squeeze(-1) - target).abs()

    def likelihood(self, logits: Tensor, target: Tensor) -> Tensor:
        return torch.exp(-self.error(logits, target))

    def report(self, logits: np.ndarray, target: np.ndarray) -> dict[str, float]:
        return sentiment_report(logits[:, 0], target)

    def score(self, logits: np.ndarray, target: np.ndarray) -> float:
        # Of some two hundred utterances the error says more than the share of right signs.
        return -sentiment_report(logits[:, 0], target)["mae"]
