"""One call at a time, for what takes a core and some hundred MB: who waits is let in address by address."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from app.refusal import Refused
from app.visitors.rates import household

# Calls of one address that may wait; a class behind one router is one address.
MOST_WAITING = 8


class Turns:
    """The next turn is of the address whose last one is longest ago, so that many calls of one address keep nobody else out.

    Args:
        patience: seconds that a call waits for its turn.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._changed = threading.Condition()
        self._busy = False
        self._waiting: dict[object, str] = {}
        # Address -> when it had its last turn, of those that wait or have one.
        self._last: dict[str, int] = {}
        self._count = 0

    @contextmanager
    def turn(self, address: str, full: str) -> Iterator[None]:
        """Wait for a turn, and have it.

        Raises:
            Refused: its time did not come; ``full`` says so.
        """
        ticket, who = object(), household(address)
        with self._changed:
            if sum(one == who for one in self._waiting.values()) >= MOST_WAITING:
                raise Refused("full", full)
            self._waiting[ticket] = who
            try:
                if not self._changed.wait_for(lambda: not self._busy and self._next() is ticket, self._patience):
                    raise Refused("full", full)
                self._busy, self._count = True, self._count + 1
                self._last[who] = self._count
            finally:
                del self._waiting[ticket]
        try:
            yield
        finally:
            with self._changed:
                self._busy = False
                self._last = {one: at for one, at in self._last.items() if one in self._waiting.values() or one == who}
                self._changed.notify_all()

    def _next(self) -> object:
        """Of the address that was served longest ago; of its calls the one that came first."""
        return min(self._waiting, key=lambda ticket: self._last.get(self._waiting[ticket], 0))
