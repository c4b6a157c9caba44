"""Uploads when the disk is full: refused before anything is written, in a sentence. The live page writes nothing and goes on."""

from __future__ import annotations

import errno
import logging
import shutil
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from starlette.responses import PlainTextResponse

from app.server.limits import Receive, Scope, Send

logger = logging.getLogger(__name__)

# Left free whatever is uploaded: others on this computer write too.
SPARE_BYTES = 100_000_000
FULL = "The disk of the computer that runs this page is full. Please try again later; the Live page needs no disk."
# What a write says when there is no room: the disk is full, a quota or a limit is reached.
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def no_room(error: OSError) -> bool:
    """Whether something could not be written because the disk is full."""
    return error.errno in _NO_ROOM


class RoomForUploads:
    """ASGI middleware that lets a file in only where there is room for it.

    Args:
        app: what handles the requests that pass.
        folder: where uploaded files go.
    """

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]], folder: Path) -> None:
        self._app, self._folder = app, folder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].rstrip("/").endswith("/upload"):
            return await self._app(scope, receive, send)
        full = PlainTextResponse(FULL, 507)
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if self._free() < SPARE_BYTES + (int(declared) if declared.isdigit() else 0):
            return await full(scope, receive, send)
        answered = False

        async def noted(message: MutableMapping[str, Any]) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except OSError as error:
            # Others may have filled the disk meanwhile.
            if answered or not no_room(error):
                raise
            logger.warning("an upload found no room")
            await full(scope, receive, send)

    def _free(self) -> int:
        there = next(folder for folder in (self._folder, *self._folder.parents) if folder.is_dir())
        return shutil.disk_usage(there).free
