"""Measure the live page: `python -m tests.browser.measure_live --seconds 60 --out assets/reports/live.json`.

A benchmark, not a test: the real program and a real browser on one machine, with files as camera and microphone.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from statistics import median

from tests.browser import harness, media

SAMPLE_EVERY_S = 2.0
# The first seconds load what is loaded at first use; the page's own figures cover its last 100 updates.
WARM_UP_S = 15.0
# Memory is said to grow by what the last minute has over the third; before that it fills what is kept of a conversation.
SETTLED_S = 120.0
MINUTE = round(60 / SAMPLE_EVERY_S)
FIGURES = """() => Object.fromEntries([...document.querySelectorAll("[data-figure]")]
  .map((node) => [node.dataset.figure, parseFloat(node.textContent)]))"""


def measure(seconds: float) -> dict:
    """Drive the page for some seconds, all three senses on."""
    from playwright.sync_api import sync_playwright

    samples, memory = [], []
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        devices = {"camera": media.camera(folder, with_face=60, without=0), "microphone": media.microphone(folder, quiet=4)}
        with harness.running_app(folder) as server:
            flags = [*harness.device_flags(**devices), harness.ALLOW_DEVICES]
            browser = playwright.chromium.launch(executable_path=harness.chromium(), args=flags)
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(server.address)
            page.check("[data-part=consent]")
            page.click("[data-part=start]")
            page.wait_for_selector("[data-live][data-phase=running]")
            time.sleep(WARM_UP_S)
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                page.wait_for_timeout(1000 * SAMPLE_EVERY_S)
                samples.append(page.evaluate(FIGURES))
                memory.append(server.resident_mb())
            recogniser = page.inner_text("[data-part=recogniser]")
            browser.close()
            start_s = server.start_s

    def middle(figure: str) -> float | None:
        values = [sample[figure] for sample in samples if sample.get(figure) is not None]
        return round(median(values), 1) if values else None

    def most(figure: str) -> float:
        return max(sample[figure] for sample in samples)

    return {
        "command": f"python -m tests.browser.measure_live --seconds {seconds:g}",
        "date": date.today().isoformat(),
        "seconds": seconds,
        "start_s": round(start_s, 1),
        "face_updates_per_second": {"median": middle("rate"), "lowest": min(sample["rate"] for sample in samples)},
        "capture_to_screen_ms": {"median": middle("median"), "p95": middle("p95"), "worst_p95": most("p95")},
        "stage_ms": {name: middle(name) for name in ("decode", "face", "speech", "voice", "recogniser", "words", "fusion")},
        "frames_dropped": most("dropped"),
        "sound_lost_s": most("lost"),
        "resident_mb": {part: round(max(sample[part] for sample in memory)) for part in ("server", "helpers")},
        "memory_growth": growth([sum(sample.values()) for sample in memory]),
        "recogniser": recogniser,
        "machine": {"cores": os.cpu_count(), "load": [round(x, 1) for x in os.getloadavg()], "python": platform.python_version()},
        "note": "The browser draws in software on the same cores. The page's figures cover its last 100 updates; sampled every 2 s.",
    }


def growth(resident_mb: list[float]) -> float | None:
    """How much more memory there is in the last minute than in the third one, as a share; None of less than four minutes."""
    settled = resident_mb[round(SETTLED_S / SAMPLE_EVERY_S) :]
    if len(settled) < 2 * MINUTE:
        return None
    return round(median(settled[-MINUTE:]) / median(settled[:MINUTE]) - 1, 4)


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure the live page with a real browser.")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--out", type=Path, help="also write the JSON here")
    options = parser.parse_args()
    lack = harness.missing()
    if lack:
        print(f"The page cannot be measured here: {lack}.", file=sys.stderr)
        return 2
    report = json.dumps(measure(options.seconds), indent=1)
    print(report)
    if options.out:
        options.out.write_text(report + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
