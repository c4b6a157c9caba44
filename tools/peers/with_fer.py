"""The package fer at its defaults: OpenCV's Haar cascade and its own network. It runs in an environment of its own."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import cv2
import tensorflow
from fer.fer import FER

from tools.peers.serving import Answer, Request, serve

VERSIONS = {"fer": version("fer"), "tensorflow": tensorflow.__version__, "opencv": cv2.__version__}


class Fer:
    """Names the strongest expression of the largest face."""

    versions = VERSIONS

    def __init__(self) -> None:
        self._detector = FER()

    def read(self, request: Request) -> Any:
        return cv2.imread(str(request.picture))

    def update(self, given: Any) -> Answer:
        faces = self._detector.detect_emotions(given)
        if not faces:
            return Answer(False, None)
        emotions = max(faces, key=lambda face: face["box"][2] * face["box"][3])["emotions"]
        return Answer(True, max(emotions, key=emotions.__getitem__))


if __name__ == "__main__":
    cv2.setNumThreads(1)
    serve(Fer)
