"""Compare the live path with other tools: `python -m tools.peers --data DATA --out assets/reports/peers.json`.

Each tool looks at the same minute (tests/support/minute.py), and, with --data, at the minutes of test faces that have labels
(tools/minute); recognisers hear what is said in those. Each is a process of its own, at its documented defaults, on one thread.
The tools of others need environments of their own; one that is not given is not measured.

    python3.11 -m venv FER
    FER/bin/pip install --no-deps fer==25.10.3
    FER/bin/pip install tensorflow-cpu==2.21.0 "opencv-contrib-python<5" "setuptools<81" requests Pillow

    npm install --prefix FOLDER @vladmandic/face-api@1.7.15 @tensorflow/tfjs@4.22.0 @tensorflow/tfjs-backend-wasm@4.22.0 jpeg-js@0.4.4

    python3.11 -m venv FW
    FW/bin/pip install faster-whisper==1.2.1

Then: python -m tools.peers --fer-python FER/bin/python --face-api FOLDER --whisper-python FW/bin/python --data DATA

fer is installed without what it asks for, since that includes a second PyTorch, which only its other face detector uses. fer and
face-api carry their weights; faster-whisper reads those of our own recogniser.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from comp_core.modeling.registry import KINDS
from comp_core.senses.speech.whisper_tiny import find_weights
from comp_core.support.checkpoint import hashes_of
from comp_core.support.provenance import machine, made_by
from tests.support.minute import SECONDS, WIDTH, Moment
from tools.minute.scenes import minutes
from tools.peers.compare import PeerError, Rival, told, watch
from tools.peers.figures import RATE, Given, Run, figures, rightness, understood
from tools.peers.films import labelled, one_face, recordings
from tools.told import tell

_SHOWN = "the page's path, as shown"
_NOTE = (
    "On the minute with one face nobody can be right: there is no truth but that it smiles. In the minutes with labels the faces are of "
    "FER+'s test set, whose training pictures our face sense and fer have learnt from. The tools have other labels and detectors, and a "
    "smoothed label is calmer by construction."
)


def watchers(fer_python: Path | None, face_api: Path | None, page: Mapping[str, str]) -> dict[str, Rival]:
    """What looks at a film, by name.

    Args:
        page: way of the page's path (see `tools.peers.page`) -> title.
    """
    node, script = shutil.which("node"), str(Path(__file__).with_name("face_api.cjs"))
    no_fer = "" if fer_python else "no --fer-python was given"
    no_face_api = "no --face-api was given" if face_api is None else "" if node else "node is not installed"
    return {
        "fer": Rival("fer", _python("with_fer", python=fer_python), no_fer),
        **{
            f"face_api_{name}": Rival(title, () if no_face_api else (str(node), script, str(_whole(face_api)), name), no_face_api)
            for name, title in (("ssd", "face-api, its default detector"), ("tiny", "face-api, its tiny detector"))
        },
        "sense": Rival("our face sense, each picture by itself", _python("sense")),
        **{f"page_{way}": Rival(title, _python("page", way)) for way, title in page.items()},
    }


def recognisers(whisper_python: Path | None) -> dict[str, Rival]:
    """What hears recordings, by name."""
    lacks = "" if whisper_python else "no --whisper-python was given"
    model = () if lacks else (str(find_weights().parent),)
    return {
        "faster_whisper": Rival("faster-whisper, tiny.en in 8 bits", _python("with_faster_whisper", *model, python=whisper_python), lacks),
        "recogniser": Rival("our recogniser, tiny.en", _python("recogniser")),
    }


def _python(module: str, *arguments: str, python: Path | None = None) -> tuple[str, ...]:
    return (str(_whole(python or Path(sys.executable))), "-m", f"tools.peers.{module}", *arguments)


def _whole(path: Path | None) -> Path | None:
    # The tools run in the project's folder. A link to a Python is not followed: its environment would be lost.
    return path and path.absolute()


def pin() -> bool:
    """Keep this process and its children on one core, where the system can."""
    with suppress(AttributeError, OSError):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
        return True
    return False


def _command(options: argparse.Namespace) -> str:
    """As a reader would repeat it: their own folders stand in for ours."""
    places = {"fer-python": "PYTHON", "face-api": "FOLDER", "whisper-python": "PYTHON", "data": "DATA"}
    given = (f"--{name} {place}" for name, place in places.items() if getattr(options, name.replace("-", "_")))
    return " ".join(("python -m tools.peers", *given))


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.peers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fer-python", metavar="PATH", type=Path, help="the Python that has fer")
    parser.add_argument("--face-api", metavar="FOLDER", type=Path, help="the folder in which node_modules has @vladmandic/face-api")
    parser.add_argument("--whisper-python", metavar="PATH", type=Path, help="the Python that has faster-whisper")
    parser.add_argument("--data", type=Path, help="folder that holds ravdess_speech and ferplus.npz, for the minutes with labels")
    parser.add_argument("--minutes", type=int, default=7, help="of those; in seven each label has four faces (default: %(default)s)")
    parser.add_argument("--without", action="append", default=[], metavar="NAME", help="leave this one out; may be given again")
    parser.add_argument(
        "--seconds", type=int, default=SECONDS, choices=range(1, SECONDS + 1), metavar="N", help="of the minute (default: all)"
    )
    parser.add_argument("--width", type=int, default=WIDTH, help="of its pictures (default: %(default)s, as the page sends them)")
    parser.add_argument("--runs", type=int, default=1, help="times that each film is gone through (default: %(default)s)")
    parser.add_argument("--out", type=Path, help="also write the JSON here")
    options = parser.parse_args()
    one, many, heard = (
        watchers(options.fer_python, options.face_api, {"unsmoothed": "the page's path, unsmoothed", "smoothed": _SHOWN}),
        watchers(options.fer_python, options.face_api, {"recognised": _SHOWN}),
        recognisers(options.whisper_python),
    )
    known = {*one, *many, *heard}
    if unknown := set(options.without) - known:
        parser.error(f"there is no {', '.join(sorted(unknown))}: --without takes {', '.join(sorted(known))}")

    def look(rivals: Mapping[str, Rival], film: Iterable[tuple[Moment, Given]], figures: Callable[[Sequence[Run]], Any]) -> dict[str, Any]:
        chosen = {name: replace(rival, lacks="left out") if name in options.without else rival for name, rival in rivals.items()}
        with tempfile.TemporaryDirectory() as folder:
            return told(chosen, watch(chosen, film, Path(folder), options.runs), figures)

    one_core = pin()
    try:
        found = look(one, one_face(options.seconds, options.width), figures)
        if options.data:
            made = list(minutes(options.data, "test", options.minutes, 0))
            found["labelled"] = look(many, labelled(made), rightness)
            found["recognition"] = look(heard, recordings(made), understood)
    except PeerError as error:
        print(f"A tool stopped while it was measured: {error}", file=sys.stderr)
        return 2
    report = {
        **made_by(_command(options)),
        "weights": hashes_of(("face", "voice", "words", *KINDS)),
        "seconds": options.seconds,
        "rate": RATE,
        "size": [options.width, 3 * options.width // 4],
        "runs": options.runs,
        "one_core": one_core,
        **found,
        "machine": machine(),
        "note": _NOTE,
    }
    tell(report, options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
