"""What the face network's outputs are worth: calibrated on validation data, corrected for visitors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from comp_core.modalities import LABELS
from comp_core.support.checkpoint import CheckpointError


@dataclass(frozen=True)
class FaceCalibration:
    """Saved in the network's checkpoint.

    Attributes:
        classes: names of the outputs.
        shares: of the classes in the training data.
        temperature: divides the outputs, so that probabilities are what they say on data like the training's.
        power: of the shares, by which probabilities are divided for a visitor, who shows each label about as often.
    """

    classes: tuple[str, ...]
    shares: tuple[float, ...]
    temperature: float = 1.0
    power: float = 0.0

    @classmethod
    def of(cls, record: dict[str, Any]) -> FaceCalibration:
        """From the JSON of a checkpoint.

        Raises:
            CheckpointError: it has none, or a damaged one.
        """
        try:
            known = record["calibration"]
            classes, shares = (tuple(known[name]) for name in ("classes", "shares"))
            found = cls(classes, tuple(map(float, shares)), float(known["temperature"]), float(known["power"]))
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError("the face network's description has no calibration. Get both files of its weights again.") from error
        if len(classes) != len(shares) or not set(LABELS) <= set(classes) or found.temperature <= 0 or min(found.shares) <= 0:
            raise CheckpointError("the calibration in the face network's description is damaged. Get both files of its weights again.")
        return found

    def log_probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Outputs (..., K) -> calibrated log-probabilities of the classes, (..., K)."""
        return _normalised(logits / self.temperature)

    def for_a_visitor(self, log_probabilities: np.ndarray) -> np.ndarray:
        """Log-probabilities of the classes (..., K) -> probabilities of the live labels (..., 7); other classes are left out."""
        kept = [self.classes.index(label) for label in LABELS]
        return np.exp(_normalised((log_probabilities - self.power * np.log(self.shares))[..., kept]))


def _normalised(scores: np.ndarray) -> np.ndarray:
    return scores - np.logaddexp.reduce(scores, -1, keepdims=True)
