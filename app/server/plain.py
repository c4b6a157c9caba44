"""Requests that Gradio's routes stumble over, as those of unknown ids and odd ranges: one line of answer, one line of log.

Our own calls answer their errors themselves, and log them with their places.
"""

from __future__ import annotations

import logging
from contextlib import suppress

from starlette.requests import ClientDisconnect

from app.server.asgi import App, Message, Receive, Scope, Send, refuse
from app.server.log import place

logger = logging.getLogger(__name__)

_UNKNOWN = (404, "There is nothing of that name.")
_ODD = (400, "This request cannot be understood.")
_RANGE = (416, "There is no such part of the file.")


class PlainErrors:
    """ASGI middleware that answers what nothing else answers."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except ClientDisconnect:
            pass  # nobody waits for an answer
        except Exception as error:
            status, sentence = _answer(error, scope)
            logger.warning("a request failed with %d: %s", status, place(error))
            if not begun:
                await refuse(send, status, sentence)
            else:
                # A stream ends here. Where a length was declared this fails, and the server ends the connection.
                with suppress(Exception):
                    await send({"type": "http.response.body", "body": b""})


def _answer(error: Exception, scope: Scope) -> tuple[int, str]:
    """What the one who asked is told."""
    if isinstance(error, OSError):
        return 500, "The computer that runs this page could not read or write a file."
    if any(name == b"range" for name, _ in scope["headers"]):
        return _RANGE
    unknown = isinstance(error, LookupError) or type(error).__name__ == "FnIndexInferError"
    return _UNKNOWN if unknown else _ODD
