"""Peers beside one another on the same film: each in its own process, a second of the film each, in turn."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from comp_core.support.progress import progress
from tests.places import ROOT
from tests.support.minute import Moment
from tools.peers.figures import RATE, Given, Run, Update

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


@dataclass(frozen=True)
class Watched:
    """What came of a film.

    Attributes:
        pictures: of the film.
        runs: name of a rival -> what it answered, each time that it went through the film.
        versions: name of a rival -> of the tool, and of what it runs on.
        lacks: name of a rival -> why it was not measured.
    """

    pictures: int
    runs: dict[str, list[Run]]
    versions: dict[str, dict[str, str]]
    lacks: dict[str, str]


def watch(rivals: Mapping[str, Rival], film: Iterable[tuple[Moment, Given]], folder: Path, runs: int) -> Watched:
    """Every rival that can be measured goes through a film.

    Args:
        film: what camera and microphone give, and what each picture shows.
        folder: where pictures, sound and what the peers print may lie.
        runs: times that the film is gone through, each with new processes.

    Raises:
        PeerError: one that had started stopped before its end.
    """
    requests = list(_write(folder, film))
    lacks = {name: rival.lacks for name, rival in rivals.items() if rival.lacks}
    found: dict[str, list[Run]] = {}
    versions: dict[str, dict[str, str]] = {}
    for run in range(runs):
        with ExitStack() as stack:
            running: dict[str, _Running] = {}
            for name in (name for name in rivals if name not in lacks):
                try:
                    running[name] = stack.enter_context(_running(name, rivals[name].command, folder / f"{name}.log"))
                except PeerError as error:
                    lacks[name] = str(error)
            answers: dict[str, list[Update]] = {name: [] for name in running}
            for first in progress(range(0, len(requests), RATE), f"run {run + 1} of {runs}, ten pictures each"):
                for name, peer in running.items():
                    answers[name] += [peer.look(*request) for request in requests[first : first + RATE]]
            for name, peer in running.items():
                versions[name] = peer.versions
                found.setdefault(name, []).append(answers[name])
    return Watched(len(requests), found, versions, lacks)


def told(rivals: Mapping[str, Rival], watched: Watched, figures: Callable[[Sequence[Run]], dict[str, Any]]) -> dict[str, Any]:
    """For a report: the figures of every rival that was measured, and why the others were not."""
    return {
        "pictures": watched.pictures,
        "peers": {
            name: {"title": rival.title, "versions": watched.versions[name], **figures(watched.runs[name])}
            for name, rival in rivals.items()
            if name in watched.runs
        },
        "not_measured": {name: {"title": rivals[name].title, "why": why} for name, why in watched.lacks.items()},
    }


def _write(folder: Path, film: Iterable[tuple[Moment, Given]]) -> Iterator[tuple[dict[str, Any], Given]]:
    """The film as files, a request for each of its pictures, and what that shows."""
    for n, (moment, given) in enumerate(film):
        picture, sound = folder / f"{n:04d}.jpg", folder / f"{n:04d}.pcm"
        picture.write_bytes(moment.jpeg)
        sound.write_bytes(moment.pcm)
        yield {"picture": str(picture), "sound": str(sound), "taken": moment.taken, "at": moment.at}, given


class _Running:
    """A peer's process, once it has said its versions."""

    def __init__(self, name: str, process: subprocess.Popen, log: Path) -> None:
        self._name, self._process, self._log = name, process, log
        self.versions = self._answer()["versions"]

    def look(self, request: dict[str, Any], given: Given) -> Update:
        with suppress(BrokenPipeError):  # if it stopped, the missing answer tells
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        return Update(given, **self._answer())

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
