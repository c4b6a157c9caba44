"""Who follows a session. Nobody may until its visitor, or who started the program for themselves, asks for it."""

from __future__ import annotations

import secrets
import threading
from collections import Counter
from typing import Protocol

from app.live.message import Message, message_of
from app.live.snapshot import Snapshot

# By key, at a time.
MOST = 4


class Follower(Protocol):
    """Gets each message of a session, on the session's thread: it must not wait, nor raise.

    Attributes:
        told: to where it sends, for the page.
    """

    @property
    def told(self) -> str: ...

    def take(self, message: Message) -> None: ...

    def end(self) -> None:
        """No further message comes."""


class Followers:
    """Those of one session; used from any thread."""

    def __init__(self) -> None:
        self._key: str | None = None
        self._by_key: list[Follower] = []
        self._others: list[Follower] = []
        self._over = False
        self._lock = threading.Lock()

    def allow(self) -> str:
        """Let programs follow; the key that they need, the same until they are forbidden to."""
        with self._lock:
            self._key = self._key or secrets.token_urlsafe(24)
            return self._key

    def forbid(self) -> None:
        """Send off all that have the key, which opens nothing from now on."""
        with self._lock:
            self._key, gone, self._by_key = None, self._by_key, []
        for follower in gone:
            follower.end()

    def allows(self, key: str) -> bool:
        return self._key is not None and secrets.compare_digest(self._key.encode(), key.encode())

    def join(self, follower: Follower, key: str) -> bool:
        """Follow from now on by key; False if it is not, or no longer, the key, or ``MOST`` do so already."""
        with self._lock:
            joins = not self._over and self.allows(key) and len(self._by_key) < MOST
            if joins:
                self._by_key.append(follower)
            return joins

    def leave(self, follower: Follower) -> None:
        with self._lock:
            self._by_key = [one for one in self._by_key if one is not follower]

    def add(self, follower: Follower) -> None:
        """Follow without key until the session ends: who started the program asked for it."""
        with self._lock:
            self._others.append(follower)

    def tell(self, snapshot: Snapshot) -> None:
        with self._lock:
            followers = [*self._others, *self._by_key]
        if followers:
            message = message_of(snapshot)
            for follower in followers:
                follower.take(message)

    def end(self) -> None:
        """The session is over."""
        with self._lock:
            self._over, others, self._others = True, self._others, []
        self.forbid()
        for follower in others:
            follower.end()

    @property
    def told(self) -> list[str]:
        """To where the session is sent."""
        with self._lock:
            places = Counter(follower.told for follower in (*self._others, *self._by_key))
        return [place if count == 1 else f"{place} × {count}" for place, count in places.items()]
