"""What Gradio offers on every page and this one does not use is closed: nobody may cut videos here, or have a page's state written down."""

from __future__ import annotations

import re

from starlette.responses import PlainTextResponse

from app.server.asgi import API, NAME, App, Receive, Scope, Send, asked, own_path

# All that pages and programs send: live calls, the queue, uploads, the end of a call or of a session.
_SENT = re.compile(rf"{API}/(component_server|queue/join|upload|cancel|reset|call/(v2/)?\w+)")
# Writes what a page shows into a file, fetches other addresses, reloads the program's own source, keeps or signs in.
_CLOSED = re.compile(
    rf"{API}/(deep_link|proxy=.*|file=\w+:.*|file/\w+:.*|dev/.*|custom_component/.*|run-history/.*|runs)|/(login|logout|monitoring.*)",
    re.DOTALL,
)


class ClosedDoors:
    """ASGI middleware: only what this page uses is there."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        shut = scope["type"] == "http" and not (
            is_open(scope["method"], own_path(scope)) and all(NAME.fullmatch(name) for name in asked(scope, "upload_id"))
        )
        await (PlainTextResponse("There is nothing here.", 404) if shut else self._app)(scope, receive, send)


def is_open(method: str, path: str) -> bool:
    """Whether a request to this path, from the page's root on, is let through."""
    if method == "POST":
        return _SENT.fullmatch(path) is not None
    return method in ("GET", "HEAD", "OPTIONS") and _CLOSED.fullmatch(path) is None
