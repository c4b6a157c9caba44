"""The line of those who wait for a place: first come first served, kept by asking, lost by not asking any more."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from app.visitors.rates import RateLimit
from app.visitors.refusal import Refused


@dataclass(frozen=True)
class Waiting:
    """One's place in line.

    Attributes:
        ticket: the secret by which it is kept.
        before: how many come first.
    """

    ticket: str
    before: int


@dataclass
class _Waiter:
    limit: RateLimit
    seen: float


class WaitingLine:
    """Tickets in the order in which they were drawn. Whoever uses it from several threads holds a lock.

    Args:
        longest: how many may wait.
        patience: seconds without asking after which one has left. A page asks every two, so that a free place is offered to the first in
            line for no longer than this.
        rate: requests a second that one may make.
    """

    def __init__(self, clock: Callable[[], float], longest: int = 50, patience: float = 8.0, rate: float = 1.0) -> None:
        self._clock, self._longest, self._patience, self._rate = clock, longest, patience, rate
        self._waiters: dict[str, _Waiter] = {}

    def __len__(self) -> int:
        return len(self._waiters)

    def __contains__(self, ticket: object) -> bool:
        return isinstance(ticket, str) and ticket in self._waiters

    def join(self) -> Waiting:
        """Stand at the end.

        Raises:
            Refused: too many wait.
        """
        if len(self) >= self._longest:
            raise Refused("full", f"All places are taken, and {len(self)} people wait in line. Please try again in a few minutes.")
        ticket = secrets.token_urlsafe(24)
        self._waiters[ticket] = _Waiter(RateLimit(self._rate, 3 * self._rate, self._clock), self._clock())
        return Waiting(ticket, len(self) - 1)

    def ask(self, ticket: str) -> Waiting:
        """Where one of those in line stands now; it keeps its place.

        Raises:
            Refused: it asks too often.
        """
        waiter = self._waiters[ticket]
        waiter.seen = self._clock()
        waiter.limit.spend()
        return Waiting(ticket, list(self._waiters).index(ticket))

    def leave(self, ticket: object) -> None:
        """Give up one's place; nothing happens without one."""
        if ticket in self:
            del self._waiters[ticket]

    def sweep(self) -> None:
        """Those who stopped asking have left."""
        now = self._clock()
        self._waiters = {ticket: waiter for ticket, waiter in self._waiters.items() if now - waiter.seen <= self._patience}
