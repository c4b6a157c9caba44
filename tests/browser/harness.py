"""The real program in a process of its own, and a Chromium whose camera and microphone are files."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.places import ROOT

START_LIMIT_S = 120
# Besides the fake devices: nothing of the browser's own may go to the network.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
)
ALLOW_DEVICES = "--use-fake-ui-for-media-stream"


def chromium() -> str | None:
    """Where Chromium is, if it is installed."""
    names = ("/usr/bin/chromium", "chromium", "chromium-browser", "google-chrome")
    return next((path for path in map(shutil.which, names) if path), None)


def missing() -> str:
    """What these tests lack on this machine; "" if nothing."""
    try:
        import playwright  # noqa: F401
    except ImportError:
        return "playwright is not installed"
    if chromium() is None:
        return "no Chromium was found"
    return "" if shutil.which("flite") else "flite (synthetic speech) is not installed"


def device_flags(camera: Path, microphone: Path) -> list[str]:
    return [*FLAGS, f"--use-file-for-fake-video-capture={camera}", f"--use-file-for-fake-audio-capture={microphone}"]


@dataclass(frozen=True)
class Server:
    """The running program: its address, its process, and how long it took to open its page."""

    address: str
    process: subprocess.Popen
    start_s: float
    log: Path

    def resident_mb(self) -> dict[str, float]:
        """Resident memory of the program and of its helper processes, in MB."""
        helpers = children(self.process.pid)
        return {"server": resident_mb_of(self.process.pid), "helpers": sum(map(resident_mb_of, helpers))}

    def processor_s(self) -> dict[str, float]:
        """Processor time that both have used so far, in seconds."""
        helpers = children(self.process.pid)
        return {"server": _processor_s(self.process.pid), "helpers": sum(map(_processor_s, helpers))}

    def held(self) -> dict[str, int]:
        """Open files and threads of the program, which should not become more and more."""
        return {
            what: len(list(Path(f"/proc/{self.process.pid}/{place}").iterdir())) for what, place in (("files", "fd"), ("threads", "task"))
        }

    def logged_errors(self) -> int:
        """Errors in the program's log so far."""
        return len(re.findall(r"^Traceback|^ERROR", self.log.read_text(errors="replace"), re.MULTILINE))


@contextmanager
def running_app(folder: Path, *arguments: str, environment: Mapping[str, str] | None = None, **process_options: Any) -> Iterator[Server]:
    """Run `python app.py` on a free port, which it is told as a host tells it. No network.

    Args:
        environment: variables that are added, or set otherwise than here.
        process_options: of `subprocess.Popen`, such as another ``cwd``.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = folder / "server.log"
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    usual = {**nowhere, "no_proxy": "127.0.0.1,localhost", "XDG_CACHE_HOME": str(folder), "GRADIO_SERVER_PORT": str(port)}
    begin = time.monotonic()
    with log.open("wb") as out:
        command = [sys.executable, "app.py", *arguments]
        variables = {**os.environ, **usual, **(environment or {})}
        process = subprocess.Popen(command, env=variables, stdout=out, stderr=subprocess.STDOUT, **{"cwd": ROOT, **process_options})
    try:
        while not re.search(r"Ready after [\d.]+ s", log.read_text(errors="replace")):
            if process.poll() is not None or time.monotonic() - begin > START_LIMIT_S:
                raise RuntimeError(f"the program did not start:\n{log.read_text(errors='replace')}")
            time.sleep(0.1)
        yield Server(f"http://127.0.0.1:{port}", process, time.monotonic() - begin, log)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def resident_mb_of(pid: int) -> float:
    """Memory of a process, 0 if it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


def _processor_s(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def children(pid: int) -> list[int]:
    """The processes that a process has started, and those that they have."""
    direct: set[int] = set()
    with suppress(OSError):  # it ended meanwhile
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            direct.update(map(int, task.read_text().split()))
    return [*direct, *(grandchild for child in direct for grandchild in children(child))]
