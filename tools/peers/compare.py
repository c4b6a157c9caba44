"""Peers beside one another on the same pictures: each in its own process, a second of the minute each, in turn."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from comp_core.support.progress import progress
from tests.places import ROOT
from tests.support.minute import moments, scene_at
from tools.peers.figures import RATE, Update, figures

_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
_ENVIRONMENT = {**dict.fromkeys(_ONE_THREAD, "1"), "CUDA_VISIBLE_DEVICES": ""}


class PeerError(Exception):
    """A peer does not run; the message says which, and what it said last."""


@dataclass(frozen=True)
class Rival:
    """What is compared.

    Attributes:
        title: for the table.
        command: runs it, from the root of the project; it answers as `tools.peers.serving` says.
        lacks: why it cannot be measured here; "" if it can.
    """

    title: str
    command: tuple[str, ...] = ()
    lacks: str = ""


def compare(rivals: Mapping[str, Rival], folder: Path, seconds: int, width: int, runs: int) -> dict[str, Any]:
    """Figures of every rival that can be measured, and why the others cannot.

    Args:
        folder: where pictures, sound and what the peers print may lie.
        seconds: of the minute, from its beginning.
        width: of the pictures, in pixels.
        runs: times that the minute is gone through, each with new processes.

    Raises:
        PeerError: one that had started stopped before its end.
    """
    requests = list(_write(folder, seconds, width))
    lacks = {name: rival.lacks for name, rival in rivals.items() if rival.lacks}
    found: dict[str, list[list[Update]]] = {}
    versions: dict[str, dict[str, str]] = {}
    for run in range(runs):
        with ExitStack() as stack:
            running: dict[str, _Running] = {}
            for name in (name for name in rivals if name not in lacks):
                try:
                    running[name] = stack.enter_context(_running(name, rivals[name].command, folder / f"{name}.log"))
                except PeerError as error:
                    lacks[name] = str(error)
            for name, peer in running.items():
                versions[name] = peer.versions
                found.setdefault(name, []).append([])
            for first in progress(range(0, len(requests), RATE), f"run {run + 1} of {runs}, seconds"):
                for name, peer in running.items():
                    found[name][-1] += [peer.look(request) for request in requests[first : first + RATE]]
    return {
        "pictures": len(requests),
        "peers": {
            name: {"title": rival.title, "versions": versions[name], **figures(found[name])}
            for name, rival in rivals.items()
            if name in found
        },
        "not_measured": {name: {"title": rivals[name].title, "why": why} for name, why in lacks.items()},
    }


def _write(folder: Path, seconds: int, width: int) -> Iterator[dict[str, Any]]:
    """The minute as files, and a request for each of its pictures."""
    for n, moment in zip(range(seconds * RATE), moments(RATE, width), strict=False):
        picture, sound = folder / f"{n:03d}.jpg", folder / f"{n:03d}.pcm"
        picture.write_bytes(moment.jpeg)
        sound.write_bytes(moment.pcm)
        yield {"picture": str(picture), "sound": str(sound), "taken": moment.taken, "at": moment.at}


class _Running:
    """A peer's process, once it has said its versions."""

    def __init__(self, name: str, process: subprocess.Popen, log: Path) -> None:
        self._name, self._process, self._log = name, process, log
        self.versions = self._answer()["versions"]

    def look(self, request: dict[str, Any]) -> Update:
        with suppress(BrokenPipeError):  # if it stopped, the missing answer tells
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        return Update(scene_at(request["taken"]), **self._answer())

    def _answer(self) -> dict[str, Any]:
        line = self._process.stdout.readline()
        if not line:
            said = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise PeerError(f"{self._name} stopped and said: {said[-1] if said else 'nothing'}")
        return json.loads(line)


@contextmanager
def _running(name: str, command: Sequence[str], log: Path) -> Iterator[_Running]:
    environment, pipe = {**os.environ, **_ENVIRONMENT}, subprocess.PIPE
    with log.open("wb") as out:
        try:
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, stderr=out, text=True)
        except OSError as error:
            raise PeerError(f"{name} cannot be started: {command[0]}: {error.strerror}") from error
    try:
        yield _Running(name, process, log)
    finally:
        process.terminate()
        process.communicate()
