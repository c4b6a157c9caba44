"""The visitors who are here now: who may do what, how many fit, and who has left."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from app.session import Session


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

    Args:
        make: makes a session from its token; called once per visit.
        start: starts the engine on it.
        limit: visits at a time.
        idle: seconds without a request after which a visit ends (the tab was closed).
        rate: requests a second that one visit may make; a page makes ten.
    """

    def __init__(
        self,
        make: Callable[[str], Session],
        start: Callable[[Session], None],
        limit: int = 8,
        idle: float = 15.0,
        rate: float = 25.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._make, self._start = make, start
        self._limit, self._idle, self._rate, self._clock = limit, idle, rate, clock
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
                raise Refused("full", f"All {self._limit} places are taken right now. Please try again in a minute.")
            self._here[token] = None  # the place is taken while the session is made, which takes a moment
        try:
            session = self._make(token)
        except BaseException:
            with self._lock:
                del self._here[token]
            raise
        with self._lock:
            session.last_seen = self._clock()
            self._here[token] = _Visit(session, RateLimit(self._rate, 2 * self._rate, self._clock))
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
            visit.session.last_seen = self._clock()
            if not visit.limit.allow():
                raise Refused("too_fast", "Too many requests. The page slows down.")
            return visit.session

    def close(self, token: object) -> None:
        """End a visit; nothing happens if it has ended before."""
        with self._lock:
            visit = self._here.pop(token, None) if isinstance(token, str) else None
        if visit is not None:
            visit.session.close()

    def sweep(self) -> None:
        """End the visits that have gone silent."""
        now = self._clock()
        with self._lock:
            gone = [token for token, visit in self._here.items() if visit and now - visit.session.last_seen > self._idle]
        for token in gone:
            self.close(token)

    def keep_sweeping(self, every: float = 2.0) -> None:
        """Sweep in the background for as long as the program runs."""

        def sweep_on() -> None:
            while True:
                time.sleep(every)
                self.sweep()

        threading.Thread(target=sweep_on, name="sweeper", daemon=True).start()
