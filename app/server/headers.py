"""Headers that tell the browser how little this page needs: no script, picture, font or connection from anywhere else."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from app.server.asgi import App, Receive, Scope, Send, own_path

# The page may be framed by itself and by Hugging Face, whose Spaces are shown in a frame.
_FRAMED_BY = "'self' https://huggingface.co https://*.hf.space"
_PERMISSIONS = ("camera=(self)", "microphone=(self)", "display-capture=()", "geolocation=()", "payment=()", "usb=()")
_FIXED = {
    "permissions-policy": ", ".join(_PERMISSIONS),
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}
_INLINE = re.compile(rb"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)


class SecurityHeaders:
    """ASGI middleware that adds the headers to every response.

    Of inline scripts only those of Gradio's own page may run: they hold the configuration, so they are hashed as they pass.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        # Only the page itself: an inline script in an uploaded document is not ours.
        is_page = own_path(scope) == ""
        start: dict[str, Any] = {}
        body = bytearray()

        async def with_headers(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start" and is_page:
                start.update(message)
            elif message["type"] == "http.response.start":
                await send(_secured(message, []))
            elif is_page:
                body.extend(message.get("body", b""))
                if not message.get("more_body"):
                    await send(_secured(start, _INLINE.findall(body)))
                    await send({"type": "http.response.body", "body": bytes(body)})
            else:
                await send(message)

        await self._app(scope, receive, with_headers)


def content_policy(inline: Iterable[bytes]) -> str:
    """The content security policy of a page whose inline scripts are these."""
    hashes = [f"'sha256-{b64encode(sha256(script).digest()).decode()}'" for script in inline]
    rules = {
        "default-src": "'none'",
        # Gradio compiles the scripts of its HTML components (`Function`), and the microphone's worklet is made in the page (`blob:`).
        "script-src": " ".join(["'self'", "'unsafe-eval'", "blob:", *hashes]),
        # Gradio and its components set styles on elements.
        "style-src": "'self' 'unsafe-inline'",
        # Gradio looks at a chosen file before it is uploaded.
        "img-src": "'self' data: blob:",
        "media-src": "'self' blob:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "manifest-src": "'self'",
        "base-uri": "'self'",
        "form-action": "'self'",
        "frame-ancestors": _FRAMED_BY,
    }
    return "; ".join(f"{name} {sources}" for name, sources in rules.items())


def _secured(start: dict[str, Any], inline: Iterable[bytes]) -> dict[str, Any]:
    headers = {**_FIXED, "content-security-policy": content_policy(inline)}
    return {**start, "headers": [*start["headers"], *((name.encode(), value.encode()) for name, value in headers.items())]}
