"""One input after the other in a process of its own: what it may use, what it may touch, and what came of it."""

from __future__ import annotations

import logging
import os
import resource
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path

from comp_core.support.assets import ASSETS
from tools.fuzz.target import Target, Unfit

MB = 2**20
# More address space than the process has before the first input is refused to it.
ALLOWANCE_MB = 2000
ACCEPTED, UNFIT = "accepted", "unfit"
# Where decoders may find their own code and tables.
_OWN = tuple(str(Path(place).resolve()) for place in (sys.prefix, sys.base_prefix, ASSETS.parent, "/proc", "/dev", "/sys", "/usr", "/lib"))
_FORBIDDEN = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "socket.connect", "socket.getaddrinfo")


@dataclass(frozen=True)
class Outcome:
    """What came of one input.

    Attributes:
        verdict: "accepted", "unfit", or the name of the documented exception; "" if something is wrong.
        fault: what is wrong, "" if nothing.
        ms: how long it took.
        mb: how much more memory was resident at its peak than before; None where the system does not tell.
    """

    verdict: str
    fault: str
    ms: float
    mb: float | None


class Escape(BaseException):
    """An input made its decoder touch what is none of its business. Not an Exception, so that no decoder swallows it."""


class Guard:
    """Notes what an input makes the process open or start, and forbids it."""

    def __init__(self) -> None:
        self.folder: str | None = None
        self.touched = ""
        sys.addaudithook(self._watch)

    @contextmanager
    def within(self, folder: Path) -> Iterator[None]:
        self.folder, self.touched = str(folder.resolve()), ""
        try:
            yield
        finally:
            self.folder = None

    def _watch(self, event: str, arguments: tuple) -> None:
        if self.folder is None:
            return
        if event == "open" and not isinstance(arguments[0], int) and arguments[0] is not None:
            path = os.path.realpath(os.fsdecode(arguments[0]))
            if not path.startswith((self.folder, *_OWN)):
                self._forbid(f"it opens {path}")
        elif event in _FORBIDDEN:
            self._forbid(event)

    def _forbid(self, what: str) -> None:
        self.touched = what
        raise Escape(what)


def work(connection: Connection, module: str, names: list[str]) -> None:
    """Serve (target, content); the first message back is sent when everything is loaded.

    Args:
        module: has the ``TARGETS``.
        names: of those that will be asked for.
    """
    targets: dict[str, Target] = import_module(module).TARGETS
    logging.disable()
    warnings.simplefilter("ignore")
    guard = Guard()
    # What is loaded at first use is not an input's doing.
    for name in names:
        with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
            outcome(targets[name], targets[name].seeds(Path(first))[0], Path(second), None)
    _limit_memory()
    connection.send(None)
    while True:
        name, content = connection.recv()
        with tempfile.TemporaryDirectory() as folder:
            connection.send(outcome(targets[name], content, Path(folder), guard))


def outcome(target: Target, content: bytes, folder: Path, guard: Guard | None) -> Outcome:
    """What comes of one input, which may write to an empty folder."""
    before, begin, verdict, fault = _resident(reset=True), time.perf_counter(), "", ""
    try:
        with guard.within(folder) if guard else nullcontext():
            target.read(content, folder)
        verdict = ACCEPTED
    except Unfit:
        verdict = UNFIT
    except target.refusals as error:
        verdict = type(error).__name__
    except BaseException as error:  # also a panic of a library in Rust, which is no Exception
        places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
        fault = f"{type(error).__name__} at {' < '.join(places[:0:-1][:4])}"
    if guard is not None and guard.touched:
        verdict, fault = "", guard.touched
    ms, peak = 1000 * (time.perf_counter() - begin), _resident()
    return Outcome(verdict, fault, ms, None if peak is None else max(0.0, peak - before))


def _limit_memory() -> None:
    pages = Path("/proc/self/statm")
    if pages.exists():
        now = int(pages.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + ALLOWANCE_MB * MB,) * 2)


def _resident(reset: bool = False) -> float | None:
    """The most MB that were resident since the last reset; None where the system does not tell."""
    status = Path("/proc/self/status")
    try:
        if reset:
            Path("/proc/self/clear_refs").write_text("5")
        return next(int(line.split()[1]) / 1024 for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    except OSError:
        return None
