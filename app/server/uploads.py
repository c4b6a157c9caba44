"""Where uploaded clips, and what is made of them, lie while they are looked at: one folder, and for how long."""

from __future__ import annotations

import math
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = "live-affect-"
# Pages and README say "an hour at most": a file is looked at every minute, so it may stay a minute less.
EVERY_S = 60.0
KEPT_S = 3600.0 - EVERY_S


@contextmanager
def upload_folder(kept: float = KEPT_S, every: float = EVERY_S) -> Iterator[Path]:
    """A folder that no other user may read, for everything that must be a file: this process's temporary files, and Gradio's.

    Gradio must be imported afterwards. Every ``every`` seconds what is older than ``kept`` is removed, and all of it when the block is
    left. A program that was killed cannot do that, so the next one also removes what is too old in the folders of those before.
    """
    set_before = os.environ.get("GRADIO_TEMP_DIR") or None
    with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=set_before, ignore_cleanup_errors=True) as name:
        folder, tempdir_before, done = Path(name).resolve(), tempfile.tempdir, threading.Event()
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


def sweep(folder: Path, before: float) -> None:
    """Remove what was put there before that time (s since 1970), also what Gradio forgets: uploads that were broken off, empty folders."""
    for place, _, names in os.walk(folder, topdown=False):
        emptied = [_remove(Path(place, name), before, Path.unlink) for name in names]
        if Path(place) != folder:
            # A new and empty one is about to be filled, unless it has been emptied just now.
            _remove(Path(place), math.inf if any(emptied) else before, Path.rmdir)


def _remove(path: Path, before: float, remove: Callable[[Path], None]) -> bool:
    """Whether it was old enough, and could be removed."""
    # Somebody else may have removed it, a folder may hold something, and another user's are not ours to empty.
    with suppress(OSError):
        # When it was last modified says nothing: a copy has the time of its original.
        if path.lstat().st_ctime < before:
            remove(path)
            return True
    return False
