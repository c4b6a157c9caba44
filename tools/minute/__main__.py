"""Replay recorded minutes through the live session: `python -m tools.minute --data DATA --out assets/reports/minute.json`.

Each minute is made from voices of actors and faces that no sense has learnt from, and synthetic speech (tools/minute/scenes.py).
It is replayed twice: as fast as the machine can, on a clock of its own, for what the page says; and, the first ones, in real time with
the recogniser in its thread, for how soon words come. A design is chosen on `--split valid`, and reported on `--split test`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import torch

from comp_core.predictor import Predictor
from comp_core.senses.speech.recognition import load_recogniser
from comp_core.support.checkpoint import hashes_of
from comp_core.support.progress import progress
from comp_core.support.provenance import machine, made_by
from tests.support.replay import Visit
from tools.minute.figures import Seen, changes, figures, seen_of
from tools.minute.real_time import summary, timed
from tools.minute.scenes import PARTS, Minute, minutes
from tools.told import tell

# Fewer than a camera gives, to spare time; the tracker of the mesh still follows.
PICTURES_PER_SECOND = 5
MODELS = ("comp", "prlf")


def replayed(minute: Minute, predictor: Predictor, recogniser: Any, memory: bool) -> list[Seen]:
    """All that the page drew."""
    visit = Visit(predictor, recogniser)
    visit.session.remember(memory)
    seen = [seen_of(minute, moment.taken, moment.at, visit.send(moment)) for moment in minute.moments(PICTURES_PER_SECOND)]
    visit.close()
    return seen


def script(minute: Minute) -> dict[str, Any]:
    """What the minute shows and says."""
    return {
        "scenes": [{"at": one.start, "face": one.face, "label": one.label} for one in minute.scenes],
        "spoken": [{"at": round(one.start, 1), "source": one.source, "label": one.label, "words": one.words} for one in minute.spoken],
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.minute", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder that holds ravdess_speech and ferplus.npz")
    parser.add_argument("--split", choices=tuple(PARTS), default="test", help="of the corpora (default: %(default)s)")
    parser.add_argument("--minutes", type=int, default=7, help="to replay; seven have each label four times (default: %(default)s)")
    parser.add_argument("--timed", type=int, default=2, help="of these, how many also in real time (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="draws faces, voices and sentences (default: %(default)s)")
    parser.add_argument("--without-memory", action="store_true", help="judge each sentence by itself")
    parser.add_argument("--out", type=Path, help="also write the JSON here")
    options = parser.parse_args()
    torch.set_num_threads(1)
    before = machine()["load"]
    predictor, recogniser = Predictor.load(device="cpu"), load_recogniser()
    made = list(minutes(options.data, options.split, options.minutes, options.seed))
    seen = [replayed(minute, predictor, recogniser, not options.without_memory) for minute in progress(made, "minutes")]
    times = [timed(minute, predictor, recogniser) for minute in progress(made[: options.timed], "in real time")]
    report = {
        **made_by(f"python -m tools.minute --data DATA --split {options.split} --minutes {options.minutes} --seed {options.seed}"),
        "split": options.split,
        "seed": options.seed,
        "memory": not options.without_memory,
        "model": next(iter(predictor.fusions)),
        "recogniser": recogniser.name,
        "weights": hashes_of(("face", "voice", "words", *predictor.fusions)),
        "metrics": figures(seen),
        "real_time": summary(times),
        "by_minute": [{**script(minute), "changes": changes(one)} for minute, one in zip(made, seen, strict=True)],
        "machine": {**machine(), "load": {"before": before, "after": machine()["load"]}},
    }
    tell(report, options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
