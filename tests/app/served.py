"""The pages in a process of their own, behind all that stands before them, with doubles for the models: `python -m tests.app.served`."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import httpx

from tests.places import ROOT

_START_LIMIT_S = 90


@dataclass(frozen=True)
class Served:
    """The running program."""

    port: int
    process: subprocess.Popen
    log: Path

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, **settings) -> httpx.Client:
        return httpx.Client(base_url=self.address, timeout=60, trust_env=False, **settings)

    def connect(self) -> closing:
        """A bare connection, for requests that no client would make."""
        return closing(socket.create_connection(("127.0.0.1", self.port), timeout=60))

    def most_mb(self) -> float:
        """The most memory that it ever had."""
        return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{self.process.pid}/status").read_text())[1]) / 1024


def bytes_below(folder: Path) -> int:
    """Bytes of the files below a folder; what goes while they are counted counts nothing."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                total += Path(place, name).stat().st_size
    return total


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def served(folder: Path, *arguments: str, setting: Sequence[str] = (), **environment: str) -> Iterator[Served]:
    """Run the pages on a free port.

    Args:
        setting: a command that runs the rest of its arguments, before the program.
        environment: variables that are added; `QUIET_S` is for how long a connection may be silent, `SMALL_DISK` how many bytes fit on it.
    """
    port, log = free_port(), folder / "served.log"
    command = [*setting, sys.executable, "-m", "tests.app.served", "--port", str(port), *arguments]
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment}, stdout=out, stderr=subprocess.STDOUT)
    try:
        until = time.monotonic() + _START_LIMIT_S
        while "Serving" not in log.read_text(errors="replace"):
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the pages were not served:\n{log.read_text(errors='replace')}")
            time.sleep(0.1)
        yield Served(port, process, log)
    finally:
        process.kill()
        process.wait()


def _serve() -> None:
    from app.arguments import parser
    from app.main import _outputs, serve
    from app.server import patience
    from app.server.log import keep_messages_out
    from app.server.uploads import upload_folder
    from comp_core.modalities import LABELS
    from tests.app.doubles import ScriptedPredictor, ScriptedTranscriber

    if "QUIET_S" in os.environ:
        patience.QUIET_S = float(os.environ["QUIET_S"])
    if "SMALL_DISK" in os.environ:
        size = int(os.environ["SMALL_DISK"])
        shutil.disk_usage = lambda folder: SimpleNamespace(free=size - bytes_below(Path(folder)))
    options = parser().parse_args()
    keep_messages_out()
    with upload_folder():
        demo = serve(ScriptedPredictor(), ScriptedTranscriber(), options, outputs=_outputs(options, LABELS))
        print("Serving", flush=True)
        demo.block_thread()


if __name__ == "__main__":
    _serve()
