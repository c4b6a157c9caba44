"""The visitors who are here now: who may do what, how many fit, and who has left."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.live.session import Session
from app.visitors.queue import Waiting, WaitingLine
from app.visitors.rates import Addresses, RateLimit
from app.visitors.refusal import Refused

# The end of a visit is announced this long before.
ANNOUNCED_S = 60.0


@dataclass(frozen=True)
class _Visit:
    session: Session
    limit: RateLimit
    costly: RateLimit


class Visitors:
    """Opens, finds and ends visits. A visit is reached only by its token, which only its page knows.

    Attributes:
        limit: visits at a time.
        now: the clock, in seconds; the engine's.
        addresses: bounds what can be asked without a visit.

    Args:
        make: makes a session from its token; called once per visit.
        start: starts the engine on it.
        limit: see above.
        idle: seconds without a request after which a visit ends (the tab was closed).
        longest: seconds after which a visit ends in any case.
        deserted: seconds with nobody seen, heard or read after which it ends.
        rate: requests a second that one visit may make; a page makes ten.
        costly_rate: the same of requests that cost much.
    """

    def __init__(
        self,
        make: Callable[[str], Session],
        start: Callable[[Session], None],
        limit: int = 8,
        idle: float = 15.0,
        longest: float = 1800.0,
        deserted: float = 300.0,
        rate: float = 25.0,
        costly_rate: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._make, self._start = make, start
        self.limit, self._idle, self.now = limit, idle, clock
        self._rate, self._costly_rate = rate, costly_rate
        self._longest, self._deserted = longest, deserted
        self._here: dict[str, _Visit | None] = {}
        self._line = WaitingLine(clock)
        self.addresses = Addresses(clock)
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._here)

    def open(self, ticket: object = None, address: str = "") -> Session | Waiting:
        """Begin a visit, or wait in line where all places are taken or others came first.

        Args:
            ticket: of one who waits already.
            address: of one who does not.

        Raises:
            Refused: too many wait, or ask.
        """
        self.sweep()
        with self._lock:
            in_line = ticket in self._line
            if not in_line:
                self.addresses.spend(address)
            place = self._line.ask(ticket) if in_line else None
            free = self.limit - len(self._here)
            if free <= (place.before if place else len(self._line)):
                return place or self._line.join()
            self._line.leave(ticket)
            token = secrets.token_urlsafe(24)
            self._here[token] = None  # the place is taken while the session is made, which takes a moment
        try:
            session = self._make(token)
        except BaseException:
            with self._lock:
                del self._here[token]
            raise
        limits = (RateLimit(rate, burst, self.now) for rate, burst in ((self._rate, 2 * self._rate), (self._costly_rate, 10)))
        with self._lock:
            session.last_seen = self.now()
            self._here[token] = _Visit(session, *limits)
        self._start(session)
        return session

    def find(self, token: object, costly: bool = False, address: str = "") -> Session:
        """The visit that a token belongs to.

        Args:
            costly: what is asked for costs much.
            address: where the request comes from; guesses are bounded by it.

        Raises:
            Refused: there is none (any more), or it asks too often.
        """
        with self._lock:
            visit = self._here.get(token) if isinstance(token, str) else None
            if visit is None:
                self.addresses.spend(address)
                raise Refused("ended", "The session has ended. Press Start to begin a new one.")
            visit.session.last_seen = self.now()
            visit.limit.spend()
            if costly:
                visit.costly.spend()
            return visit.session

    def ending(self, session: Session) -> dict[str, Any] | None:
        """In the last minute of a visit, `seconds` until its end and a `message`; before, None."""
        seconds, why = self._left(session)
        return {"seconds": max(0, round(seconds)), "message": why} if seconds <= ANNOUNCED_S else None

    def _left(self, session: Session) -> tuple[float, str]:
        now = self.now()
        ends = [
            (self._longest - (now - session.began), f"A session lasts {self._longest / 60:.0f} minutes at most."),
            (self._deserted - (now - session.present_at), f"Nobody was seen, heard or read for {self._deserted / 60:.0f} minutes."),
        ]
        return min(ends)

    def close(self, token: object) -> None:
        """End a visit, or leave the line; nothing happens if that was done before."""
        with self._lock:
            self._line.leave(token)
            visit = self._here.pop(token, None) if isinstance(token, str) else None
        if visit is not None:
            visit.session.close()

    def sweep(self) -> None:
        """End the visits that have gone silent, and let those go who wait no longer."""
        now = self.now()
        with self._lock:
            self._line.sweep()
            here = [(token, visit.session) for token, visit in self._here.items() if visit]
        gone = [token for token, session in here if now - session.last_seen > self._idle or self._left(session)[0] <= 0]
        for token in gone:
            self.close(token)

    def keep_sweeping(self, every: float = 2.0) -> None:
        """Sweep in the background for as long as the program runs."""

        def sweep_on() -> None:
            while True:
                time.sleep(every)
                self.sweep()

        threading.Thread(target=sweep_on, name="sweeper", daemon=True).start()
