"""Measure many visitors at once: `python -m tools.load --visitors 1,2,4,8,16 --seconds 30 --out assets/reports/load.json`.

A benchmark, not a test: the real program in a process of its own, real pictures and speech over HTTP, on one machine. Each visitor speaks
half of the time. Each number of visitors has a program of its own; where there are more of them than places, once with a waiting line and
once with room for all.
"""

from __future__ import annotations

import argparse
import base64
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import cv2
import numpy as np

from comp_core.modeling.registry import KINDS
from comp_core.support.checkpoint import hashes_of
from comp_core.support.provenance import machine, made_by
from tests.browser import harness, media
from tools.load.speech import SENTENCES, Speech, final_after, said, sentences, shown_of, spread
from tools.load.visitor import PICTURES_HZ, SAMPLE_RATE, Media, Visitor
from tools.told import tell

# The first seconds load what is loaded at first use.
WARM_UP_S = 8.0
# What the page sends: the camera's picture, made smaller.
SIDE, QUALITY = 320, 75
# Words that come later than so many seconds after their sentence are not waited for.
LATEST_S = 10.0
STAGES = ("decode", "face", "speech", "voice", "recogniser", "words", "fusion")


def make_pictures(folder: Path) -> list[str]:
    """The portrait, swaying, without a break; base64 JPEGs."""
    camera = cv2.VideoCapture(str(media.camera(folder, with_face=60, without=0)))
    pictures = []
    while (taken := camera.read())[0]:
        pictures.append(taken[1])
    pictures = pictures[:: round(media.FRAMES_PER_SECOND / PICTURES_HZ)]
    small = [cv2.resize(picture, (SIDE, SIDE * 3 // 4), interpolation=cv2.INTER_AREA) for picture in pictures]
    encoded = [cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes() for picture in small]
    return [base64.b64encode(jpeg).decode() for jpeg in encoded]


def half_spoken(folder: Path) -> Speech:
    """Each sentence is followed by a pause of its own length."""
    given = sentences(None, len(SENTENCES), folder)
    return said(given, [len(samples) / SAMPLE_RATE for samples in given])


def measure(visitors: int, places: int, seconds: float, pictures: list[str], speech: Speech) -> dict:
    """So many visitors at once, for some seconds, in a program with so many places."""
    with tempfile.TemporaryDirectory() as name, harness.running_app(Path(name), "--visitors", str(places)) as server:
        # Their sounds are spread over the whole recording, so that it is not one sentence that all say at once.
        offsets = [float(offset) for offset in np.arange(visitors) * speech.seconds / visitors]
        given = Media(pictures, speech.sound)
        here = [Visitor(server.address, given, offset) for offset in offsets]
        for visitor in here:
            visitor.start()
            time.sleep(1 / PICTURES_HZ / visitors)
        time.sleep(WARM_UP_S)
        begin, used, used_here = time.perf_counter(), server.processor_s(), time.process_time()
        memory = []
        while time.perf_counter() - begin < seconds:
            time.sleep(1.0)
            memory.append(server.resident_mb())
        end = time.perf_counter()
        cores = {part: round((now - used[part]) / (end - begin), 2) for part, now in server.processor_s().items()}
        cores["clients"] = round((time.process_time() - used_here) / (end - begin), 2)
        waiting = sum(visitor.seen.before is not None for visitor in here)
        for visitor in here:
            visitor.stop()
        for visitor in here:
            visitor.join()
        crashed = server.process.poll() is not None
    served = [v.seen for v in here if v.seen.view]
    if not served:
        raise RuntimeError(f"none of {visitors} visitors was served: {[v.seen.errors for v in here]}")
    updates = [[delay for at, delay in seen.updates if begin <= at <= end] for seen in served]
    rates = [len(delays) / (end - begin) for delays in updates]
    delays = 1000 * np.concatenate([np.array(one) for one in updates])
    told = [
        (end, shown_of(v.seen.words, SENTENCES[number], start, end + LATEST_S))
        for v, offset in zip(here, offsets, strict=True)
        for number, start, end in speech.turns(offset, v.seen.until - LATEST_S)
        if start >= WARM_UP_S
    ]
    stages = {stage: [ms for seen in served if (ms := seen.view["stage_ms"][stage]) is not None] for stage in STAGES}
    return {
        "visitors": visitors,
        "places": places,
        "served": len(served),
        "waiting": waiting,
        "face_updates_per_second": {"lowest": round(min(rates), 1), "median": round(median(rates), 1)},
        "capture_to_answer_ms": {name: round(float(np.quantile(delays, q))) for name, q in (("median", 0.5), ("p95", 0.95))},
        "sound_lost_s": round(sum(s.view["audio_lost_s"] + s.forgotten / SAMPLE_RATE for s in served), 1),
        "utterances": sum(len(seen.heard) for seen in served),
        "sentences": len(told),
        "without_words": sum(not shown for _, shown in told),
        "end_of_speech_to_final_words_s": spread([final_after(shown, end) for end, shown in told if shown]),
        "cores_used": cores,
        "ms_per_update": round(1000 * cores["server"] / sum(rates), 1),
        "resident_mb": {part: round(max(sample[part] for sample in memory), 1) for part in ("server", "helpers")},
        "stage_ms": {stage: round(median(ms), 1) for stage, ms in stages.items() if ms},
        "recogniser": served[0].recogniser,
        "errors": sorted({error for visitor in here for error in visitor.seen.errors}),
        "crashed": crashed,
    }


def report(numbers: list[int], places: int, seconds: float) -> dict:
    """Every number of visitors, and what each further visitor takes in memory beside the first."""
    with tempfile.TemporaryDirectory() as name:
        pictures, speech = make_pictures(Path(name)), half_spoken(Path(name))
    rows = []
    for visitors in numbers:
        for room in dict.fromkeys((places, max(places, visitors))):
            rows.append(measure(visitors, room, seconds, pictures, speech))
            print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    first = next((row["resident_mb"]["server"] for row in rows if row["served"] == 1), None)
    for row in rows:
        more = row["served"] - 1
        row["mb_per_further_visitor"] = round((row["resident_mb"]["server"] - first) / more, 1) if first and more else None
    return {
        **made_by(f"python -m tools.load --visitors {','.join(map(str, numbers))} --seconds {seconds:g}"),
        "weights": hashes_of(("face", "voice", "words", *KINDS)),
        "seconds": seconds,
        "rows": rows,
        "machine": machine(),
        "note": "The clients run on the same cores.",
    }


def _numbers(given: str) -> list[int]:
    if not all(part.isdigit() and int(part) > 0 for part in given.split(",")):
        raise argparse.ArgumentTypeError("give whole numbers from 1 on, with commas between them")
    return [int(part) for part in given.split(",")]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.load", description="Measure many visitors at once.")
    parser.add_argument("--visitors", type=_numbers, default=[1, 2, 4, 8, 16], metavar="N,N,...", help="(default: 1,2,4,8,16)")
    parser.add_argument("--places", type=int, default=8, help="places of the program (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=30.0, help="measured after the warm-up (default: %(default)s)")
    parser.add_argument("--out", type=Path, help="also write the JSON here")
    options = parser.parse_args()
    if shutil.which("flite") is None:
        print("The load cannot be made here: flite (synthetic speech) is not installed.", file=sys.stderr)
        return 2
    tell(report(options.visitors, options.places, options.seconds), options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
