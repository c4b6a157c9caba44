"""Our face sense alone: mesh, aligned crop, network; each picture by itself, with no memory but the tracker's."""

from __future__ import annotations

from typing import Any

from comp_core.senses.face.locator import FaceLocator, align
from tools.peers.network import VERSIONS, Network, one_thread, read_rgb
from tools.peers.serving import Answer, Request, serve


class Sense:
    """Names the best label of the face that is followed."""

    versions = VERSIONS

    def __init__(self) -> None:
        self._locator = FaceLocator(tracking=True)
        self._network = Network()

    def read(self, request: Request) -> Any:
        return read_rgb(request)

    def update(self, given: Any) -> Answer:
        face = self._locator.locate(given)
        return Answer(True, self._network.label(align(given, face))) if face else Answer(False, None)


if __name__ == "__main__":
    one_thread()
    serve(Sense)
