"""How long each stage of the live loop takes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from time import perf_counter

STAGES = ("decode", "face", "speech", "voice", "recogniser", "words", "fusion")


class Latencies:
    """The last durations of each stage, in ms."""

    def __init__(self, kept: int = 30) -> None:
        self._of: dict[str, deque[float]] = {stage: deque(maxlen=kept) for stage in STAGES}

    def add(self, stage: str, milliseconds: float) -> None:
        self._of[stage].append(milliseconds)

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        begin = perf_counter()
        try:
            yield
        finally:
            self.add(stage, 1000 * (perf_counter() - begin))

    def median(self, stage: str) -> float | None:
        return round(median(self._of[stage]), 1) if self._of[stage] else None

    def medians(self) -> dict[str, float | None]:
        return {stage: self.median(stage) for stage in self._of}
