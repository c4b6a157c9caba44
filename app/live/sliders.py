"""The sliders with which a visitor degrades what the senses are given; the lab and the live page have the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from comp_core.inference.degradation import Degradation
from comp_core.modalities import AUDIO, TEXT, VIDEO


@dataclass(frozen=True)
class Slider:
    """One field of `Degradation`, between two values; ``rest`` takes nothing."""

    field: str
    label: str
    modality: str
    lowest: float
    highest: float
    rest: float
    step: float


QUIET = 40  # dB; at rest there is no noise at all
SLIDERS = (
    Slider("darkness", "darker", VIDEO, 0, 0.98, 0, 0.02),
    Slider("blur", "blurred", VIDEO, 0, 1, 0, 0.05),
    Slider("cover", "covered from below", VIDEO, 0, 1, 0, 0.05),
    Slider("frames_lost", "pictures lost", VIDEO, 0, 1, 0, 0.05),
    Slider("noise_db", "speech above noise, dB", AUDIO, -10, QUIET, QUIET, 1),
    Slider("highest_hertz", "nothing heard above, Hz", AUDIO, 300, 8000, 8000, 100),
    Slider("clipping", "clipped", AUDIO, 0, 0.98, 0, 0.02),
    Slider("words_lost", "words lost", TEXT, 0, 1, 0, 0.05),
    Slider("words_misheard", "words misheard", TEXT, 0, 1, 0, 0.05),
)


def degradation_of(values: Mapping[str, float], muted: bool = False) -> Degradation:
    """What the sliders amount to; those that are not named are at rest."""
    noise = values.get("noise_db", QUIET)
    return Degradation(**{**values, "noise_db": None if noise >= QUIET else noise, "muted": muted})
