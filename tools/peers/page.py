"""The whole path of the live page, from what the browser sends to what it draws: `python -m tools.peers.page WAY`.

Face, voice, words, ComP with its seven subsets, and the JSON that is drawn. Live, words are recognised in a thread beside the loop; here
they are given, or with `recognised` they are recognised in the update to which they belong.
"""

from __future__ import annotations

import sys
from typing import Any

from comp_core.inference.smoothing import TIME_CONSTANT
from comp_core.predictor import Predictor
from comp_core.senses.speech.recognition import load_recogniser
from tests.support.minute import Moment
from tests.support.replay import Script, Transcribes, Visit
from tools.peers.network import VERSIONS, one_thread
from tools.peers.serving import Answer, Request, serve

# So short that nothing is left of the picture before.
NO_SMOOTHING = 1e-3
_TIME_CONSTANTS = {"smoothed": TIME_CONSTANT, "unsmoothed": NO_SMOOTHING, "recognised": TIME_CONSTANT}


class Page:
    """Names what the page's headline does; "not sure" is one such name."""

    versions = VERSIONS

    def __init__(self, time_constant: float, recogniser: Transcribes) -> None:
        self._visit = Visit(Predictor.load(device="cpu"), recogniser, time_constant)

    def read(self, request: Request) -> Moment:
        return Moment(request.taken, request.at, request.picture.read_bytes(), request.sound.read_bytes())

    def update(self, given: Any) -> Answer:
        view = self._visit.send(given)
        moment = view["moment"]
        return Answer(view["box"] is not None, None if moment["kind"] == "nothing" else moment["headline"])


if __name__ == "__main__":
    one_thread()
    way = sys.argv[1]
    serve(lambda: Page(_TIME_CONSTANTS[way], load_recogniser() if way == "recognised" else Script()))
