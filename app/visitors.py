"""The visitors who are here now: who may do what, how many fit, and who has left."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.session import Session

# The end of a visit is announced this long before.
ANNOUNCED_S = 60.0


class Refused(Exception):
    """A request that is not served.

    Attributes:
        code: for the page's script: "ended", "full", "too_fast", "too_large", "bad_request".
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class RateLimit:
    """Token bucket: `rate` requests a second on average, `burst` at once."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float]) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._left, self._at = burst, clock()

    def allow(self) -> bool:
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


@dataclass(frozen=True)
class _Visit:
    session: Session
    limit: RateLimit


class Visitors:
    """Opens, finds and ends visits. A visit is reached only by its token, which only its page knows.

    Attributes:
        now: the clock, in seconds; the engine's.

    Args:
        make: makes a session from its token; called once per visit.
        start: starts the engine on it.
        limit: visits at a time.
        idle: seconds without a request after which a visit ends (the tab was closed).
        longest: seconds after which a visit ends in any case.
        deserted: seconds with nobody seen, heard or read after which it ends.
        rate: requests a second that one visit may make; a page makes ten.
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
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._make, self._start = make, start
        self._limit, self._idle, self._rate, self.now = limit, idle, rate, clock
        self._longest, self._deserted = longest, deserted
        self._here: dict[str, _Visit | None] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._here)

    def open(self) -> Session:
        """Begin a visit.

        Raises:
            Refused: all places are taken.
        """
        self.sweep()
        token = secrets.token_urlsafe(24)
        with self._lock:
            if len(self._here) >= self._limit:
                taken = f"All {self._limit} places are" if self._limit > 1 else "The only place is"
                raise Refused("full", f"{taken} taken right now. Please try again in a minute.")
            self._here[token] = None  # the place is taken while the session is made, which takes a moment
        try:
            session = self._make(token)
        except BaseException:
            with self._lock:
                del self._here[token]
            raise
        with self._lock:
            session.last_seen = self.now()
            self._here[token] = _Visit(session, RateLimit(self._rate, 2 * self._rate, self.now))
        self._start(session)
        return session

    def find(self, token: object) -> Session:
        """The visit that a token belongs to.

        Raises:
            Refused: there is none (any more), or it asks too often.
        """
        with self._lock:
            visit = self._here.get(token) if isinstance(token, str) else None
            if visit is None:
                raise Refused("ended", "The session has ended. Press Start to begin a new one.")
            visit.session.last_seen = self.now()
            if not visit.limit.allow():
                raise Refused("too_fast", "Too many requests. The page slows down.")
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
        """End a visit; nothing happens if it has ended before."""
        with self._lock:
            visit = self._here.pop(token, None) if isinstance(token, str) else None
        if visit is not None:
            visit.session.close()

    def sweep(self) -> None:
        """End the visits that have gone silent."""
        now = self.now()
        with self._lock:
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
