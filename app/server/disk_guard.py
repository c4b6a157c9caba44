"""Uploads and the disk: each address has its share, and a reserve stays free. Who finds no room is told in a sentence.

The live page writes nothing and goes on when the disk is full.
"""

from __future__ import annotations

import errno
import json
import logging
import shutil
from pathlib import Path

from app.server.asgi import UPLOAD, App, Message, Receive, Refused, Scope, Send, address, header, own_path, refuse
from app.server.quota import MOST_BYTES, Quota, Upload
from app.visitors.rates import household

logger = logging.getLogger(__name__)

# Left free whatever is uploaded: others on this computer write too.
SPARE_BYTES = 100_000_000
FULL = "The disk of the computer that runs this page is full. Please try again later; the Live page needs no disk."
MANY = "Too much is being uploaded from your address. Please wait until some of it has arrived."
# How often the disk is looked at while a file arrives.
_LOOK_BYTES = 1_000_000
# What a write says when there is no room: the disk is full, a quota or a limit is reached.
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def no_room(error: OSError) -> bool:
    """Whether something could not be written because the disk is full."""
    return error.errno in _NO_ROOM


class RoomForUploads:
    """ASGI middleware that lets a file in only where there is room for it, counted as it arrives.

    Args:
        app: what handles the requests that pass.
        folder: where uploaded files go.
        most: bytes of one address; less where the disk has little room.
    """

    def __init__(self, app: App, folder: Path, most: int = MOST_BYTES) -> None:
        self._app, self._folder, self._most = app, folder, most
        self._quota = Quota()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or own_path(scope) != UPLOAD:
            return await self._app(scope, receive, send)
        declared = header(scope, b"content-length")
        upload = self._quota.begin(household(address(scope)))
        looked_at, status, answer = 0, 0, bytearray()

        async def counted() -> Message:
            nonlocal looked_at
            message = await receive()
            upload.size += len(message.get("body", b""))
            if upload.size - looked_at >= _LOOK_BYTES:
                looked_at = upload.size
                self._make_room(upload)
            return message

        async def noted(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            answer.extend(message.get("body", b""))
            await send(message)

        paths: list[Path] = []
        try:
            self._make_room(upload, int(declared) if declared.isdigit() else 0)
            await self._app(scope, counted, noted)
            if status == 200:
                paths = [Path(name) for name in json.loads(answer)]
        except Refused as full:
            await refuse(send, full.status, str(full))
        except OSError as error:
            # Others may have filled the disk meanwhile.
            if status or not no_room(error):
                raise
            logger.warning("an upload found no room")
            await refuse(send, 507, FULL)
        finally:
            self._quota.finish(upload, paths)

    def _make_room(self, upload: Upload, more: int = 0) -> None:
        """For what has arrived of it and so many bytes more; its address's oldest files go where there is none.

        Raises:
            Refused: that is not enough.
        """
        # One file may be larger than the share.
        while (before := self._quota.of(upload.address) - upload.size) and before + upload.size + more > self._share():
            if not self._quota.remove_oldest(upload.address):
                raise Refused(429, MANY)
        while self._free() < SPARE_BYTES + more:
            if not self._quota.remove_oldest(upload.address):
                raise Refused(507, FULL)

    def _share(self) -> int:
        """Bytes that one address may have: where there is little room, half of it."""
        return min(self._most, max(0, self._free() + self._quota.held - SPARE_BYTES) // 2)

    def _free(self) -> int:
        there = next(folder for folder in (self._folder, *self._folder.parents) if folder.is_dir())
        return shutil.disk_usage(there).free
