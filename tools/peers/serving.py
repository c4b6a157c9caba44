"""A peer in a process of its own: it is told which picture to look at, and answers what it sees and how long that took.

Requests and answers are lines of JSON on standard input and output; the first answer holds the versions. Only the standard library
is used here, so that a peer's own environment needs nothing else. `face_api.cjs` speaks the same.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True)
class Request:
    """Where a picture lies, and the sound since the picture before (int16 at 16 kHz); when it was ``taken``, and is seen (seconds)."""

    picture: Path
    sound: Path
    taken: float
    at: float


@dataclass(frozen=True)
class Answer:
    """Whether a face was found, and the label that is shown; None where none is."""

    found: bool
    label: str | None


class Peer(Protocol):
    """What is compared.

    Attributes:
        versions: of the tool, and of what it runs on.
    """

    versions: dict[str, str]

    def read(self, request: Request) -> Any:
        """What a camera would hand over; not timed."""

    def update(self, given: Any) -> Answer:
        """One update; timed."""


def serve(load: Callable[[], Peer]) -> None:
    """Answer until the input ends."""
    # What libraries print must not come between the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    peer = load()
    print(json.dumps({"versions": peer.versions}), file=answers, flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        given = peer.read(Request(Path(asked["picture"]), Path(asked["sound"]), asked["taken"], asked["at"]))
        wall, processor = time.perf_counter(), time.process_time()
        answer = peer.update(given)
        spent = {"wall_ms": 1000 * (time.perf_counter() - wall), "cpu_ms": 1000 * (time.process_time() - processor)}
        print(json.dumps({"found": answer.found, "label": answer.label, **spent}), file=answers, flush=True)
