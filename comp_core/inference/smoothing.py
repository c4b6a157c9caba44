"""A live stream's memory: how fast the past fades from what is shown. One parameter, the same wherever something is smoothed."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import Any

from comp_core.inference.fusion import sure_label
from comp_core.modalities import MODALITIES
from comp_core.senses.face.sense import FaceFrame, FaceSense
from comp_core.senses.reading import Reading

# Seconds after which the past counts for 37 %. Long enough to calm the flicker between frames, short enough to feel immediate.
TIME_CONSTANT = 0.5
# A label that is shown may fall this far below the threshold before it is taken back: one that is near it would else come and go.
HELD = 0.05
_FORGOTTEN = 4  # time constants after which a frame's weight, under 2 %, is not worth keeping it
_SMOOTHED = ("fused", *MODALITIES, "weights", "subsets")


class Smoother:
    """Exponential smoothing of a fusion record. It starts afresh when the set of observed modalities changes.

    A switch or a vanished face must show at once, without a blend of before and after.

    Attributes:
        time_constant: seconds, above 0; may be changed at any time.
    """

    def __init__(self, time_constant: float = TIME_CONSTANT) -> None:
        self.time_constant = time_constant
        self._last: dict[str, Any] | None = None
        self._at = 0.0

    def update(self, record: dict[str, Any], now: float) -> dict[str, Any]:
        """Blend the numbers of ``record`` (see `comp_core.inference.fusion.Fused`) into what was displayed before.

        While a label is shown, the record's ``answer_threshold``, for whatever is told by it, is lower by ``HELD``.
        """
        if self._last is not None and self._last["observed"] == record["observed"]:
            share = 1.0 - math.exp(-max(0.0, now - self._at) / self.time_constant)
            record = {**record, **{key: _blend(self._last[key], record[key], share) for key in _SMOOTHED if key in record}}
            shown = sure_label(self._last["fused"], self._last["sure_from"])
            if shown is not None and shown == sure_label(record["fused"], record["sure_from"] - HELD):
                record["sure_from"] -= HELD
        self._last, self._at = record, now
        return record


class RecentFaces:
    """The face of the present moment, from one stream's last frames: the newer the frame, the more it counts.

    A face is there until none was found for one time constant: a single lost frame is the tracker's blink, not the person's leaving.

    Attributes:
        time_constant: seconds, above 0; may be changed at any time.
    """

    def __init__(self, time_constant: float = TIME_CONSTANT) -> None:
        self.time_constant = time_constant
        self._frames: deque[tuple[float, FaceFrame]] = deque()

    def add(self, frame: FaceFrame, now: float) -> None:
        self._frames.append((now, frame))
        while now - self._frames[0][0] > _FORGOTTEN * self.time_constant:
            self._frames.popleft()

    def read(self, sense: FaceSense, now: float) -> Reading:
        """Sum up with ``sense`` what is remembered at ``now`` (seconds)."""
        there = any(frame.box is not None and now - at < self.time_constant for at, frame in self._frames)
        remembered: Sequence[tuple[float, FaceFrame]] = self._frames if there else ()
        return sense.summarise(
            [frame for _, frame in remembered], freshness=[math.exp((at - now) / self.time_constant) for at, _ in remembered]
        )


def _blend(old: Any, new: Any, share: float) -> Any:
    if isinstance(new, dict) and isinstance(old, dict) and old.keys() == new.keys():
        return {key: _blend(old[key], value, share) for key, value in new.items()}
    if isinstance(new, float) and isinstance(old, float):
        return old + share * (new - old)
    return new
