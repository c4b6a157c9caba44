"""How many requests of one network address are answered at a time: each holds a connection, some a file, some look again and again."""

from __future__ import annotations

from collections import Counter

from app.server.asgi import API, UPLOAD, App, Receive, Scope, Send, address, own_path, refuse
from app.visitors.rates import household

# A school behind one router: a page holds a stream and asks for a few things beside it.
MOST = 2_000
# A class that uploads a clip each.
MOST_OF_PATH = {UPLOAD: 40, f"{API}/upload_progress": 40}
_MANY = "Too many requests of your network are being answered. Please try again in a moment."


class AtOnce:
    """ASGI middleware that counts what is being answered, for each network address."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._answered: Counter[tuple[str, str]] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        home, path = household(address(scope)), own_path(scope)
        bounds = {(home, ""): MOST} | ({(home, path): MOST_OF_PATH[path]} if path in MOST_OF_PATH else {})
        if any(self._answered[one] >= most for one, most in bounds.items()):
            if scope["type"] == "websocket":
                return await send({"type": "websocket.close", "code": 1013, "reason": _MANY})
            return await refuse(send, 429, _MANY)
        self._answered.update(bounds.keys())
        try:
            await self._app(scope, receive, send)
        finally:
            self._answered.subtract(bounds.keys())
            for one in bounds:
                if not self._answered[one]:
                    del self._answered[one]
