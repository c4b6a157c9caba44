"""The line of those who wait for a place: fair between addresses, kept by asking, lost by not asking any more."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.refusal import Refused
from app.visitors.rates import RateLimit


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
    address: str
    limit: RateLimit
    seen: float


class WaitingLine:
    """Tickets in the order in which they are served. Whoever uses it from several threads holds a lock.

    It is fair between network addresses: the first ticket of each comes before the second of any, where every place that an address has
    counts as a ticket that was served; among equals, who came first. A full line takes in somebody from an address with fewer tickets by
    dropping the youngest of the address with most.

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

    @property
    def addresses(self) -> Counter[str]:
        """How many wait at each address."""
        return Counter(waiter.address for waiter in self._waiters.values())

    def address(self, ticket: str) -> str:
        """Where one of those in line came from."""
        return self._waiters[ticket].address

    def before(self, address: str, held: Mapping[str, int]) -> int:
        """How many would be served before somebody who comes now.

        Args:
            held: address -> places that it has.
        """
        own = self.addresses[address] + held.get(address, 0)
        return sum(turn <= own for turn in self._turns(held).values())

    def join(self, address: str, held: Mapping[str, int]) -> Waiting:
        """Draw a ticket.

        Raises:
            Refused: too many wait.
        """
        if len(self) >= self._longest:
            self._make_room(address)
        before = self.before(address, held)
        ticket = secrets.token_urlsafe(24)
        self._waiters[ticket] = _Waiter(address, RateLimit(self._rate, 3 * self._rate, self._clock), self._clock())
        return Waiting(ticket, before)

    def ask(self, ticket: str, held: Mapping[str, int]) -> Waiting:
        """Where one of those in line stands now; it keeps its place.

        Raises:
            Refused: it asks too often.
        """
        waiter = self._waiters[ticket]
        waiter.seen = self._clock()
        waiter.limit.spend()
        turns = self._turns(held)
        return Waiting(ticket, sorted(turns, key=turns.__getitem__).index(ticket))

    def leave(self, ticket: object) -> None:
        """Give up one's place; nothing happens without one."""
        if ticket in self:
            del self._waiters[ticket]

    def sweep(self) -> None:
        """Those who stopped asking have left."""
        now = self._clock()
        self._waiters = {ticket: waiter for ticket, waiter in self._waiters.items() if now - waiter.seen <= self._patience}

    def _turns(self, held: Mapping[str, int]) -> dict[str, int]:
        """Ticket -> how many of its address were served or come before it."""
        counted, turns = Counter(held), {}
        for ticket, waiter in self._waiters.items():
            turns[ticket] = counted[waiter.address]
            counted[waiter.address] += 1
        return turns

    def _make_room(self, address: str) -> None:
        waiting = self.addresses
        crowd = max(waiting, key=waiting.__getitem__, default=address)
        if waiting[crowd] < waiting[address] + 2:
            raise Refused("full", f"All places are taken, and {len(self)} people wait in line. Please try again in a few minutes.")
        self.leave([ticket for ticket, waiter in self._waiters.items() if waiter.address == crowd][-1])
