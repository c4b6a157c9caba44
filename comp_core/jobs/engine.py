"""What a command that has many independent items to work on asks of the place where that is done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

from comp_core.support.errors import CompCoreError

Item = TypeVar("Item")
Result = TypeVar("Result")


class EngineError(CompCoreError):
    """An engine cannot be used as asked for; the message says what to do."""


class WorkerLost(EngineError):
    """The process that worked on an item died each time that it was tried."""


class Engine(Protocol):
    """Does the same work on many items, none of which needs another."""

    def map(self, work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[tuple[Item, Result | WorkerLost]]:
        """Each item with its result, as they are done, in any order; an item whose worker was lost has that in the result's place.

        An error that ``work`` raises is raised here, too, and ends the rest.

        Args:
            work: also items and results travel to other machines, so all three can be pickled. What is costly to load is loaded at the
                first call and kept by the process, not by ``work`` itself, which is sent anew with every item.
        """


class InProcess:
    """One item after the other, here. What kills the work kills this process, and whoever called must start again."""

    def map(self, work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[tuple[Item, Result]]:
        for item in items:
            yield item, work(item)
