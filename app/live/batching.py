"""What several visitors ask of one model at the same time is asked together: a batch takes little longer than one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from threading import Lock
from typing import Generic, TypeVar, cast

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


@dataclass
class _Request(Generic[Asked, Answer]):
    asked: tuple[Asked, ...]
    answers: list[Answer] | None = None
    error: Exception | None = None

    @property
    def done(self) -> bool:
        return self.answers is not None or self.error is not None


class Batched(Generic[Asked, Answer]):
    """Makes one call of what several threads ask for at once. Nobody waits for others to come: who finds nobody before goes alone, and
    those who come meanwhile go next, together, first come first served.

    Args:
        call: answers each of a list of questions, as if it were alone.
        most: threads that are served by one call.
    """

    def __init__(self, call: Callable[[list[Asked]], list[Answer]], most: int = 8) -> None:
        self._call, self._most = call, most
        self._serving = Lock()
        self._waiting: deque[_Request[Asked, Answer]] = deque()

    def __call__(self, *asked: Asked) -> list[Answer]:
        """The answers to these questions; raises what the call raises for them."""
        request: _Request[Asked, Answer] = _Request(asked)
        self._waiting.append(request)
        while not request.done:
            with self._serving:
                # Whoever was served before may have asked for this one, too.
                if not request.done:
                    self._serve([self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))])
        if request.error is not None:
            raise request.error
        return cast(list[Answer], request.answers)

    def _serve(self, batch: list[_Request[Asked, Answer]]) -> None:
        try:
            answers = iter(self._call([one for request in batch for one in request.asked]))
            for request in batch:
                request.answers = list(islice(answers, len(request.asked)))
        except Exception as error:
            if len(batch) == 1:
                batch[0].error = error
                return
            # One bad question must not take the others' answers.
            for request in batch:
                self._serve([request])
