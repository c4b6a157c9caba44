"""Whose pages may ask: this program's own. A page from elsewhere that a visitor has open reaches neither camera nor calls.

A browser says in `Origin` and `Sec-Fetch-Site` which page asks, and in `Host` by which name it found the program. A name that an attacker
has pointed at this computer (DNS rebinding) makes the attacker's page look like our own, so on a loopback address only its own names
count. Programs send neither `Origin` nor `Sec-Fetch-Site`, and pass. So does whoever has the key of what it asks for: no page has that by
being open in a browser.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Callable
from urllib.parse import urlsplit

from app.server.asgi import App, Receive, Scope, Send, header, own_path, refuse

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_REFUSED = "A page of another address may not ask this program."


def is_loopback(host: str) -> bool:
    """Whether only this computer reaches a server that listens there."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def in_space() -> bool:
    """Whether this is a Space of Hugging Face, which lies behind the host's proxy."""
    return os.environ.get("SYSTEM") == "spaces"


def names_of_space() -> list[str]:
    """The public names of that Space; none elsewhere."""
    return [name.strip().lower() for name in os.environ.get("SPACE_HOST", "").split(",") if name.strip()]


class OwnPages:
    """ASGI middleware that refuses what other pages ask.

    Args:
        app: what handles the requests that pass.
        host: where the program listens.
        names: further names of this program; its starter adds a public address when there is one.
        behind_proxy: whether a proxy says in `X-Forwarded-Host` by which name it was asked.
        invited: whether a request brings the key of what it asks for.
    """

    def __init__(
        self, app: App, host: str, names: set[str], behind_proxy: bool = False, invited: Callable[[Scope], bool] = lambda scope: False
    ) -> None:
        self._app, self._loopback, self._behind_proxy = app, is_loopback(host), behind_proxy
        self._names, self._invited = names, invited

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        why = self._why_not(scope) if scope["type"] in ("http", "websocket") and not self._invited(scope) else ""
        if not why:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": why})
        else:
            await refuse(send, 403, why)

    def _why_not(self, scope: Scope) -> str:
        host, origin = header(scope, b"host"), header(scope, b"origin")
        if self._loopback and _name(f"//{host}") not in _LOOPBACK_NAMES | self._names:
            return "This program does not answer to that name. Whoever started it can allow it with --allow-host NAME."
        if origin:
            return "" if self._is_own(origin, scope) else _REFUSED
        site = header(scope, b"sec-fetch-site")
        return "" if site in ("", "none", "same-origin") or _opens_page(scope) else _REFUSED

    def _is_own(self, origin: str, scope: Scope) -> bool:
        asked = [header(scope, b"host")]
        if self._behind_proxy:
            asked.append(header(scope, b"x-forwarded-host"))
        _, _, asking = origin.lower().partition("://")
        return (asking != "" and asking in map(str.lower, asked)) or _name(origin) in self._names


def _opens_page(scope: Scope) -> bool:
    """Whether the page itself is opened by a link, or shown in a frame: who may frame it, its headers say."""
    is_page = scope["type"] == "http" and scope["method"] in ("GET", "HEAD") and own_path(scope) == ""
    return is_page and header(scope, b"sec-fetch-mode") == "navigate"


def _name(address: str) -> str:
    """The host of an address, in lower case and without port; "" if it has none."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""
