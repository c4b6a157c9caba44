"""Where uploaded clips, and what is made of them, lie while they are looked at: one folder, and for how long."""

from __future__ import annotations

import fcntl
import math
import os
import shutil
import stat
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = "live-affect-"
# Pages and README say "an hour at most": a file is looked at every minute, so it may stay a minute less.
EVERY_S = 60.0
KEPT_S = 3600.0 - EVERY_S
# A folder itself: not what a link of that name leads to.
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def upload_folder(kept: float = KEPT_S, every: float = EVERY_S) -> Iterator[Path]:
    """A folder that no other user may read, for everything that must be a file: this process's temporary files, and Gradio's.

    Gradio must be imported afterwards. Every ``every`` seconds what is older than ``kept`` is removed, and all of it when the block is
    left. A program that was killed cannot do that; the lock on its folder goes with it, and the next one empties what is not locked.
    """
    set_before = os.environ.get("GRADIO_TEMP_DIR") or None
    with _locked_folder(set_before) as folder:
        tempdir_before, done = tempfile.tempdir, threading.Event()
        tempfile.tempdir, os.environ["GRADIO_TEMP_DIR"] = str(folder), str(folder / "gradio")

        def keep_sweeping() -> None:
            while True:
                for one in folder.parent.glob(f"{_PREFIX}*"):
                    sweep(one, time.time() - kept)
                if done.wait(every):
                    return

        sweeper = threading.Thread(target=keep_sweeping, name="upload sweeper", daemon=True)
        sweeper.start()
        try:
            yield folder
        finally:
            done.set()
            sweeper.join()
            tempfile.tempdir = tempdir_before
            os.environ["GRADIO_TEMP_DIR"] = set_before or ""


@contextmanager
def _locked_folder(parent: str | None) -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix=f".{_PREFIX}", dir=parent)).resolve()
    # It gets the name that sweepers look for when it is locked: before, they would take it for a dead one's.
    folder = made.with_name(made.name.removeprefix("."))
    handle = os.open(made, _FOLDER)
    try:
        with suppress(OSError):  # a disk that knows no locks; sweepers then see none, and leave what is young
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        made.rename(folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def sweep(folder: Path, before: float) -> None:
    """Remove what was put there before that time (s since 1970), also what Gradio forgets: uploads that were broken off, empty folders.

    Of a folder whose program is dead, everything goes. What is a link or belongs to somebody else is left alone.
    """
    try:
        handle = os.open(folder, _FOLDER)
    except OSError:
        return
    try:
        if os.fstat(handle).st_uid != os.geteuid():
            return
        dead = _lock(handle)
        _empty(handle, math.inf if dead else before)
        if dead:
            with suppress(OSError):
                folder.rmdir()
    finally:
        os.close(handle)


def _lock(handle: int) -> bool:
    """Whether nobody else had a lock on it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _empty(top: int, before: float) -> None:
    emptied = set()
    # By handles, and deepest first: a name on the way may be made a link meanwhile.
    for place, folders, names, handle in os.fwalk(".", topdown=False, dir_fd=top):
        removed = [_remove(name, handle, before) for name in names]
        if any(removed):
            emptied.add(place)
        for name in folders:
            # A new and empty one is about to be filled, unless it has been emptied just now.
            _remove(name, handle, math.inf if os.path.join(place, name) in emptied else before)


def _remove(name: str, handle: int, before: float) -> bool:
    """Whether it was old enough, and could be removed."""
    # Somebody else may have removed it, and a folder may hold something.
    with suppress(OSError):
        status = os.lstat(name, dir_fd=handle)
        # When it was last modified says nothing: a copy has the time of its original.
        if status.st_ctime < before:
            (os.rmdir if stat.S_ISDIR(status.st_mode) else os.unlink)(name, dir_fd=handle)
            return True
    return False
