"""OpenCV's Haar cascade, as its tutorial calls it, and our face network on the box that it finds: the classic way."""

from __future__ import annotations

from typing import Any

import cv2

from comp_core.senses.face.locator import CROP_SIZE
from tools.peers.network import VERSIONS, Network, one_thread, read_rgb
from tools.peers.serving import Answer, Request, serve


class Haar:
    """Names the best label of the largest face."""

    versions = VERSIONS

    def __init__(self) -> None:
        self._cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
        self._network = Network()

    def read(self, request: Request) -> Any:
        return read_rgb(request)

    def update(self, given: Any) -> Answer:
        grey = cv2.cvtColor(given, cv2.COLOR_RGB2GRAY)
        boxes = self._cascade.detectMultiScale(cv2.equalizeHist(grey))
        if not len(boxes):
            return Answer(False, None)
        x, y, width, height = max(boxes, key=lambda box: box[2] * box[3])
        crop = cv2.resize(grey[y : y + height, x : x + width], (CROP_SIZE, CROP_SIZE), interpolation=cv2.INTER_AREA)
        return Answer(True, self._network.label(crop))


if __name__ == "__main__":
    one_thread()
    serve(Haar)
