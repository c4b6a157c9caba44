"""How often one may ask: a bound for each session, and for each network address where there is no session."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Callable

from app.refusal import Refused

# Addresses that are remembered before those that have been quiet are forgotten.
_MOST_ADDRESSES = 1000


def household(address: str) -> str:
    """What counts as one address: of IPv6 the first 64 bits, for whoever has them has all the rest."""
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if known.version == 4:
        return str(known)
    return str(known.ipv4_mapped or ipaddress.ip_network((known, 64), strict=False))


class RateLimit:
    """Token bucket: `rate` requests a second on average, `burst` at once."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float]) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._left, self._at = burst, clock()

    def allow(self) -> bool:
        self._refill()
        if self._left < 1:
            return False
        self._left -= 1
        return True

    @property
    def rested(self) -> bool:
        """Whether a new one would be the same."""
        self._refill()
        return self._left >= self._burst

    def _refill(self) -> None:
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now

    def spend(self) -> None:
        """Count a request.

        Raises:
            Refused: it is one too many.
        """
        if not self.allow():
            raise Refused("too_fast", "Too many requests. The page slows down.")


class Addresses:
    """A rate limit for each network address, for what can be asked without a session.

    A class behind one router is one address, and so is everyone behind a proxy that does not say for whom it asks: the bounds suit a class.
    """

    def __init__(self, clock: Callable[[], float], rate: float = 10.0, burst: float = 60.0) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._limits: dict[str, RateLimit] = {}
        self._lock = threading.Lock()

    def spend(self, address: str) -> None:
        """Count a request of this address.

        Raises:
            Refused: it is one too many.
        """
        with self._lock:
            if len(self._limits) >= _MOST_ADDRESSES:
                self._limits = {one: limit for one, limit in self._limits.items() if not limit.rested}
            self._limits.setdefault(household(address), RateLimit(self._rate, self._burst, self._clock)).spend()
