"""`python -m tools.licences` writes the licences of what the demo installs to assets/licences.md."""

from __future__ import annotations

import json
import re
import subprocess
import sys

from tests.places import ROOT

LOCK = ROOT / "requirements.lock"
LIST = ROOT / "assets" / "licences.md"
_HEAD = """# Licences of what the demo installs

From the packages' own statements, by `python -m tools.licences`, for those of `requirements.lock` that were installed where it ran.
PyTorch's CUDA build for Linux also brings Triton (MIT), and NVIDIA's libraries under NVIDIA's own terms.

`assets/face_landmarker.task`, which finds faces, is Google's, unchanged, under the Apache License 2.0 (https://www.apache.org/licenses/LICENSE-2.0).

| package | version | licence | home |
|---|---|---|---|
"""


# What PyTorch's CUDA build brings; the list is the same with every build.
_OF_CUDA = re.compile(r"nvidia-|cuda-|triton$")


def locked() -> dict[str, list[str]]:
    """Name, in lower case -> versions, of all that the lock file names; some have others for other Pythons."""
    found: dict[str, list[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([\w.+]+)", LOCK.read_text(encoding="utf-8"), re.MULTILINE):
        found.setdefault(name.lower(), []).append(version)
    return found


def installed() -> list[dict[str, str]]:
    """Name, version, licence and address of the installed packages that the lock file names, but for those of CUDA."""
    names = [name for name in locked() if not _OF_CUDA.match(name)]
    command = [sys.executable, "-m", "piplicenses", "--from=mixed", "--format=json", "--with-urls", "--packages", *names]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    # Some packages state the whole text in place of the name.
    return [{**one, "License": one["License"].strip().splitlines()[0]} for one in found]


def main() -> None:
    rows = sorted(installed(), key=lambda one: one["Name"].lower())
    lines = [f"| {one['Name']} | {one['Version']} | {one['License']} | {one['URL']} |" for one in rows]
    LIST.write_text(_HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"{LIST.relative_to(ROOT)}: {len(lines)} packages")


if __name__ == "__main__":
    main()
