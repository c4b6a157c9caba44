"""Measure how soon words are there: `python -m tools.load.words --out assets/reports/live_words.json`.

A benchmark, not a test: the real program in a process of its own; one visitor without a browser sends pictures and sound as the page does.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from comp_core.support.atomic_files import write_whole
from comp_core.support.provenance import machine, made_by
from tests.browser import harness
from tools.load.__main__ import make_pictures
from tools.load.speech import final_after, said, sentences, shown_between, spread
from tools.load.visitor import Media, Visitor

# Before the first sentence what is loaded at first use is loaded; the pauses are long enough for all words to come.
WARM_UP_S, PAUSE_S = 6.0, 3.0


def measure(given: Sequence[np.ndarray]) -> dict[str, Any]:
    """Say the sentences one after the other, with a face before the camera; what the words did."""
    speech = said(given, [PAUSE_S] * len(given), WARM_UP_S)
    with tempfile.TemporaryDirectory() as name, harness.running_app(Path(name)) as server:
        visitor = Visitor(server.address, Media(make_pictures(Path(name)), speech.sound), 0.0)
        memory, began = [], time.perf_counter()
        visitor.start()
        while time.perf_counter() - began < speech.seconds:
            time.sleep(1.0)
            memory.append(sum(server.resident_mb().values()))
        visitor.stop()
        visitor.join()
        seen = visitor.seen
        errors = [*seen.errors, *(["errors in the log"] if server.logged_errors() else [])]
    final, first, steps, words = [], [], [], []
    spans = speech.spans
    for (start, end), (until, _) in zip(spans, [*spans[1:], (speech.seconds, 0.0)], strict=True):
        shown = shown_between(seen.words, start, until)
        words.append(shown[-1][1] if shown else "")
        if shown:
            final.append(final_after(shown, end))
            first.append(shown[0][0] - start)
            steps += [b - a for a, b in pairwise([start, *(when for when, _ in shown if when < end), end])]
    times = np.array([when for when, _ in seen.updates])
    rates = [int(np.sum((times >= t) & (times < t + 2))) / 2 for t in np.arange(times[0] + WARM_UP_S, times[-1] - 2, 0.5)]
    return {
        "sentences": len(given),
        "without_words": words.count(""),
        "end_of_speech_to_final_words_s": spread(final),
        "start_of_speech_to_first_words_s": spread(first),
        "between_words_while_speaking_s": spread(steps),
        "face_updates_per_second": {"median": round(median(rates), 1), "lowest": round(min(rates), 1)},
        "resident_mb": round(max(memory)),
        "start_s": round(server.start_s, 1),
        "recogniser": seen.recogniser,
        "stage_ms": seen.view["stage_ms"] if seen.view else {},
        "errors": errors,
        "words": words,
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.load.words", description="Measure how soon words are there.")
    parser.add_argument("--sentences", type=int, default=20, help="(default: %(default)s)")
    parser.add_argument("--data", type=Path, help="folder of the corpora: acted clips of RAVDESS instead of synthetic speech")
    parser.add_argument("--out", type=Path, help="also write the JSON here")
    options = parser.parse_args()
    if shutil.which("flite") is None:
        print("This cannot be measured here: flite (synthetic speech) is not installed.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as name:
        found = measure(sentences(options.data, options.sentences, Path(name)))
    given = f" --sentences {options.sentences}" + (" --data DATA" if options.data else "")
    report = {
        **made_by(f"python -m tools.load.words{given}"),
        "speech": "RAVDESS, acted" if options.data else "flite, synthetic",
        **found,
        "machine": machine(),
        "note": "Times are from the sound to the answer that shows the words; a first update of an utterance can bring no words.",
    }
    text = json.dumps(report, indent=1) + "\n"
    print(text)
    if options.out:
        write_whole(options.out, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
