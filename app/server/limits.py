"""Requests that are too large or too intricate are turned away before anything is made of them.

A megabyte of `[],[],` takes seconds and gigabytes once it is parsed, a megabyte of text next to nothing. So the marks of a JSON body are
counted in its bytes first, in a thread: other visitors are answered meanwhile.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import ClientDisconnect

from app.server.asgi import NAME, UPLOAD, App, Message, Receive, Refused, Scope, Send, header, own_path, refuse

# Of calls: names, settings and typed words.
CALL_BYTES = 100_000
# Strings, commas and brackets of one request; the largest of the page's own has some 100.
MOST_MARKS = 2_000
MOST_DEPTH = 20
_OPENING, _CLOSING = b"[{", b"]}"
_MARK = re.compile(rb'"[^"]*"?|[][{},:]')


class RequestLimits:
    """ASGI middleware: what is posted is an upload of bounded size, or a bounded JSON object.

    Args:
        app: what handles the requests that pass.
        sizes: path from the page's root on -> bytes, where a body may be larger than that of a call.
        checks: path -> raises `Refused` for an object that is not what is taken there; Gradio would answer without a reason.
    """

    def __init__(self, app: App, sizes: Mapping[str, int], checks: Mapping[str, Callable[[dict[str, Any]], None]]) -> None:
        self._app, self._sizes, self._checks = app, sizes, checks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            return await self._app(scope, receive, send)
        path = own_path(scope)
        limit = self._sizes.get(path, CALL_BYTES)
        take = self._stream if path == UPLOAD else self._object
        try:
            declared = header(scope, b"content-length") or "0"
            if not (declared.isascii() and declared.isdigit()) or int(declared[:20]) > limit:
                raise _too_large(limit)
            await take(limit, scope, receive, send)
        except Refused as refused:
            await refuse(send, refused.status, str(refused))
        except ClientDisconnect:
            pass

    async def _stream(self, limit: int, scope: Scope, receive: Receive, send: Send) -> None:
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise _too_large(limit)
            return message

        await self._app(scope, counted, send)

    async def _object(self, limit: int, scope: Scope, receive: Receive, send: Send) -> None:
        body, more = bytearray(), True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            if len(body) > limit:
                raise _too_large(limit)
            more = message.get("more_body", False)
        whole = bytes(body)
        given_object = await asyncio.to_thread(check_object, whole)
        if check := self._checks.get(own_path(scope)):
            check(given_object)
        given = False

        async def once() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": whole, "more_body": False}

        await self._app(scope, once, send)


def check_object(body: bytes) -> dict[str, Any]:
    """The JSON object that this is, if it is cheap to handle.

    Raises:
        Refused: it has too many parts, is nested too deep, or is something else.
    """
    # Without escaped quotes a string ends at the next quote.
    plain = body.replace(rb"\\", b"").replace(rb"\"", b"")
    depth = 0
    for count, mark in enumerate(_MARK.finditer(plain)):
        kind = plain[mark.start()]
        depth += (kind in _OPENING) - (kind in _CLOSING)
        if count >= MOST_MARKS or depth > MOST_DEPTH:
            raise Refused(413, "The request has too many parts.")
    try:
        # Not the bytes: they might be taken for another encoding, in which other bytes are the marks.
        found = json.loads(body.decode())
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Refused(400, "The request is not a JSON object.")
    session = found.get("session_hash")
    if session is not None and not (isinstance(session, str) and NAME.fullmatch(session)):
        raise Refused(400, "The request's session_hash is no name of a session.")
    return found


def _too_large(limit: int) -> Refused:
    return Refused(413, f"The request is larger than {limit // 1000} kB.")
