"""`/stream`: a session's messages as server-sent events, or over a WebSocket, for whoever has the key that its visitor gave out.

Gradio's calls do not come here, so the key is checked on every request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from app.live.followers import MOST
from app.live.message import Message
from app.live.session import LiveSession
from app.server.asgi import Receive, Scope, Send, address, asked, header, own_path, refuse

PATH = "/stream"
# A program that takes nothing for this long has gone without a word.
PATIENCE_S = 10.0
_NO_KEY = "No session is open to this key. Switch on “Let programs follow” on the live page, and use the address that it shows."
_FULL = f"{MOST} programs follow this session already. Close one of them."
_NO_SOCKET = f"WebSockets need a package that is not installed: pip install '.[output]'. Without it, read the events of {PATH}."

Find = Callable[[str], LiveSession | None]


def routes(find: Find) -> list[BaseRoute]:
    """The stream, and the schema of its messages.

    Args:
        find: key -> the session that may be followed with it.
    """
    return [
        Route(f"{PATH}/schema.json", _schema, methods=["GET"]),
        Route(PATH, Stream(find)),
        WebSocketRoute(PATH, Stream(find)),
    ]


def invited(find: Find, scope: Scope) -> bool:
    """Whether a request comes to the stream with the key of a session."""
    return own_path(scope) == PATH and find(_key(scope)) is not None


class Line:
    """A follower at the other end of a connection. While it is slow it gets the newest message only."""

    def __init__(self, told: str) -> None:
        self.told = told
        self._loop, self._changed = asyncio.get_running_loop(), asyncio.Event()
        self._newest: Message | None = None
        self._over = False

    def take(self, message: Message) -> None:
        self._newest = message
        self._wake()

    def end(self) -> None:
        self._over = True
        self._wake()

    async def next(self) -> Message | None:
        """The newest message, once; None at the end."""
        await self._changed.wait()
        self._changed.clear()
        return None if self._over else self._newest

    def _wake(self) -> None:
        with suppress(RuntimeError):  # the program stops
            self._loop.call_soon_threadsafe(self._changed.set)


async def _schema(request: Request) -> Response:
    return JSONResponse(Message.model_json_schema())


class Stream:
    """ASGI application: one session to one follower, until one of them ends it."""

    def __init__(self, find: Find) -> None:
        self._find = find

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        way = _Socket(receive, send) if scope["type"] == "websocket" else _Events(receive, send)
        if header(scope, b"upgrade").lower() == "websocket" and isinstance(way, _Events):
            return await way.refuse(501, _NO_SOCKET)
        key = _key(scope)
        session = self._find(key)
        if session is None:
            return await way.refuse(403, _NO_KEY)
        line = Line(f"{address(scope)} ({way.name})")
        if not session.followers.join(line, key):
            return await way.refuse(429, _FULL)
        try:
            await _send_all(line, way)
        finally:
            session.followers.leave(line)


async def _send_all(line: Line, way: _Events | _Socket) -> None:
    gone = asyncio.ensure_future(way.gone())
    try:
        await way.begin()
        while not gone.done():
            coming = asyncio.ensure_future(line.next())
            await asyncio.wait((coming, gone), return_when=asyncio.FIRST_COMPLETED)
            if not coming.done():
                coming.cancel()
                return
            message = coming.result()
            await asyncio.wait_for(way.write(message), PATIENCE_S)
            if message is None:
                return
    except OSError:
        pass  # gone, or too slow
    finally:
        gone.cancel()


class _Events:
    """Server-sent events: `moment` with a message each, and `end`."""

    name = "events"
    _HEADERS = ((b"content-type", b"text/event-stream"), (b"cache-control", b"no-store"), (b"x-accel-buffering", b"no"))

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send

    async def refuse(self, status: int, sentence: str) -> None:
        await refuse(self._send, status, sentence)

    async def begin(self) -> None:
        await self._send({"type": "http.response.start", "status": 200, "headers": list(self._HEADERS)})

    async def write(self, message: Message | None) -> None:
        event = f"event: moment\ndata: {message.model_dump_json()}\n\n" if message else "event: end\ndata: {}\n\n"
        await self._send({"type": "http.response.body", "body": event.encode(), "more_body": message is not None})

    async def gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass


class _Socket:
    """A WebSocket: a text with a message each. It is closed by whatever comes back: who follows only listens."""

    name = "WebSocket"

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send

    async def refuse(self, status: int, sentence: str) -> None:
        await self._receive()
        await self._send({"type": "websocket.close", "code": 1008, "reason": sentence})

    async def begin(self) -> None:
        await self._send({"type": "websocket.accept"})

    async def write(self, message: Message | None) -> None:
        text = {"type": "websocket.send", "text": message.model_dump_json()} if message else {"type": "websocket.close", "code": 1000}
        await self._send(text)

    async def gone(self) -> None:
        while (await self._receive())["type"] == "websocket.connect":
            pass


def _key(scope: Scope) -> str:
    """As `Authorization: Bearer KEY`, or for browsers, which cannot say that, in the address: `?key=KEY`."""
    told = header(scope, b"authorization")
    if told.startswith("Bearer "):
        return told.removeprefix("Bearer ")
    return next(iter(asked(scope, "key")), "")
