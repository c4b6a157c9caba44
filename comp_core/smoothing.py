"""Light smoothing of what is displayed, so that figures can be read while they change."""

from __future__ import annotations

import math
from typing import Any

from comp_core.modalities import MODALITIES

# Seconds after which an old value has faded to 37 %. Long enough to calm the flicker between frames, short enough to feel immediate.
TIME_CONSTANT = 0.35
_SMOOTHED = ("fused", *MODALITIES, "weights")


class Smoother:
    """Exponential smoothing of a fusion record. It starts afresh when the set of observed modalities changes.

    A switch or a vanished face must show at once, without a blend of before and after.
    """

    def __init__(self, time_constant: float = TIME_CONSTANT) -> None:
        self._time_constant = time_constant
        self._last: dict[str, Any] | None = None
        self._at = 0.0

    def update(self, record: dict[str, Any], now: float) -> dict[str, Any]:
        """Blend the numbers of ``record`` (see :class:`comp_core.predictor.Fused`) into what was displayed before."""
        if self._last is not None and self._last["observed"] == record["observed"]:
            share = 1.0 - math.exp(-max(0.0, now - self._at) / self._time_constant)
            record = {**record, **{key: _blend(self._last[key], record[key], share) for key in _SMOOTHED}}
        self._last, self._at = record, now
        return record


def _blend(old: Any, new: Any, share: float) -> Any:
    if isinstance(new, dict) and isinstance(old, dict) and old.keys() == new.keys():
        return {key: _blend(old[key], value, share) for key, value in new.items()}
    if isinstance(new, float) and isinstance(old, float):
        return old + share * (new - old)
    return new
