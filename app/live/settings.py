"""What one visitor has chosen."""

from __future__ import annotations

from dataclasses import dataclass, field

from comp_core.inference.degradation import Degradation
from comp_core.inference.smoothing import TIME_CONSTANT
from comp_core.modalities import MODALITIES
from comp_core.senses.speech.recognition import ENGLISH


@dataclass
class Settings:
    """Changed while the loop runs, each field as a whole.

    Attributes:
        model: name of the fusion model; what was said before is not judged anew by another.
        language: code of what is spoken.
        smoothing: time constant of what is shown, in seconds.
        degradation: what is done to pictures, sound and words before the senses get them.
        switches: modality -> is it used.
        memory: what is said is judged in the light of what was said before.
    """

    model: str
    language: str = ENGLISH
    smoothing: float = TIME_CONSTANT
    degradation: Degradation = field(default_factory=Degradation)
    switches: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(MODALITIES, True))
    memory: bool = True

    @property
    def switched_off(self) -> frozenset[str]:
        return frozenset(modality for modality, on in self.switches.items() if not on)
