"""Classes that guess together: a code for everybody, a key for the teacher, a token for each pupil. In memory, counts without names."""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.refusal import Refused
from app.visitors.rates import Addresses, household

# None that are read as one another.
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
CODE_LENGTH = 6
MOST_CLASSES = 100
# A school behind one router is one address.
MOST_OF_ADDRESS = 20
MOST_PUPILS = 100
LIFE_S = 3600.0


@dataclass
class _Class:
    key: str
    began: float
    home: str
    order: Sequence[int]
    counts: list[dict[str, Counter[str]]]
    shown: bool = False
    # Token -> stage -> label, of the round that is played.
    pupils: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def round(self) -> int:
        return len(self.counts) - 1


class Classes:
    """Opens, finds and ends classes. All play the same moment in a round; its stages are guessed one by one.

    Args:
        stages: what a pupil is given, in their order.
        labels: what can be guessed.
        moments: how many there are; each is a round, in an order of the class's own.
        clock: in seconds.
    """

    def __init__(self, stages: Sequence[str], labels: Sequence[str], moments: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._stages, self._labels, self._moments, self._now = stages, labels, moments, clock
        self._classes: dict[str, _Class] = {}
        # Sixty pupils who look every few seconds.
        self._addresses = Addresses(clock, rate=20.0, burst=200.0)
        self._lock = threading.Lock()

    def open(self, address: str) -> tuple[str, str]:
        """Begin a class; returns its code and its teacher's key.

        Raises:
            Refused: there are too many, or too many of this address, or it asks too often.
        """
        with self._lock:
            self._count(address)
            home = household(address)
            if len(self._classes) >= MOST_CLASSES or sum(one.home == home for one in self._classes.values()) >= MOST_OF_ADDRESS:
                raise Refused("full", "Too many classes are open. Each ends after an hour; try again later.")
            code = "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))
            while code in self._classes:
                code = "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))
            key, order = secrets.token_urlsafe(24), secrets.SystemRandom().sample(range(self._moments), self._moments)
            self._classes[code] = _Class(key, self._now(), home, order, [self._no_counts()])
            return code, key

    def join(self, code: object, address: str) -> str:
        """Take part; returns the pupil's token.

        Raises:
            Refused: there is no such class, or it is full.
        """
        with self._lock:
            one = self._find(code, address)
            if len(one.pupils) >= MOST_PUPILS:
                raise Refused("full", f"This class is full: {MOST_PUPILS} have joined.")
            token = secrets.token_urlsafe(24)
            one.pupils[token] = {}
            return token

    def look(self, code: object, token: object, address: str) -> dict[str, Any]:
        """What a pupil sees: the ``round``, its ``moment``, whether it is ``shown``, and the pupil's own guesses.

        Raises:
            Refused: there is no such class or pupil.
        """
        with self._lock:
            one, own = self._pupil(code, token, address)
            return {"round": one.round, "moment": one.order[one.round], "shown": one.shown, "guessed": dict(own)}

    def guess(self, code: object, token: object, round_: object, stage: object, label: object, address: str) -> None:
        """Count one guess.

        Args:
            round_: in which it was made: the teacher may have gone on.

        Raises:
            Refused: of another round, not the pupil's next stage, no label, or after the answers were shown.
        """
        with self._lock:
            one, own = self._pupil(code, token, address)
            if isinstance(round_, bool) or round_ != one.round or one.shown:
                raise Refused("late", "This round is over.")
            due = self._stages[len(own)] if len(own) < len(self._stages) else None
            if due is None or stage != due:
                raise Refused("bad_request", "One guess for each stage, one stage after the other.")
            if not isinstance(label, str) or label not in self._labels:
                raise Refused("bad_request", f"A guess is one of {', '.join(self._labels)}.")
            own[due] = label
            one.counts[-1][due][label] += 1

    def lead(self, code: object, key: object, address: str, do: object = None) -> dict[str, Any]:
        """What the teacher sees: ``pupils``, the ``round``, whether it is ``shown``, the ``moments`` so far and their counts.

        Args:
            do: "show" the answers, go on to the "next" round, or None.

        Raises:
            Refused: there is no such class, the key is another's, or there is no such thing to do.
        """
        with self._lock:
            one = self._led(code, key, address)
            if do == "show":
                one.shown = True
            elif do == "next" and one.round + 1 < self._moments:
                one.counts.append(self._no_counts())
                one.shown, one.pupils = False, {token: {} for token in one.pupils}
            elif do is not None:
                raise Refused("bad_request", "There is no further moment." if do == "next" else "A teacher can show and go on.")
            counts = [{stage: dict(found) for stage, found in by_stage.items()} for by_stage in one.counts]
            left = max(0, round(LIFE_S - (self._now() - one.began)))
            moments = list(one.order[: len(counts)])
            return {
                **{"pupils": len(one.pupils), "round": one.round, "shown": one.shown, "seconds": left},
                **{"moments": moments, "counts": counts, "more": one.round + 1 < self._moments},
            }

    def close(self, code: object, key: object, address: str) -> None:
        """End a class, and nothing of it is known any more.

        Raises:
            Refused: there is no such class, or the key is another's.
        """
        with self._lock:
            self._led(code, key, address)
            del self._classes[str(code)]

    def spend(self, address: str) -> None:
        """Count a request that concerns no class.

        Raises:
            Refused: it is one too many.
        """
        with self._lock:
            self._count(address)

    def __len__(self) -> int:
        return len(self._classes)

    def _count(self, address: str) -> None:
        self._addresses.spend(address)
        now = self._now()
        self._classes = {code: one for code, one in self._classes.items() if now - one.began < LIFE_S}

    def _find(self, code: object, address: str) -> _Class:
        self._count(address)
        one = self._classes.get(code) if isinstance(code, str) else None
        if one is None:
            raise _unknown()
        return one

    def _led(self, code: object, key: object, address: str) -> _Class:
        one = self._find(code, address)
        if not isinstance(key, str) or not secrets.compare_digest(key.encode("utf-8", "replace"), one.key.encode()):
            raise _unknown()
        return one

    def _pupil(self, code: object, token: object, address: str) -> tuple[_Class, dict[str, str]]:
        one = self._find(code, address)
        own = one.pupils.get(token) if isinstance(token, str) else None
        if own is None:
            raise _unknown()
        return one, own

    def _no_counts(self) -> dict[str, Counter[str]]:
        return {stage: Counter() for stage in self._stages}


def _unknown() -> Refused:
    """The same whether the code, the key or the token is wrong."""
    return Refused("ended", "There is no class of this code, or it has ended. Ask your teacher for the code.")
