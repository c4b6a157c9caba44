"""Runs beside a program: where it may write is one folder, and what it did is read here."""

from __future__ import annotations

import ipaddress
import json
import os
import re
import site
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.browser.harness import ROOT, children

EVERY_S = 0.1
# Folders of the watched one, and the variables that lead a program and its libraries there.
_PLACES = {
    "home": ("HOME",),
    "temporary": ("TMPDIR",),
    "cache": ("XDG_CACHE_HOME",),
    "configuration": ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"),
}
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_WRITING = os.O_WRONLY | os.O_RDWR


@dataclass
class Watch:
    """What was seen of a program and its children.

    Attributes:
        folder: the declared place; whatever is written lies in it.
        held: files that were seen open for writing, and `peers`, addresses that a socket led to: libraries that are not written in Python
            tell no audit hook.
    """

    folder: Path
    held: set[str] = field(default_factory=set)
    peers: set[str] = field(default_factory=set)

    @property
    def temporary(self) -> Path:
        return self.folder / "temporary"

    def environment(self) -> dict[str, str]:
        """Variables for the program: everything of its own goes to the folder, and it is audited."""
        for place in _PLACES:
            (self.folder / place).mkdir(exist_ok=True)
        return {
            **{name: str(self.folder / place) for place, names in _PLACES.items() for name in names},
            # The files of a user's own Python are not there any more, its packages should be.
            "PYTHONUSERBASE": site.getuserbase(),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": str(Path(__file__).parent),
            "WATCH_LOG": str(self.folder / "watch.jsonl"),
            # A proxy would hide who is asked.
            **dict.fromkeys(_PROXIES, ""),
            "GRADIO_TEMP_DIR": "",
        }

    def noted(self) -> list[tuple[str, str]]:
        """What the audit hooks told, in order: ("write", path), ("ask", host), ("start", command)."""
        return [tuple(json.loads(line)) for line in (self.folder / "watch.jsonl").read_text(encoding="utf-8").splitlines()]

    def written(self, since: int = 0) -> set[Path]:
        """What was opened to be written or made since that many things were noted, devices and pipes left out."""
        paths = {Path(where) for what, where in self.noted()[since:] if what == "write" and where.startswith("/")}
        return {path for path in paths if not path.is_relative_to("/dev") and not path.is_relative_to("/proc")}

    def files(self) -> dict[Path, bytes]:
        """What lies in the folder now, the notes and the log left out."""
        return {path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file() and path.parent != self.folder}

    @contextmanager
    def beside(self, pid: int) -> Iterator[None]:
        """Look at the process's open files and sockets all the time, where the system shows them (Linux)."""
        done = threading.Event()

        def look() -> None:
            while not done.wait(EVERY_S):
                for one in (pid, *children(pid)):
                    with suppress(OSError):  # it ended meanwhile
                        self._look_at(one)

        looking = threading.Thread(target=look, daemon=True)
        looking.start()
        try:
            yield
        finally:
            done.set()
            looking.join()

    def _look_at(self, pid: int) -> None:
        sockets = set()
        for descriptor in Path(f"/proc/{pid}/fd").glob("*"):
            with suppress(OSError):  # it was closed meanwhile
                where = os.readlink(descriptor)
                if where.startswith("socket:"):
                    sockets.add(where[8:-1])
                elif where.startswith("/") and not where.startswith(("/dev/", "/proc/", "/memfd:")):
                    flags = int(re.search(r"flags:\s+(\d+)", Path(f"/proc/{pid}/fdinfo/{descriptor.name}").read_text())[1], 8)
                    if flags & _WRITING:
                        self.held.add(where.removesuffix(" (deleted)"))
        for table in Path(f"/proc/{pid}/net").glob("[tu][cd]p*"):
            with suppress(OSError):
                for line in table.read_text().splitlines()[1:]:
                    cells = line.split()
                    if cells[9] in sockets:
                        self.peers.add(_address(cells[2].split(":")[0]))


def is_here(address: str) -> bool:
    """This computer itself, or nobody yet."""
    number = ipaddress.ip_address(address)
    number = getattr(number, "ipv4_mapped", None) or number
    return number.is_loopback or number.is_unspecified


def changed_in_repository(since: float) -> list[str]:
    """What of the program's own files was changed or added after that time (s since 1970)."""
    found = [path for folder in ("app", "comp_core", "assets") for path in (ROOT / folder).rglob("*")] + list(ROOT.glob("*.*"))
    return [str(path) for path in found if path.is_file() and path.parent.name != "__pycache__" and path.stat().st_mtime > since]


def _address(hexadecimal: str) -> str:
    """As the kernel writes it: words of four bytes in the computer's own order."""
    words = bytes.fromhex(hexadecimal)
    return str(ipaddress.ip_address(b"".join(words[i : i + 4][::-1] for i in range(0, len(words), 4))))
