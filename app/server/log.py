"""A log without visitors in it: it says which error happened and where, never in which words.

An error's message may quote what it failed on: words that were said, the name of a file, a part of a picture.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from typing import Any


def keep_messages_out() -> None:
    """From now on no traceback that this process logs or prints, its libraries' included, has the message of its error."""
    make_record = logging.getLogRecordFactory()

    def record_of_places(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make_record(*args, **kwargs)
        if record.exc_info and record.exc_info[1] is not None:
            record.exc_text = places(record.exc_info[1])  # formatters take it as it is
        return record

    logging.setLogRecordFactory(record_of_places)
    sys.excepthook = lambda kind, error, trace: _tell(error)
    threading.excepthook = lambda failed: _tell(failed.exc_value)
    # Gradio prints what its handlers raise, and leaves no other way to have that otherwise.
    traceback.print_exc = lambda limit=None, file=None, chain=True: _tell(sys.exc_info()[1])


def places(error: BaseException) -> str:
    """Where the error and those that led to it came from, the first one first, and of what kind they are."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    told = [places(before), "and so:"] if before is not None else []
    return "\n".join([*told, *map(str.rstrip, traceback.format_tb(error.__traceback__)), type(error).__qualname__])


def _tell(error: BaseException | None) -> None:
    if error is not None:
        print(places(error), file=sys.stderr, flush=True)
