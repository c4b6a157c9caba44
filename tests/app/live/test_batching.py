"""What several threads ask for at once is answered as if each had asked alone."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.live.batching import Batched


class Doubling:
    """Answers 2 x; the first call waits until `others` more questions have been put, and a negative number is an error."""

    def __init__(self, others=0):
        self.batches = []
        self.put = threading.Semaphore(0)
        self._others = others

    def __call__(self, numbers):
        if not self.batches:
            self.batches.append(numbers)
            for _ in range(self._others):
                assert self.put.acquire(timeout=10)
        else:
            self.batches.append(numbers)
        if min(numbers) < 0:
            raise ValueError(f"{min(numbers)} is negative")
        return [2 * n for n in numbers]


def ask_at_once(call, numbers, most=8):
    """The first number is asked alone; the others while it is being answered, one after the other."""
    together = Batched(call, most)

    def ask(number):
        try:
            return together(number)[0]
        except ValueError as error:
            return str(error)

    with ThreadPoolExecutor(len(numbers)) as pool:
        found = [pool.submit(ask, numbers[0])]
        while not call.batches:
            pass
        for number in numbers[1:]:
            before = len(together._waiting)
            found.append(pool.submit(ask, number))
            while len(together._waiting) == before:
                pass
            call.put.release()
        return [one.result(10) for one in found]


def test_who_asks_alone_is_answered_at_once():
    call = Doubling()
    together = Batched(call)
    assert [together(n) for n in range(3)] == [[0], [2], [4]]
    assert call.batches == [[0], [1], [2]]


def test_several_questions_of_one_are_asked_together():
    call = Doubling()
    assert Batched(call)(1, 2, 3) == [2, 4, 6]
    assert call.batches == [[1, 2, 3]]


def test_those_who_come_meanwhile_go_together_in_their_order():
    call = Doubling(others=4)
    assert ask_at_once(call, [1, 2, 3, 4, 5]) == [2, 4, 6, 8, 10]
    assert call.batches == [[1], [2, 3, 4, 5]]


def test_no_call_grows_beyond_its_bound():
    call = Doubling(others=5)
    assert ask_at_once(call, [1, 2, 3, 4, 5, 6], most=2) == [2, 4, 6, 8, 10, 12]
    assert call.batches == [[1], [2, 3], [4, 5], [6]]


def test_a_bad_question_fails_alone():
    call = Doubling(others=3)
    assert ask_at_once(call, [1, 2, -3, 4]) == [2, 4, "-3 is negative", 8]


def test_an_error_reaches_who_asked():
    with pytest.raises(ValueError, match="negative"):
        Batched(Doubling())(-1)
