"""What the middlewares of this folder share: the types of ASGI, the path that is asked for, and an answer of one sentence."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

API = "/gradio_api"
UPLOAD = f"{API}/upload"
# Of a session or an upload, chosen by the page; Gradio keeps it.
NAME = re.compile(r"[\w-]{1,64}", re.ASCII)


def own_path(scope: Scope) -> str:
    """The path from the page's root on, without a slash at its end: Gradio has each of its paths twice."""
    path, root = scope["path"], scope.get("root_path", "").rstrip("/")
    if root and f"{path}/".startswith(f"{root}/"):
        path = path.removeprefix(root)
    return path.removesuffix("/")


def header(scope: Scope, name: bytes) -> str:
    """The first header of this name, in lower case; "" if there is none."""
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


def asked(scope: Scope, name: str) -> list[str]:
    """The values that the query gives for a name."""
    return parse_qs(scope["query_string"].decode("latin-1")).get(name, [])


def address(scope: Scope) -> str:
    """Where the request comes from."""
    client = scope.get("client")
    return client[0] if client else ""


class Refused(Exception):
    """Why a request is refused, in a sentence; `status` is that of the answer."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


async def refuse(send: Send, status: int, sentence: str) -> None:
    """Answer with a sentence, and end the connection: what is left of the request is not read."""
    body = sentence.encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
