"""A live stream's memory: how fast the past fades from what is shown. One parameter, the same wherever something is smoothed."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import Any

from comp_core.inference.fusion import sure_label
from comp_core.modalities import MODALITIES, VIDEO
from comp_core.senses.face.sense import FaceFrame, FaceSense
from comp_core.senses.reading import SWITCHED_OFF, Reading

# Seconds after which the past counts for 37 %. Long enough to calm the flicker between frames, short enough to feel immediate.
TIME_CONSTANT = 0.5
# A label that is shown may fall this far below the threshold before it is taken back: one that is near it would else come and go.
HELD = 0.05
# A label that leads the shown one by less than LEAD has not won yet: what speaks for it is taken up so many times more slowly.
LEAD, SLOWER = 0.3, 4.0
_FORGOTTEN = 4  # time constants after which a frame's weight, under 2 %, is not worth keeping it
_SMOOTHED = ("fused", *MODALITIES, "weights", "subsets")


class Smoother:
    """Exponential smoothing of a fusion record. It starts afresh when the set of observed modalities changes.

    A switch or a vanished face must show at once, without a blend of before and after. But where a sentence begins or ends before the same
    face, the fused label changes at once only if another one clearly leads (see ``LEAD``).

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
        last, since = self._last, max(0.0, now - self._at)
        if last is not None:
            same, contested = last["observed"] == record["observed"], _contested(last, record)
            blended = {key: self._blend(last, record, key, since) for key in _SMOOTHED if key in record} if same else {}
            if contested and (same or _same_view(last, record)):
                blended["fused"] = self._blend(last, record, "fused", since / SLOWER)
            record = {**record, **blended}
            shown = sure_label(last["fused"], last["sure_from"])
            if blended and shown is not None and shown == sure_label(record["fused"], record["sure_from"] - HELD):
                record["sure_from"] -= HELD
        self._last, self._at = record, now
        return record

    def _blend(self, last: dict[str, Any], record: dict[str, Any], key: str, seconds: float) -> Any:
        return _blend(last[key], record[key], 1.0 - math.exp(-seconds / self.time_constant))


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


def _contested(last: dict[str, Any], record: dict[str, Any]) -> bool:
    """Another label than the one before is the likeliest, but does not clearly lead it. Labels of another model are not compared."""
    if not last["fused"] or not record["fused"] or last["fused"].keys() != record["fused"].keys():
        return False
    before = max(last["fused"], key=last["fused"].__getitem__)
    return 0.0 < max(record["fused"].values()) - record["fused"][before] < LEAD


def _same_view(last: dict[str, Any], record: dict[str, Any]) -> bool:
    """The face is there as before, or as absent, and no modality was switched."""

    def off(one: dict[str, Any]) -> set[str]:
        return {modality for modality, why in one["absent_because"].items() if why == SWITCHED_OFF}

    return last["observed"][VIDEO] == record["observed"][VIDEO] and off(last) == off(record)


def _blend(old: Any, new: Any, share: float) -> Any:
    if isinstance(new, dict) and isinstance(old, dict) and old.keys() == new.keys():
        return {key: _blend(old[key], value, share) for key, value in new.items()}
    if isinstance(new, float) and isinstance(old, float):
        return old + share * (new - old)
    return new
