"""Our recogniser: openai-whisper's tiny.en with the context of the recording; it says nothing where it is not confident."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import numpy as np

from comp_core.senses.speech.recognition import load_recogniser
from tools.peers.network import one_thread
from tools.peers.serving import Answer, Request, serve

VERSIONS = {name: version(name) for name in ("openai-whisper", "torch")}


class Ours:
    """Answers with what it understands."""

    versions = VERSIONS

    def __init__(self) -> None:
        self._recogniser = load_recogniser()

    def read(self, request: Request) -> Any:
        return np.frombuffer(request.sound.read_bytes(), np.int16).astype(np.float32) / 32768

    def update(self, given: Any) -> Answer:
        text = self._recogniser.transcribe(given).text
        return Answer(bool(text), text or None)


if __name__ == "__main__":
    one_thread()
    serve(Ours)
