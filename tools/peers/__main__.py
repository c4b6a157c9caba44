"""Compare the live path with other tools: `python -m tools.peers --out assets/reports/peers.json`.

Each tool looks at the same minute (tests/support/minute.py) in a process of its own, at its documented defaults, on one thread.
The two tools of others need environments of their own; one that is not given is not measured.

    python3.11 -m venv FER
    FER/bin/pip install --no-deps fer==25.10.3
    FER/bin/pip install tensorflow-cpu==2.21.0 "opencv-contrib-python<5" "setuptools<81" requests Pillow

    npm install --prefix FOLDER @vladmandic/face-api@1.7.15 @tensorflow/tfjs@4.22.0 @tensorflow/tfjs-backend-wasm@4.22.0 jpeg-js@0.4.4

Then: python -m tools.peers --fer-python FER/bin/python --face-api FOLDER --out assets/reports/peers.json

fer is installed without what it asks for, since that includes a second PyTorch, which only its other face detector uses. Both
packages carry their weights.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import tempfile
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path

from comp_core.support.checkpoint import hashes_of
from tests.support.minute import SECONDS, WIDTH
from tools.peers.compare import PeerError, Rival, compare
from tools.peers.figures import RATE
from tools.told import tell

_NOTE = (
    "Accuracy is not compared: there is one face and no truth but that it smiles. The tools have other labels and learnt from other data, "
    "their detectors differ, and a smoothed label is calmer by construction."
)


def rivals(fer_python: Path | None, face_api: Path | None) -> dict[str, Rival]:
    """What is compared, by name."""
    node, script = shutil.which("node"), str(Path(__file__).with_name("face_api.cjs"))
    no_fer = "" if fer_python else "no --fer-python was given"
    no_face_api = "no --face-api was given" if face_api is None else "" if node else "node is not installed"

    def python(module: str, *arguments: str, interpreter: str = sys.executable) -> tuple[str, ...]:
        return (interpreter, "-m", f"tools.peers.{module}", *arguments)

    return {
        "fer": Rival("fer", () if no_fer else python("with_fer", interpreter=str(fer_python.absolute())), no_fer),
        **{
            f"face_api_{name}": Rival(title, () if no_face_api else (node, script, str(face_api.absolute()), name), no_face_api)
            for name, title in (("ssd", "face-api, its default detector"), ("tiny", "face-api, its tiny detector"))
        },
        "sense": Rival("our face sense, each picture by itself", python("sense")),
        "page_unsmoothed": Rival("the page's path, unsmoothed", python("page", "unsmoothed")),
        "page": Rival("the page's path, as shown", python("page", "smoothed")),
    }


def pin() -> bool:
    """Keep this process and its children on one core, where the system can."""
    with suppress(AttributeError, OSError):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
        return True
    return False


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.peers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fer-python", metavar="PATH", type=Path, help="the Python that has fer")
    parser.add_argument("--face-api", metavar="FOLDER", type=Path, help="the folder in which node_modules has @vladmandic/face-api")
    parser.add_argument("--without", action="append", default=[], metavar="NAME", help="leave this one out; may be given again")
    parser.add_argument(
        "--seconds", type=int, default=SECONDS, choices=range(1, SECONDS + 1), metavar="N", help="of the minute (default: all)"
    )
    parser.add_argument("--width", type=int, default=WIDTH, help="of the pictures (default: %(default)s, as the page sends them)")
    parser.add_argument("--runs", type=int, default=1, help="times that the minute is gone through (default: %(default)s)")
    parser.add_argument("--out", type=Path, help="also write the JSON here")
    options = parser.parse_args()
    known = rivals(options.fer_python, options.face_api)
    if unknown := set(options.without) - set(known):
        parser.error(f"there is no {', '.join(sorted(unknown))}: --without takes {', '.join(known)}")
    chosen = {name: replace(rival, lacks="left out") if name in options.without else rival for name, rival in known.items()}
    one_core = pin()
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = compare(chosen, Path(folder), options.seconds, options.width, options.runs)
        except PeerError as error:
            print(f"A tool stopped while it was measured: {error}", file=sys.stderr)
            return 2
    report = {
        "command": "python -m tools.peers",
        "date": date.today().isoformat(),
        "weights": hashes_of(("face",)),
        "seconds": options.seconds,
        "rate": RATE,
        "size": [options.width, 3 * options.width // 4],
        "runs": options.runs,
        "one_core": one_core,
        **found,
        "machine": {"cores": os.cpu_count(), "load": [round(x, 1) for x in os.getloadavg()], "python": platform.python_version()},
        "note": _NOTE,
    }
    tell(report, options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
