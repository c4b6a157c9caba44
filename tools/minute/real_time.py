"""The live session as it runs on the server, with its loop and its recogniser in threads of their own, fed as fast as a page feeds it."""

from __future__ import annotations

import base64
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.capture import wire
from app.live.context import LiveContext
from app.live.inbox import Frame
from app.live.people import MOST_FACES
from app.live.session import LiveSession
from app.live.snapshot import Snapshot
from app.live.transcription import Transcriber
from comp_core.predictor import Predictor
from comp_core.senses.face.locator import FaceLocator, LookAround
from comp_core.senses.speech.utterances import Segmenter
from tests.support.minute import SECONDS, Moment
from tools.minute.scenes import Minute, Spoken

# As the page sends; the loop is asked for news more often than it has some.
RATE, POLL_S = 10, 0.02
# Words of the last utterance may still be on their way.
AFTER_S = 5.0


@dataclass(frozen=True)
class Timed:
    """One minute.

    Attributes:
        updates: pictures that were read, of each second.
        delays: seconds from the end of what was said until its words were shown as they stay; None where none came.
    """

    updates: float
    delays: tuple[float | None, ...]


def timed(minute: Minute, predictor: Predictor, recogniser: Any) -> Timed:
    """Replay a minute in a minute."""
    transcriber = Transcriber(lambda note: recogniser).start()
    while transcriber.status["state"] == "loading":
        time.sleep(POLL_S)
    sent = [_sent(one) for one in minute.moments(RATE)]
    locator = FaceLocator(tracking=True, around=LookAround(MOST_FACES))
    session = LiveSession("token", LiveContext(predictor, transcriber), locator, Segmenter())
    begin, seen = time.monotonic(), list[tuple[float, Snapshot]]()
    session.start()
    while (at := time.monotonic() - begin) < SECONDS + AFTER_S:
        while sent and sent[0][0] <= at:
            _, frame, samples = sent.pop(0)
            session.inbox.put(frame, samples)
        snapshot = session.snapshot()
        if snapshot is not None and (not seen or snapshot is not seen[-1][1]):
            seen.append((at, snapshot))
        time.sleep(POLL_S)
    session.close()
    pictures = {snapshot.captured for _, snapshot in seen if snapshot.captured is not None}
    return Timed(len(pictures) / SECONDS, tuple(_delay(one, seen) for one in minute.spoken))


def _sent(moment: Moment) -> tuple[float, Frame, np.ndarray]:
    """When, and what the server makes of what the page sends."""
    jpeg, pcm = (base64.b64encode(part).decode() for part in (moment.jpeg, moment.pcm))
    return moment.at, Frame(wire.picture(jpeg), 1000 * moment.at), wire.samples(pcm)


def _delay(spoken: Spoken, seen: Sequence[tuple[float, Snapshot]]) -> float | None:
    """From its end until the words that stay were first shown; 0 where they were there before."""
    within = [one for one in seen[-1][1].utterances if one.end is not None and one.start < spoken.end and one.end > spoken.start]
    if not within or not within[-1].transcript:
        return None
    text = within[-1].transcript
    shown = next((at for at, snapshot in seen if at > spoken.start and snapshot.words.text == text), None)
    return None if shown is None else max(0.0, shown - spoken.end)


def summary(times: Sequence[Timed]) -> dict[str, Any] | None:
    """Over the minutes that were timed; None where none was."""
    if not times:
        return None
    delays = [delay for one in times for delay in one.delays if delay is not None]
    return {
        "minutes": len(times),
        "face_updates_per_second": {"mean": float(np.mean([one.updates for one in times])), "lowest": min(one.updates for one in times)},
        "words_after_s": {
            "n": len(delays),
            "none_came": sum(delay is None for one in times for delay in one.delays),
            "median": float(np.median(delays)),
            "p95": float(np.quantile(delays, 0.95)),
        },
    }
