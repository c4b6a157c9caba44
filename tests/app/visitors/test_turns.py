"""Turns at what one call at a time may do: fair between addresses, and never waited for without end."""

import threading
import time

import pytest

from app.refusal import Refused
from app.visitors.turns import MOST_WAITING, Turns


def started(turns, order, address, done):
    def call():
        with turns.turn(address, "full"):
            order.append(address)
            done.wait(5)

    thread = threading.Thread(target=call)
    thread.start()
    return thread


def test_many_calls_of_one_address_let_another_in_between():
    turns, order, done = Turns(5.0), [], threading.Event()
    threads = []
    for address in ("10.0.0.1", *4 * ["10.0.0.1"], "10.0.0.2"):
        threads.append(started(turns, order, address, done))
        time.sleep(0.05)
    done.set()
    for thread in threads:
        thread.join()
    assert order[:2] == ["10.0.0.1", "10.0.0.2"]
    assert len(order) == 6


def test_who_waits_too_long_or_with_too_many_is_told():
    turns, order, done = Turns(0.3), [], threading.Event()
    first = started(turns, order, "10.0.0.1", done)
    time.sleep(0.05)
    with pytest.raises(Refused, match="not yet"), turns.turn("10.0.0.2", "not yet"):
        pass
    patient = Turns(5.0)
    held = [started(patient, [], "10.0.0.1", done) for _ in range(MOST_WAITING + 1)]
    time.sleep(0.2)
    began = time.monotonic()
    with pytest.raises(Refused), patient.turn("10.0.0.1", "full"):
        pass
    assert time.monotonic() - began < 4
    done.set()
    for thread in (first, *held):
        thread.join()


def test_a_call_that_fails_gives_its_turn_back():
    turns = Turns(0.5)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), turns.turn("a", "full"):
            raise ZeroDivisionError
