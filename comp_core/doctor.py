"""`python -m comp_core doctor`: what is here, what is not, and what to do about it."""

from __future__ import annotations

import importlib.util
import os
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from comp_core.checkpoint import WEIGHTS_DIR, CheckpointError

PACKAGES = ("torch", "gradio", "mediapipe", "opencv-python", "numpy", "av", "silero-vad", "safetensors", "tokenizers", "sounddevice")
CAMERAS = 4  # numbers tried


@dataclass(frozen=True)
class Finding:
    """One line of the report. ``advice`` is empty when nothing needs to be done; ``needed`` is False for what the demo can do without."""

    what: str
    state: str
    advice: str = ""
    needed: bool = True


def examine(weights: Path = WEIGHTS_DIR) -> Iterator[Finding]:
    """Look at everything, one finding after the other."""
    yield from _python()
    yield from _packages()
    for check in (_device, lambda: _weights(weights), _recogniser, _camera, _microphone):
        yield check()


def main() -> int:
    """Print the findings; 1 if the demo lacks something that it needs."""
    lacking = False
    for finding in examine():
        lacking |= bool(finding.advice) and finding.needed
        print(f"{finding.what:<20} {finding.state}")
        if finding.advice:
            print(f"{'':<20} -> {finding.advice}")
    return int(lacking)


def _python() -> Iterator[Finding]:
    good = (3, 11) <= sys.version_info[:2] <= (3, 13)
    advice = "" if good else "use Python 3.11, 3.12 or 3.13: the packages have no builds for older ones."
    yield Finding("Python", platform.python_version(), advice)


def _packages() -> Iterator[Finding]:
    for name in PACKAGES:
        try:
            yield Finding(name, version(name))
        except PackageNotFoundError:
            yield Finding(name, "missing", "pip install -r requirements.txt")


def _guarded(what: str, look: Callable[[], Finding]) -> Finding:
    """A library that is there but cannot load (a system library is missing, say) is a finding, not a crash."""
    try:
        return look()
    except Exception as error:
        return Finding(what, f"failed: {error}", "pip install -r requirements.txt, and see the message.")


def _device() -> Finding:
    def look() -> Finding:
        import torch

        if torch.cuda.is_available():
            return Finding("device", f"CUDA: {torch.cuda.get_device_name(0)}")
        return Finding("device", f"CPU, {os.cpu_count()} cores (no CUDA; the demo does not need it)")

    return _guarded("device", look)


def _weights(weights: Path) -> Finding:
    from comp_core.modeling.kinds import CONFIGS
    from comp_core.predictor import Predictor

    try:
        Predictor.load(list(CONFIGS), weights=weights, device="cpu")
    except CheckpointError as error:
        return Finding("weights", "unusable", str(error))
    size = sum(path.stat().st_size for path in weights.iterdir()) / 2**20
    return Finding("weights", f"complete, {size:.1f} MB")


def _recogniser() -> Finding:
    """Whether words are recognised without network, and which other models have been downloaded."""
    from comp_core.senses import whisper_tiny as tiny

    what = "recogniser"
    if importlib.util.find_spec("whisper") is None:
        return Finding(what, "missing", "pip install openai-whisper; without it words must be typed.", needed=False)
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "whisper"
    others = ", ".join(sorted(path.stem for path in cache.glob("*.pt")))
    downloaded = f"; downloaded: {others}" if others else ""
    try:
        tiny.read_state()
    except tiny.WeightsMissing as error:
        advice = "without them words must be typed, or recognised by another model (--whisper NAME or PATH)."
        return Finding(what, f"Whisper without weights{downloaded}", f"{error}; {advice}", needed=False)
    return Finding(what, f"Whisper {tiny.NAME}, works without network{downloaded}")


def _camera() -> Finding:
    def look() -> Finding:
        import cv2

        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
        for number in range(CAMERAS):
            camera = cv2.VideoCapture(number)
            opened = camera.isOpened()
            camera.release()
            if opened:
                return Finding("camera", f"number {number} opens")
        advice = "the page uses the browser's camera, so a visitor's own will do; else use the sample clips or upload a file."
        return Finding("camera", "none on this computer", advice, needed=False)

    return _guarded("camera", look)


def _microphone() -> Finding:
    advice = "the page uses the browser's microphone, so a visitor's own will do; else type the words or upload a file."
    try:
        import sounddevice

        return Finding("microphone", sounddevice.query_devices(kind="input")["name"])
    except OSError:
        return Finding("microphone", "PortAudio is missing", "install it (Debian: apt install libportaudio2), or: " + advice, needed=False)
    except Exception as error:  # sounddevice's own PortAudioError, or a ValueError where there is no device at all
        return Finding("microphone", f"none on this computer ({error})", advice, needed=False)
