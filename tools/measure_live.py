"""Measure the live page: `python -m tools.measure_live --seconds 60 --out assets/reports/live.json`.

A benchmark, not a test: the real program and a real browser on one machine, with files as camera and microphone. Ctrl+C ends it early;
it then reports on what it has seen.
"""

from __future__ import annotations

import argparse
import json
import re
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from threading import Event
from typing import Any

from comp_core.modeling.registry import KINDS
from comp_core.support.atomic_files import write_whole
from comp_core.support.checkpoint import hashes_of
from comp_core.support.provenance import machine, made_by
from tests.browser import harness, media
from tests.browser.live_page import agree, start_again

SAMPLE_EVERY_S = 2.0
# What has been measured so far is written this often, so that a long run is not lost.
KEEP_EVERY_S = 300.0
# The first seconds load what is loaded at first use; the page's own figures cover its last 100 updates.
WARM_UP_S = 15.0
# Memory is said to grow by what the last minute has over the tenth; before that it fills what is kept of a conversation.
SETTLED_S = 540.0
MINUTE = round(60 / SAMPLE_EVERY_S)
STAGES = ("decode", "face", "speech", "voice", "recogniser", "words", "fusion")
FIGURES = """() => Object.fromEntries([...document.querySelectorAll("[data-figure]")]
  .map((node) => [node.dataset.figure, parseFloat(node.textContent)]).filter(([, value]) => !isNaN(value)))"""
STATE = (
    """() => [document.querySelector("[data-live]").dataset.phase, document.querySelector("[data-live] [data-part=message]").textContent]"""
)


@dataclass
class Run:
    """What has been seen of the page and of the program so far.

    Attributes:
        figures: the page's own, by name.
        memory: MB of the program and of its helpers.
        held: open files and threads of the program.
        said: message of the page, numbers left out -> samples in which it stood there.
        trouble: errors of the page, requests that the program refused, and errors in its log.
        sessions: one lasts half an hour at most; then the next is begun.
    """

    start_s: float
    lasted_s: float = 0.0
    figures: list[dict[str, float]] = field(default_factory=list)
    memory: list[dict[str, float]] = field(default_factory=list)
    held: list[dict[str, int]] = field(default_factory=list)
    said: Counter = field(default_factory=Counter)
    trouble: Counter = field(default_factory=lambda: Counter(page_errors=0, refused_requests=0, logged_errors=0))
    sessions: int = 1
    recogniser: str = ""


def measure(seconds: float, stopped: Event, keep: Callable[[dict], None] = lambda report: None) -> dict:
    """Drive the page for some seconds, or until it is stopped, all three senses on; ``keep`` is given what there is so far."""
    from playwright.sync_api import Error, sync_playwright

    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        devices = {"camera": media.camera(folder, with_face=60, without=0), "microphone": media.microphone(folder, quiet=4)}
        with harness.running_app(folder) as server:
            run = Run(server.start_s)
            flags = [*harness.device_flags(**devices), harness.ALLOW_DEVICES]
            ours = dict.fromkeys(("handle_sigint", "handle_sigterm"), False)  # the figures are read before the browser is closed
            browser = playwright.chromium.launch(executable_path=harness.chromium(), args=flags, **ours)
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.on("pageerror", lambda _: run.trouble.update(["page_errors"]))
            page.on("response", lambda response: run.trouble.update(["refused_requests"] if response.status >= 400 else []))
            page.goto(server.address)
            page.wait_for_selector("[data-live] [data-part=own]")
            agree(page)
            page.click("[data-part=start]")
            page.wait_for_selector("[data-live][data-phase=running]")
            page.wait_for_timeout(1000 * WARM_UP_S)
            begin, due = time.monotonic(), KEEP_EVERY_S
            try:
                while run.lasted_s < seconds and not stopped.is_set():
                    page.wait_for_timeout(1000 * SAMPLE_EVERY_S)
                    sample(run, page, server)
                    run.lasted_s = time.monotonic() - begin
                    if run.lasted_s >= due:
                        due += KEEP_EVERY_S
                        keep(summary(run, seconds))
            except (Error, OSError):
                if not stopped.is_set():  # Ctrl+C reaches the browser and the program, too
                    raise
            with suppress(Error):
                browser.close()
    return summary(run, seconds)


def sample(run: Run, page: Any, server: harness.Server) -> None:
    """Look at the page and the program once; begin another session where one has ended."""
    phase, message = page.evaluate(STATE)
    if message:
        run.said[re.sub(r"[\d.]*\d", "N", message)] += 1
    if phase == "stopped":
        start_again(page)
        run.sessions += 1
        return
    run.figures.append(page.evaluate(FIGURES))
    run.memory.append(server.resident_mb())
    run.held.append(server.held())
    run.trouble["logged_errors"] = server.logged_errors()
    run.recogniser = page.inner_text("[data-part=recogniser]")


def summary(run: Run, seconds: float) -> dict:
    """The report on what was seen so far."""

    def of(figure: str) -> list[float]:
        return [one[figure] for one in run.figures if figure in one] or [0.0]

    def middle(figure: str) -> float | None:
        return round(median(of(figure)), 1) if any(figure in one for one in run.figures) else None

    return {
        **made_by(f"python -m tools.measure_live --seconds {seconds:g}"),
        "weights": hashes_of(("face", "voice", "words", *KINDS)),
        "seconds": min(seconds, round(run.lasted_s)),
        "start_s": round(run.start_s, 1),
        "face_updates_per_second": {"median": middle("rate"), "lowest": min(of("rate"))},
        "capture_to_screen_ms": {"median": middle("median"), "p95": middle("p95"), "worst_p95": max(of("p95"))},
        "stage_ms": {name: middle(name) for name in STAGES},
        "frames_dropped": max(of("dropped")),
        "sound_lost_s": max(of("lost")),
        "resident_mb": {part: round(max(one[part] for one in run.memory)) for part in ("server", "helpers")} if run.memory else {},
        "memory_growth": growth([sum(one.values()) for one in run.memory]),
        "held": {what: {"first": run.held[0][what], "last": run.held[-1][what]} for what in ("files", "threads")} if run.held else {},
        "sessions": run.sessions,
        "trouble": dict(run.trouble),
        "said": dict(run.said),
        "recogniser": run.recogniser,
        "machine": machine(),
        "note": "The browser draws in software on the same cores. The page's figures cover its last 100 updates; sampled every 2 s.",
    }


def growth(resident_mb: list[float]) -> float | None:
    """How much more memory there is in the last minute than in the tenth one, as a share; None of less than eleven minutes."""
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
    stopped = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())

    def keep(report: dict) -> None:
        if options.out:
            write_whole(options.out, json.dumps(report, indent=1) + "\n")

    report = measure(options.seconds, stopped, keep)
    print(json.dumps(report, indent=1))
    keep(report)
    return 0


if __name__ == "__main__":
    sys.exit(main())
