"""The settings that every method may choose among, by its own score on validation data."""

from __future__ import annotations

from dataclasses import dataclass, replace

from comp_core.training.fit import FitConfig


@dataclass(frozen=True)
class Setting:
    """How a training departs from what its method is configured to.

    Attributes:
        name: in reports.
        learning_rate: a factor on the method's own.
        dropout: of the model; None: its own.
        mixed: training features are mixed with those of other utterances, where the data set says how much (`Dataset.feature_mixing`).
    """

    name: str
    learning_rate: float = 1.0
    dropout: float | None = None
    mixed: bool = False

    def of(self, settings: FitConfig) -> FitConfig:
        """A method's settings with this one's learning rate."""
        return replace(settings, learning_rate=settings.learning_rate * self.learning_rate)


AS_CONFIGURED = Setting("as configured")
SEARCH = (
    AS_CONFIGURED,
    Setting("a third of the learning rate", learning_rate=1 / 3),
    Setting("dropout 0.5", dropout=0.5),
    Setting("features mixed", mixed=True),
)
