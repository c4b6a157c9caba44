"""faster-whisper with the same weights, in CTranslate2's 8-bit arithmetic; else at its defaults. It runs in an environment of its own.

Its argument is the folder of the model, as CTranslate2 keeps it.
"""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Any

import numpy as np
from faster_whisper import WhisperModel

from tools.peers.serving import Answer, Request, serve

VERSIONS = {name: version(name) for name in ("faster-whisper", "ctranslate2")}


class FasterWhisper:
    """Answers with what it understands."""

    versions = VERSIONS

    def __init__(self, model: str) -> None:
        self._model = WhisperModel(model, device="cpu", compute_type="int8", cpu_threads=1, num_workers=1)

    def read(self, request: Request) -> Any:
        return np.frombuffer(request.sound.read_bytes(), np.int16).astype(np.float32) / 32768

    def update(self, given: Any) -> Answer:
        text = " ".join(segment.text.strip() for segment in self._model.transcribe(given, language="en")[0])
        return Answer(bool(text), text or None)


if __name__ == "__main__":
    serve(lambda: FasterWhisper(sys.argv[1]))
