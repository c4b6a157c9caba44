"""Runs the targets and counts: inputs, what was refused, crashes, hangs, time and memory."""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

from tools.fuzz.mutate import mutated
from tools.fuzz.targets import TARGETS
from tools.fuzz.worker import ACCEPTED, Outcome, work

HANG_S = 20.0
LOADING_S = 300.0


class Process:
    """The worker, made anew when an input has killed it or it has hung.

    Args:
        module, names: where the targets are, and which are wanted.
        hang_s: an input that takes longer has made it hang.
    """

    def __init__(self, module: str, names: list[str], hang_s: float = HANG_S) -> None:
        self._module, self._names, self._hang_s = module, names, hang_s
        self._worker: Any = None

    def give(self, target: str, content: bytes) -> Outcome:
        if self._worker is None:
            self._start()
        begin = time.perf_counter()
        try:
            self._line.send((target, content))
            if self._line.poll(self._hang_s):
                return self._line.recv()
            fault = f"hang: not done after {self._hang_s:g} s"
        except (EOFError, BrokenPipeError, ConnectionResetError):
            self._worker.join(10)
            fault = f"crash: the process ended with {self._worker.exitcode}"
        self.stop()
        return Outcome("", fault, 1000 * (time.perf_counter() - begin), None)

    def stop(self) -> None:
        if self._worker is not None:
            self._worker.kill()
            self._worker.join()
            self._line.close()
            self._worker = None

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._line, other = context.Pipe()
        self._worker = context.Process(target=work, args=(other, self._module, self._names), daemon=True)
        self._worker.start()
        other.close()
        if not self._line.poll(LOADING_S):
            raise RuntimeError("the fuzzer's worker did not start")
        self._line.recv()


@dataclass
class Tally:
    """What came of the inputs of one target; `faults` maps what is wrong to the first input that showed it."""

    inputs: int = 0
    verdicts: Counter = field(default_factory=Counter)
    slowest_ms: float = 0.0
    most_mb: float = 0.0
    faults: dict[str, bytes] = field(default_factory=dict)

    def add(self, content: bytes, outcome: Outcome) -> None:
        self.inputs += 1
        self.slowest_ms = max(self.slowest_ms, outcome.ms)
        self.most_mb = max(self.most_mb, outcome.mb or 0.0)
        if outcome.fault:
            self.faults.setdefault(outcome.fault, content)
        else:
            self.verdicts[outcome.verdict] += 1

    def as_dict(self) -> dict[str, Any]:
        return {
            "inputs": self.inputs,
            "accepted": self.verdicts[ACCEPTED],
            "refused": {verdict: count for verdict, count in self.verdicts.most_common() if verdict != ACCEPTED},
            "slowest_ms": round(self.slowest_ms),
            "most_mb": round(self.most_mb),
            "faults": {fault: sha256(content).hexdigest()[:16] for fault, content in self.faults.items()},
        }


def inputs(name: str, seed: int = 0) -> Iterator[bytes]:
    """The seeds of a target, then damaged ones without end; the same for the same seed."""
    with tempfile.TemporaryDirectory() as folder:
        seeds = TARGETS[name].seeds(Path(folder))
    yield from seeds
    random = Random(f"{name} {seed}")
    while True:
        yield mutated(seeds, random)


def fuzz(names: Iterable[str], count: int | None = None, seconds: float | None = None, seed: int = 0) -> dict[str, Tally]:
    """Give each target ``count`` inputs besides its seeds, or what it can read in ``seconds``."""
    names = list(names)
    process, found = Process("tools.fuzz.targets", names), {}
    try:
        for name in names:
            tally, source, end = found.setdefault(name, Tally()), inputs(name, seed), None
            with tempfile.TemporaryDirectory() as folder:
                most = None if count is None else count + len(TARGETS[name].seeds(Path(folder)))
            while (most is None or tally.inputs < most) and (end is None or time.monotonic() < end):
                content = next(source)
                tally.add(content, process.give(name, content))
                # Not before the worker is there.
                end = end or (None if seconds is None else time.monotonic() + seconds)
    finally:
        process.stop()
    return found
