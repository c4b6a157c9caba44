"""The server side of browser capture: the functions that the live page's script calls.

Such calls go past Gradio's queue, so ownership, sizes and rates are checked here, on every call (see `app.server.calls`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from time import perf_counter
from typing import Any

from app.capture import wire
from app.capture.lessons import teach
from app.checked import checked
from app.live.inbox import Frame
from app.live.session import LiveSession
from app.live.transcription import Transcriber
from app.live.views import live_view
from app.server.calls import Call, answering
from app.visitors.queue import Waiting
from app.visitors.visitors import Visitors
from comp_core.senses.reading import PAUSED
from comp_core.senses.speech.vad import SAMPLE_RATE

# A call that brings a frame waits this long for the snapshot of that very frame. It is shown at once, and where visitors are many, pages
# do not send what nobody would look at.
WAIT_FOR_SNAPSHOT_S = 0.5


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
        given = visitors.open(checked(wire.ENTRANCE, data).get("ticket"), address)
        if isinstance(given, Waiting):
            return {"ticket": given.ticket, "before": given.before}
        return {"token": given.token, "recogniser": transcriber.status}

    def exchange(data: Any, address: str) -> dict[str, Any]:
        """Frame and sound in, newest snapshot out."""
        session = visitors.find(wire.fields(data).get("token"), address=address)
        # Where the computer's own devices are read, nothing that a page sends is taken in.
        request = checked(wire.LOOKING if session.local else wire.MEDIA, data)
        gone = request.get("gone") or {}
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
        choose a face and give it a name, note, teach."""
        session = visitors.find(wire.fields(data).get("token"), address=address)
        request = checked(wire.CONTROL, data)
        if "switches" in request:
            for modality, on in request["switches"].items():
                session.switch(modality, on)
        if "model" in request:
            session.choose(wire.model(request["model"], models))
        if "language" in request:
            session.settings.language = wire.language(request["language"], transcriber.languages)
        if "degradation" in request:
            session.settings.degradation = wire.degradation(request["degradation"])
        if "typed" in request:
            session.inbox.type(request["typed"])
        if "corrected" in request:
            session.inbox.correct(request["corrected"]["utterance"], request["corrected"]["text"])
        if "face" in request:
            session.looking.people.choose(request["face"])
        if "called" in request:
            session.looking.people.call(request["called"]["face"], request["called"]["name"])
        if "smoothing" in request:
            session.settings.smoothing = request["smoothing"]
        if "memory" in request:
            session.remember(request["memory"])
        if request.get("forget"):
            session.forget()
        if "lesson" in request:
            teach(session.lesson, request["lesson"])
            session.inbox.wake()
        if "note" in request:
            session.note(request["note"])
        return {"done": True}

    def give_out(data: Any, address: str) -> dict[str, Any]:
        """Let programs follow the session by the `key` that is answered, or none any more."""
        followers = visitors.find(wire.fields(data).get("token"), costly=True, address=address).followers
        return {"key": followers.allow() if checked(wire.GIVING, data)["on"] else followers.forbid()}

    def take_along(data: Any, address: str) -> dict[str, Any]:
        """The session's record as files; nothing of it is kept elsewhere."""
        return {"files": visitors.find(wire.fields(data).get("token"), costly=True, address=address).record.files()}

    def close_session(data: Any, address: str) -> dict[str, Any]:
        """End the session, and all that was known of it is gone; or leave the line."""
        request = checked(wire.LEAVING, data)
        visitors.close(request.get("token"))
        visitors.close(request.get("ticket"))
        return {"done": True}

    def recogniser_status(data: Any, address: str) -> dict[str, Any]:
        """For the page before a session begins."""
        visitors.addresses.spend(address)
        return {"recogniser": transcriber.status, "languages": dict(transcriber.languages)}

    again = "Press Start to try again."
    return [answering(call, again) for call in (open_session, exchange, control, give_out, take_along, close_session, recogniser_status)]


def _receive(session: LiveSession, request: Mapping[str, Any]) -> float | None:
    """Take in what one exchange brings; returns when its frame was captured, if there is one."""
    begin = perf_counter()
    picture = wire.picture(request.get("jpeg"))
    decode_ms = 1000 * (perf_counter() - begin)
    samples = wire.samples(request.get("pcm"))
    if samples is not None:
        # The page sends sound again when an answer was lost; what has been received before is left out.
        first = int(request["first"])
        inbox = session.inbox
        received, inbox.samples_received = inbox.samples_received, max(inbox.samples_received, first + len(samples))
        if received and first > received:
            inbox.miss((first - received) / SAMPLE_RATE)
        samples = samples[max(0, received - first) :]
    frame = None
    if picture is not None:
        frame = Frame(picture, request["captured"])
        session.latencies.add("decode", decode_ms)
    session.inbox.put(frame, samples)
    return frame.captured if frame else None
