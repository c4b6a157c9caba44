"""The visitors who are here now: who may do what, how many fit, and who has left."""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.live.session import LiveSession
from app.refusal import Refused
from app.visitors.queue import Waiting, WaitingLine
from app.visitors.rates import Addresses, RateLimit, household

# The end of a session is announced this long before.
ANNOUNCED_S = 60.0


@dataclass(frozen=True)
class _Held:
    session: LiveSession
    limit: RateLimit
    costly: RateLimit


class Visitors:
    """Opens, finds and ends sessions. A session is reached only by its token, which only its page knows.

    Places are shared between network addresses. While nobody else wants one, an address may have all of them: a class behind one router
    is one address. A place that gets free goes to the waiting address with the fewest. Where all are taken, and an address that waits has
    at least two fewer than the one with most, the longest session of that one is asked to end, with a minute's notice, once it has lasted
    ``shared`` seconds; one at a time. Nobody who has the only place of an address is ever asked. So whoever takes all places keeps others
    out for ``shared`` seconds and a minute, not for the longest that a session may last; many addresses in one hand are many.

    Attributes:
        limit: sessions at a time.
        now: the clock, in seconds; the sessions'.
        addresses: bounds what can be asked without a session.

    Args:
        make: makes a session from its token; called once per session.
        start: starts its loop.
        limit: see above.
        idle: seconds without a request after which a session ends (the tab was closed).
        longest: seconds after which a session ends in any case.
        shared: seconds after which it may be asked to end for others.
        deserted: seconds with nobody seen, heard or read after which it ends.
        rate: requests a second that one session may make; a page makes ten.
        costly_rate: the same of requests that cost much.
    """

    def __init__(
        self,
        make: Callable[[str], LiveSession],
        start: Callable[[LiveSession], None],
        limit: int = 8,
        idle: float = 15.0,
        longest: float = 1800.0,
        shared: float = 600.0,
        deserted: float = 300.0,
        rate: float = 25.0,
        costly_rate: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._make, self._start = make, start
        self.limit, self._idle, self.now = limit, idle, clock
        self._rate, self._costly_rate = rate, costly_rate
        self._longest, self._shared, self._deserted = longest, shared, deserted
        self._here: dict[str, _Held | None] = {}
        self._addresses: dict[str, str] = {}
        self._asked_to_end: tuple[LiveSession, float] | None = None
        self._line = WaitingLine(clock)
        self.addresses = Addresses(clock)
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._here)

    def open(self, ticket: object = None, address: str = "") -> LiveSession | Waiting:
        """Begin a session, or wait in line where all places are taken or others came first.

        Args:
            ticket: of one who waits already.
            address: of one who does not; a ticket has its own.

        Raises:
            Refused: too many wait, or ask.
        """
        self.sweep()
        with self._lock:
            held, free = self._held(), self.limit - len(self._here)
            if ticket in self._line:
                place = self._line.ask(ticket, held)
                if free <= place.before:
                    return place
                home = self._line.address(ticket)
                self._line.leave(ticket)
            else:
                self.addresses.spend(address)
                home = household(address)
                if free <= self._line.before(home, held):
                    return self._line.join(home, held)
            token = secrets.token_urlsafe(24)
            self._here[token] = None  # the place is taken while the session is made, which takes a moment
            self._addresses[token] = home
        try:
            session = self._make(token)
        except BaseException:
            with self._lock:
                del self._here[token], self._addresses[token]
            raise
        limits = (RateLimit(rate, burst, self.now) for rate, burst in ((self._rate, 2 * self._rate), (self._costly_rate, 10)))
        with self._lock:
            session.last_seen = self.now()
            self._here[token] = _Held(session, *limits)
        self._start(session)
        return session

    def find(self, token: object, costly: bool = False, address: str = "") -> LiveSession:
        """The session that a token belongs to.

        Args:
            costly: what is asked for costs much.
            address: where the request comes from; guesses are bounded by it.

        Raises:
            Refused: there is none (any more), or it asks too often.
        """
        with self._lock:
            held = self._here.get(token) if isinstance(token, str) else None
            if held is None:
                self.addresses.spend(address)
                raise Refused("ended", "The session has ended. Press Start to begin a new one.")
            held.session.last_seen = self.now()
            held.limit.spend()
            if costly:
                held.costly.spend()
            return held.session

    def followed(self, key: str) -> LiveSession | None:
        """The session that programs with this key may follow, if there is one."""
        with self._lock:
            here = [held.session for held in self._here.values() if held]
        return next((session for session in here if session.followers.allows(key)), None)

    def ending(self, session: LiveSession) -> dict[str, Any] | None:
        """In the last minute of a session, `seconds` until its end and a `message`; before, None."""
        seconds, why = self._left(session)
        return {"seconds": max(0, round(seconds)), "message": why} if seconds <= ANNOUNCED_S else None

    def _left(self, session: LiveSession) -> tuple[float, str]:
        now = self.now()
        ends = [
            (self._longest - (now - session.began), f"A session lasts {self._longest / 60:.0f} minutes at most."),
            (self._deserted - (now - session.present_at), f"Nobody was seen, heard or read for {self._deserted / 60:.0f} minutes."),
        ]
        asked = self._asked_to_end
        if asked and asked[0] is session:
            ends.append((ANNOUNCED_S - (now - asked[1]), "Others wait for a place, and your network has several."))
        return min(ends)

    def _held(self) -> Counter[str]:
        return Counter(self._addresses.values())

    def _ask_to_end(self) -> None:
        """See to it that others get a place; nobody is asked any more when nobody needs it."""
        held, waiting = self._held(), self._line.addresses
        crowd = max(held, key=held.__getitem__, default="")
        if len(self._here) < self.limit or not waiting or held[crowd] - min(held[address] for address in waiting) < 2:
            self._asked_to_end = None
        elif self._asked_to_end is None or self._asked_to_end[0].closed:
            sessions = [one.session for token, one in self._here.items() if one and self._addresses[token] == crowd]
            longest = min(sessions, key=lambda session: session.began, default=None)
            if longest and self.now() - longest.began >= self._shared:
                self._asked_to_end = longest, self.now()

    def close(self, token: object) -> None:
        """End a session, or leave the line; nothing happens if that was done before."""
        with self._lock:
            self._line.leave(token)
            held = self._here.pop(token, None) if isinstance(token, str) else None
            if held is not None:
                del self._addresses[held.session.token]
        if held is not None:
            held.session.close()

    def sweep(self) -> None:
        """End the sessions that have gone silent, and let those go who wait no longer."""
        now = self.now()
        with self._lock:
            self._line.sweep()
            self._ask_to_end()
            here = [(token, one.session) for token, one in self._here.items() if one]
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
