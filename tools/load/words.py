"""Measure how soon words are there: `python -m tools.load.words --out assets/reports/live_words.json`.

A benchmark, not a test: the real program in a process of its own; one visitor without a browser sends pictures and sound as the page does.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from comp_core.inference.media import open_media
from comp_core.support.atomic_files import write_whole
from tests.browser import harness, media
from tools.load.__main__ import make_media
from tools.load.visitor import SAMPLE_RATE, Media, Visitor

# Before the first sentence what is loaded at first use is loaded; the pauses are long enough for all words to come.
WARM_UP_S, PAUSE_S = 6.0, 3.0
# The end of a sentence is the end of its last 10 ms that are less than so many dB below its loudest.
ENDS_DB, FRAME = 35.0, SAMPLE_RATE // 100
SENTENCES = (
    "I am so happy today, this is wonderful.",
    "I hate you, leave me alone.",
    "We won! I can not believe it.",
    "There is somebody in the house, and I am afraid of the dark.",
    "She never called me back and I miss her very much.",
    "The train leaves at nine from the other platform.",
    "What is this? That is disgusting, take it away.",
    "Nobody told me that you would be here tonight.",
    "I did not sleep at all, and now I have to work the whole day.",
    "This is the best day of my life, I love it.",
)
VOICES = ("slt", "rms", "awb")


def sentences(data: Path | None, count: int, folder: Path) -> list[np.ndarray]:
    """RAVDESS clips where the corpora are given, else synthetic speech; (n,) float32 at 16 kHz each."""
    if data is None:
        return [media.speak(SENTENCES[i % len(SENTENCES)], folder, VOICES[i % len(VOICES)]) for i in range(count)]
    clips = sorted((data / "ravdess_speech").glob("03-01-*.flac"))
    return [open_media(clips[i]).samples for i in np.random.default_rng(0).permutation(len(clips))[:count]]


def end_of_speech(samples: np.ndarray) -> float:
    """Seconds."""
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    power = np.mean(frames**2, 1)
    return float((np.flatnonzero(power > power.max() * 10 ** (-ENDS_DB / 10))[-1] + 1) * FRAME / SAMPLE_RATE)


def measure(given: Sequence[np.ndarray]) -> dict[str, Any]:
    """Say the sentences one after the other, with a face before the camera; what the words did."""
    parts, starts, at = [media.silence(WARM_UP_S)], [], WARM_UP_S
    for samples in given:
        starts.append(at)
        parts += [samples, media.silence(PAUSE_S)]
        at += len(samples) / SAMPLE_RATE + PAUSE_S
    sound = (np.concatenate(parts) * 32767).astype("<i2")
    ends = [start + end_of_speech(samples) for start, samples in zip(starts, given, strict=True)]
    with tempfile.TemporaryDirectory() as name, harness.running_app(Path(name)) as server:
        visitor = Visitor(server.address, Media(make_media(Path(name)).pictures, sound), 0.0)
        memory, began = [], time.perf_counter()
        visitor.start()
        while time.perf_counter() - began < at:
            time.sleep(1.0)
            memory.append(sum(server.resident_mb().values()))
        visitor.stop()
        visitor.join()
        seen = visitor.seen
        errors = [*seen.errors, *(["errors in the log"] if server.logged_errors() else [])]
    final, first, steps, words = [], [], [], []
    for start, end, until in zip(starts, ends, [*starts[1:], at], strict=True):
        shown = [(when, text) for when, text in seen.words if start < when < until and text]
        words.append(shown[-1][1] if shown else "")
        if shown:
            final.append(next(when for when, text in shown if text == shown[-1][1]) - end)
            first.append(shown[0][0] - start)
            steps += [b - a for a, b in pairwise([start, *(when for when, _ in shown if when < end), end])]
    times = np.array([when for when, _ in seen.updates])
    rates = [int(np.sum((times >= t) & (times < t + 2))) / 2 for t in np.arange(times[0] + WARM_UP_S, times[-1] - 2, 0.5)]
    return {
        "sentences": len(given),
        "without_words": words.count(""),
        "end_of_speech_to_final_words_s": _spread(final),
        "start_of_speech_to_first_words_s": _spread(first),
        "between_words_while_speaking_s": _spread(steps),
        "face_updates_per_second": {"median": round(median(rates), 1), "lowest": round(min(rates), 1)},
        "resident_mb": round(max(memory)),
        "start_s": round(server.start_s, 1),
        "recogniser": seen.recogniser,
        "stage_ms": seen.view["stage_ms"] if seen.view else {},
        "errors": errors,
        "words": words,
    }


def _spread(seconds: list[float]) -> dict[str, float]:
    return {name: round(float(np.quantile(seconds, q)), 2) for name, q in (("median", 0.5), ("p90", 0.9), ("most", 1.0))} if seconds else {}


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
        "command": f"python -m tools.load.words{given}",
        "date": date.today().isoformat(),
        "speech": "RAVDESS, acted" if options.data else "flite, synthetic",
        **found,
        "machine": {"cores": os.cpu_count(), "load": [round(x, 1) for x in os.getloadavg()], "python": platform.python_version()},
        "note": "Times are from the sound to the answer that shows the words; a first update of an utterance can bring no words.",
    }
    text = json.dumps(report, indent=1) + "\n"
    print(text)
    if options.out:
        write_whole(options.out, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
