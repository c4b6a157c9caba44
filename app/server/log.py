"""A log without visitors in it: it says which error happened and where, never in which words.

An error's message may quote what it failed on: words that were said, the name of a file, a part of a picture. And a log that nobody can
fill.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any

# Of connections that cannot be taken in, and of requests that are none: strangers say how many.
_SELDOM = ("asyncio", "uvicorn.error", "app.server.plain", "app.server.calls")


class Seldom(logging.Filter):
    """Lets messages that begin alike through once in so many seconds."""

    def __init__(self, every: float = 1.0) -> None:
        super().__init__()
        self._every, self._last = every, {}

    def filter(self, record: logging.LogRecord) -> bool:
        kind, now = str(record.msg).partition("\n")[0], time.monotonic()
        self._last = {one: at for one, at in self._last.items() if now - at < self._every}
        return self._last.setdefault(kind, now) == now


# Packages that refuse what a handler is given.
_REFUSING = ("gradio", "pydantic")

# Of calls that fail, too, strangers say how many.
_calls = Seldom()


def keep_messages_out() -> None:
    """From now on no traceback that this process logs or prints, its libraries' included, has the message of its error; and what strangers
    can provoke is told once a second."""
    make_record = logging.getLogRecordFactory()

    def record_of_places(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make_record(*args, **kwargs)
        if record.exc_info and record.exc_info[1] is not None:
            record.exc_text = places(record.exc_info[1])  # formatters take it as it is
        return record

    logging.setLogRecordFactory(record_of_places)
    for name in _SELDOM:
        logging.getLogger(name).addFilter(Seldom())
    sys.excepthook = lambda kind, error, trace: _tell(error)
    threading.excepthook = lambda failed: _tell(failed.exc_value)
    # Gradio prints what its handlers raise, and leaves no other way to have that otherwise.
    traceback.print_exc = lambda limit=None, file=None, chain=True: _tell_of_handler(sys.exc_info()[1])


def places(error: BaseException) -> str:
    """Where the error and those that led to it came from, the first one first, and of what kind they are."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    told = [places(before), "and so:"] if before is not None else []
    return "\n".join([*told, *map(str.rstrip, traceback.format_tb(error.__traceback__)), type(error).__qualname__])


def place(error: BaseException) -> str:
    """Of what kind an error is, and where it began: in one line."""
    while (before := error.__cause__ or error.__context__) and type(error).__name__ in ("HTTPException", "RuntimeError"):
        error = before
    while nested := getattr(error, "exceptions", None):
        error = nested[0]
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "an unknown place"
    return f"{type(error).__qualname__} at {where}"


def _tell_of_handler(error: BaseException | None) -> None:
    """Where what a handler is given is refused before it is called, the way there says nothing."""
    frames = traceback.extract_tb(error.__traceback__) if error else []
    if not _calls.filter(logging.makeLogRecord({"msg": place(error) if error else ""})):
        return
    if frames and Path(frames[-1].filename).parent.name in _REFUSING:
        print(f"a call failed: {place(error)}", file=sys.stderr, flush=True)
    else:
        _tell(error)


def _tell(error: BaseException | None) -> None:
    if error is not None:
        print(places(error), file=sys.stderr, flush=True)
