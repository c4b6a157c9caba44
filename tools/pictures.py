"""Pictures of the real page in each of its states: `python -m tools.pictures --out FOLDER`.

Two of them, `page.png` and `switch.gif`, are those of the README and lie in assets/pictures.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

from tests.browser import harness, media
from tests.browser.live_page import start, text, wait_for

GIF_WIDTH = 800
GIF_EVERY_MS = 400
# What is filmed, in pictures: before the switch, after it, after it is back.
BEFORE, OFF, BACK = 3, 5, 3
# The colours of the modalities, which a palette made of a photograph would lose.
SWATCHES = ("#0072b2", "#d97900", "#009e73", "#1f4e79")
LIMIT_MS = 120_000


def gate(page: Any) -> None:
    """Before consent."""


def running(page: Any) -> None:
    start(page)
    wait_for(page, audio="present", text="present", video="present")
    page.wait_for_timeout(700)


def one_off(page: Any) -> None:
    running(page)
    page.click("[data-switch=text]")
    wait_for(page, text="off")


def all_off(page: Any) -> None:
    running(page)
    for node in page.locator("[data-live] [data-switch]").all():
        node.click()
    wait_for(page, audio="off", text="off", video="off")


def silence(page: Any) -> None:
    start(page)
    wait_for(page, audio="present")
    wait_for(page, audio="absent: silence", text="absent: no words", video="present")


def degraded(page: Any) -> None:
    start(page)
    wait_for(page, video="present")
    page.get_by_text("Degrade the input, and see what survives").click()
    page.locator("[data-degrade=darkness]").fill("0.8")
    page.locator("[data-degrade=blur]").fill("0.4")
    page.locator("[data-degrade=noise_db]").fill("0")
    page.wait_for_timeout(3000)


def conflict(page: Any) -> None:
    start(page)
    wait_for(page, video="present")
    page.fill("[data-part=typed]", "I am furious. I hate this, you liar!")
    page.click("[data-part=type] button[type=submit]")
    page.wait_for_function("document.querySelector('[data-part=basis]').textContent.includes('conflict')")


def not_sure(page: Any) -> None:
    start(page)
    # The face of the portrait leaves no doubt, this irony does.
    for modality in ("audio", "video"):
        page.click(f"[data-switch={modality}]")
    page.fill("[data-part=typed]", "Thanks a lot for the delay.")
    page.click("[data-part=type] button[type=submit]")
    page.wait_for_selector("[data-fused][data-kind=unsure]")


def stopped(page: Any) -> None:
    running(page)
    page.click("[data-part=stop]")
    page.wait_for_selector("[data-file=csv]:enabled")


def denied(page: Any) -> None:
    start(page)
    page.wait_for_selector("[data-part=message]:visible")


def no_microphone(page: Any) -> None:
    page.evaluate("""() => {
      const working = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      const refused = () => Promise.reject(new DOMException("no", "NotFoundError"));
      navigator.mediaDevices.getUserMedia = (wanted) => (wanted.audio ? refused() : working(wanted));
      navigator.mediaDevices.enumerateDevices = async () => [{ kind: "videoinput" }];
    }""")
    start(page)
    wait_for(page, video="present")


STATES: dict[str, Callable[[Any], None]] = {
    one.__name__: one for one in (gate, running, one_off, all_off, silence, degraded, conflict, not_sure, stopped, denied, no_microphone)
}
WIDE, PHONE = (1280, 900), (390, 844)
# State, viewport, scheme.
SHOTS = [(state, WIDE, "light") for state in STATES] + [(s, size, scheme) for s in ("gate", "running") for size, scheme in
         ((WIDE, "dark"), (PHONE, "light"), (PHONE, "dark"))]  # fmt: skip


def film(page: Any) -> list[Image.Image]:
    """The page while the face is switched off and on again: its place is taken by what the words let expect."""
    wait_for(page, audio="absent: silence", text="absent: no words", video="present")
    page.fill("[data-part=typed]", "What a wonderful day!")
    page.click("[data-part=type] button[type=submit]")
    wait_for(page, text="present", video="present")
    pictures = []
    for number in range(BEFORE + OFF + BACK):
        if number in (BEFORE, BEFORE + OFF):
            page.click("[data-switch=video]")
        shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        pictures.append(shot.resize((GIF_WIDTH, round(shot.height * GIF_WIDTH / shot.width)), Image.Resampling.LANCZOS))
        page.wait_for_timeout(GIF_EVERY_MS)
    return pictures


def save_film(pictures: list[Image.Image], path: Path) -> None:
    """All pictures in one palette, so that nothing shimmers."""
    height = pictures[0].height
    joint = Image.new("RGB", (GIF_WIDTH, 2 * height))
    for place, picture in enumerate((pictures[0], pictures[BEFORE + 1])):
        joint.paste(picture, (0, place * height))
    for i, colour in enumerate(SWATCHES):
        joint.paste(colour, (0, i * 40, GIF_WIDTH, (i + 1) * 40))
    palette = joint.quantize(256, dither=Image.Dither.NONE)
    drawn = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
    drawn[0].save(path, save_all=True, append_images=drawn[1:], duration=2 * GIF_EVERY_MS, loop=0, optimize=True)


def main() -> int:
    parser = argparse.ArgumentParser(description="Pictures of the page in each of its states.")
    parser.add_argument("--out", type=Path, required=True, help="folder of the pictures")
    parser.add_argument("--readme", action="store_true", help="only the two pictures of the documents")
    options = parser.parse_args()
    if lack := harness.missing():
        print(f"No pictures can be taken here: {lack}.", file=sys.stderr)
        return 2
    from playwright.sync_api import sync_playwright

    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright, harness.running_app(Path(name)) as server:
        folder = Path(name)
        flags = harness.device_flags(media.camera(folder, with_face=60, without=0), media.microphone(folder))
        chromium = playwright.chromium
        allowing = chromium.launch(executable_path=harness.chromium(), args=[*flags, harness.ALLOW_DEVICES])
        refusing = chromium.launch(executable_path=harness.chromium(), args=flags)

        def opened(browser: Any, size: tuple[int, int], scheme: str) -> Any:
            page = browser.new_page(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
            page.set_default_timeout(LIMIT_MS)
            page.goto(server.address)
            page.wait_for_selector("[data-live] [data-part=own]")
            return page

        page = opened(allowing, (1200, 980), "light")
        running(page)
        page.screenshot(path=options.out / "page.png")
        save_film(film(page), options.out / "switch.gif")
        page.close()
        for state, size, scheme in [] if options.readme else SHOTS:
            page = opened(refusing if state == "denied" else allowing, size, scheme)
            STATES[state](page)
            page.screenshot(path=options.out / f"{state}-{size[0]}-{scheme}.png", full_page=True)
            print(f"{state} at {size[0]}, {scheme}: {text(page, 'headline')}")
            page.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
