"""The server side of browser capture: the functions that the live page's script calls.

Such calls go past Gradio's queue, so ownership, sizes and rates are checked here, on every call. Each function takes one JSON
object and returns one; a refusal is `{"error": code, "message": sentence}`, never an exception.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from time import perf_counter
from typing import Any

import gradio as gr

from app.capture import wire
from app.live.inbox import Frame
from app.live.session import LiveSession
from app.live.transcription import Transcriber
from app.live.views import live_view
from app.visitors.queue import Waiting
from app.visitors.refusal import Refused
from app.visitors.visitors import Visitors
from comp_core.senses.reading import PAUSED
from comp_core.senses.speech.vad import SAMPLE_RATE

logger = logging.getLogger(__name__)

# A call that brings a frame waits this long for the snapshot of that very frame. It is shown at once, and where visitors are many, pages
# do not send what nobody would look at.
WAIT_FOR_SNAPSHOT_S = 0.5

Call = Callable[..., dict[str, Any]]


def server_functions(
    visitors: Visitors, transcriber: Transcriber, models: Collection[str], notices: Callable[[], list[str]] = list
) -> list[Call]:
    """The calls of the live page: `open_session`, `exchange`, `control`, `give_out`, `take_along`, `close_session`, `recogniser_status`.

    Args:
        models: names of the fusion models to choose from.
        notices: what a visitor should know of how the program runs, in one sentence each.
    """

    def open_session(data: Any, address: str) -> dict[str, Any]:
        """Begin a session; the answer holds its token, or a ticket that keeps one's place in line."""
        given = visitors.open(wire.fields(data).get("ticket"), address)
        if isinstance(given, Waiting):
            return {"ticket": given.ticket, "before": given.before}
        return {"token": given.token, "recogniser": transcriber.status}

    def exchange(data: Any, address: str) -> dict[str, Any]:
        """Frame and sound in, newest snapshot out."""
        request = wire.fields(data)
        session = visitors.find(request.get("token"), address=address)
        # Where the computer's own devices are read, nothing that a page sends is taken in.
        gone = wire.gone(request.get("gone"))
        if session.local:
            session.local.pause(PAUSED in gone.values())
        captured = None if session.local else _receive(session, request)
        for modality, why in gone.items():
            session.inbox.lose(modality, why)
        snapshot = session.snapshot(captured, WAIT_FOR_SNAPSHOT_S)
        view = live_view(snapshot) if snapshot else None
        local = session.local.view() if session.local else None
        told = {"recogniser": transcriber.status, "ending": visitors.ending(session), "notices": notices()}
        return {"view": view, "local": local, "sent": session.followers.told, **told}

    def control(data: Any, address: str) -> dict[str, Any]:
        """Switch modalities, choose model, language and smoothing, degrade what is captured, type or correct words, remember or forget,
        choose a face and give it a name, note."""
        request = wire.fields(data)
        session = visitors.find(request.get("token"), address=address)
        if "switches" in request:
            for modality, on in wire.switches(request["switches"]).items():
                session.switch(modality, on)
        if "model" in request:
            session.choose(wire.model(request["model"], models))
        if "language" in request:
            session.settings.language = wire.language(request["language"], transcriber.languages)
        if "degradation" in request:
            session.settings.degradation = wire.degradation(request["degradation"])
        if "typed" in request:
            session.inbox.type(wire.text(request["typed"]))
        if "corrected" in request:
            session.inbox.correct(*wire.correction(request["corrected"]))
        if "face" in request:
            session.looking.people.choose(wire.face(request["face"]))
        if "called" in request:
            session.looking.people.call(*wire.called(request["called"]))
        if "smoothing" in request:
            session.settings.smoothing = wire.smoothing(request["smoothing"])
        if "memory" in request:
            session.remember(wire.yes(request["memory"], "memory"))
        if request.get("forget") is True:
            session.forget()
        if "note" in request:
            session.note(wire.text(request["note"])[: wire.NOTE_LENGTH])
        return {"done": True}

    def give_out(data: Any, address: str) -> dict[str, Any]:
        """Let programs follow the session by the `key` that is answered, or none any more."""
        request = wire.fields(data)
        followers = visitors.find(request.get("token"), costly=True, address=address).followers
        return {"key": followers.allow() if wire.yes(request.get("on"), "on") else followers.forbid()}

    def take_along(data: Any, address: str) -> dict[str, Any]:
        """The session's record as files; nothing of it is kept elsewhere."""
        return {"files": visitors.find(wire.fields(data).get("token"), costly=True, address=address).record.files()}

    def close_session(data: Any, address: str) -> dict[str, Any]:
        """End the session, and all that was known of it is gone; or leave the line."""
        request = wire.fields(data)
        visitors.close(request.get("token"))
        visitors.close(request.get("ticket"))
        return {"done": True}

    def recogniser_status(data: Any, address: str) -> dict[str, Any]:
        """For the page before a session begins."""
        visitors.addresses.spend(address)
        return {"recogniser": transcriber.status, "languages": dict(transcriber.languages)}

    return [_answering(call) for call in (open_session, exchange, control, give_out, take_along, close_session, recogniser_status)]


def _receive(session: LiveSession, request: Mapping[str, Any]) -> float | None:
    """Take in what one exchange brings; returns when its frame was captured, if there is one."""
    begin = perf_counter()
    picture = wire.picture(request.get("jpeg"))
    decode_ms = 1000 * (perf_counter() - begin)
    samples = wire.samples(request.get("pcm"))
    if samples is not None:
        # The page sends sound again when an answer was lost; what has been received before is left out.
        first = int(wire.number(request.get("first"), "first"))
        inbox = session.inbox
        received, inbox.samples_received = inbox.samples_received, max(inbox.samples_received, first + len(samples))
        if received and first > received:
            inbox.miss((first - received) / SAMPLE_RATE)
        samples = samples[max(0, received - first) :]
    frame = None
    if picture is not None:
        frame = Frame(picture, wire.number(request.get("captured"), "captured"))
        session.latencies.add("decode", decode_ms)
    session.inbox.put(frame, samples)
    return frame.captured if frame else None


def _answering(call: Callable[[Any, str], dict[str, Any]]) -> Call:
    # Gradio fills in the request where there is one.
    def answer(data: Any, request: gr.Request | None = None) -> dict[str, Any]:
        try:
            return call(data, request.client.host if request and request.client else "")
        except Refused as refusal:
            return {"error": refusal.code, "message": str(refusal)}
        except Exception:
            logger.exception("the call %s failed", call.__name__)
            return {"error": "failed", "message": "Something went wrong on the server. Press Start to try again."}

    answer.__name__ = call.__name__
    answer.__doc__ = call.__doc__
    return answer
