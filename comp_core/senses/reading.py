"""What every sense returns: a feature vector, or the reason for its absence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

# The reasons that the page and the JSON records use. A failure adds what failed: "failed: ...".
NO_FACE = "no face"
SILENCE = "silence"
NO_WORDS = "no words"
SWITCHED_OFF = "switched off"
NOT_GIVEN = "not given"
DISCONNECTED = "disconnected"
PAUSED = "paused"
NOT_LEARNT = "not learnt by this model"
BEYOND = "after the end of the file"


@dataclass(frozen=True)
class Reading:
    """One modality of one utterance.

    Attributes:
        feature: (D,) float32, or None when the modality is absent.
        absent_because: None when the feature is there, else one of the reasons above.
        probabilities: (7,) over LABELS, the sense's own calibrated prediction, as for people who try each label about as often; None of a
            sense that makes none.
        quality: 0 to 1, the sense's own judgement of its input (face size and pose, share of speech, confidence of the recogniser).
    """

    feature: np.ndarray | None
    absent_because: str | None = None
    quality: float = 0.0
    probabilities: np.ndarray | None = None

    def __post_init__(self) -> None:
        if (self.feature is None) == (self.absent_because is None):
            raise ValueError("a reading has either a feature or a reason for its absence")

    @property
    def present(self) -> bool:
        return self.feature is not None

    @classmethod
    def absent(cls, reason: str) -> Reading:
        return cls(feature=None, absent_because=reason)


class Sense(Protocol):
    """What every shipped sense does besides reading its input."""

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """Features (..., D) -> calibrated probabilities over LABELS, (..., 7), as for people who try each label about as often."""
