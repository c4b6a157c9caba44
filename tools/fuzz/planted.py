"""Targets with faults, to see that the fuzzer finds each kind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tools.fuzz.target import Target


def _target(fault: Callable[[], object], *refusals: type[Exception]) -> Target:
    def read(content: bytes, folder: Path) -> None:
        if content == b"bad":
            fault()

    return Target(lambda _: [b"good"], read, refusals)


def _swallowed() -> None:
    with contextlib.suppress(Exception):
        subprocess.run(["true"])


TARGETS = {
    "refuses": _target(lambda: int("x"), ValueError),
    "raises": _target(lambda: int("x"), KeyError),
    "hangs": _target(lambda: time.sleep(60)),
    "crashes": _target(lambda: os.kill(os.getpid(), signal.SIGSEGV)),
    "reads elsewhere": _target(lambda: Path("/etc/hostname").read_bytes(), OSError),
    "starts a program": _target(_swallowed),
    "takes all memory": _target(lambda: np.zeros(2**33).sum()),
}
