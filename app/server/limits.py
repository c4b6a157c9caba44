"""Requests that are too large are turned away before they are read into memory."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class RequestLimit:
    """ASGI middleware that bounds the body of requests to paths with a given ending.

    Args:
        app: what handles the requests that pass.
        limits: ending of the path -> bytes.
    """

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]], limits: dict[str, int]) -> None:
        self._app, self._limits = app, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        limit = self._limit(scope)
        if limit is None:
            return await self._app(scope, receive, send)
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > limit:
            return await _refuse(send, limit)
        received = 0

        async def counted() -> MutableMapping[str, Any]:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            # Without a declared length the body is cut off where it grows too large; what is left is not valid JSON or form data.
            return message if received <= limit else {"type": "http.disconnect"}

        await self._app(scope, counted, send)

    def _limit(self, scope: Scope) -> int | None:
        if scope["type"] != "http" or scope["method"] != "POST":
            return None
        path = scope["path"].rstrip("/")
        return next((limit for ending, limit in self._limits.items() if path.endswith(ending)), None)


async def _refuse(send: Send, limit: int) -> None:
    body = json.dumps({"detail": f"The request is larger than {limit // 1_000_000} MB."}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
