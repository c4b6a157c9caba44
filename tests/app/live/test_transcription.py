"""The shared recogniser's thread."""

import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

from app.live.transcription import OF_ONE_VISITOR, QUEUE_LENGTH, Transcriber

SOUND = np.ones(1600, np.float32)


class Recogniser:
    name, note = "Scripted", "Because the test wants it."
    languages = {"en": "english", "de": "german"}  # noqa: RUF012

    def __init__(self):
        self.allowed = threading.Semaphore(0)
        self.error = None

    def transcribe(self, samples, language):
        self.allowed.acquire(timeout=10)
        if self.error:
            raise self.error
        return SimpleNamespace(text=f"{len(samples)} samples of {language}", confidence=1.0)


def visit(closed=False, language="en"):
    return SimpleNamespace(closed=closed, language=language)


class Delivery:
    def __init__(self):
        self.arrived = threading.Event()

    def __call__(self, *answer):
        self.answer = answer
        self.arrived.set()

    def wait(self):
        assert self.arrived.wait(10)
        return self.answer


@pytest.fixture
def recogniser():
    return Recogniser()


@pytest.fixture
def ready(recogniser):
    adopted = Delivery()
    transcriber = Transcriber(lambda notify: recogniser, on_ready=adopted).start()
    assert adopted.wait() == (recogniser,)
    return transcriber


def test_words_are_delivered(ready, recogniser):
    delivery = Delivery()
    assert ready.submit(SOUND, delivery, visit())
    recogniser.allowed.release()
    heard, milliseconds, error = delivery.wait()
    assert (heard.text, error) == ("1600 samples of en", None)
    assert milliseconds >= 0
    assert ready.status == {"state": "ready", "name": "Scripted", "note": "Because the test wants it."}


def test_it_is_told_the_language(ready, recogniser):
    assert ready.languages == recogniser.languages
    delivery = Delivery()
    ready.submit(SOUND, delivery, visit(language="de"))
    recogniser.allowed.release()
    assert delivery.wait()[0].text == "1600 samples of de"


def test_a_failure_is_delivered_and_the_next_one_works(ready, recogniser):
    recogniser.error = RuntimeError("out of memory")
    delivery = Delivery()
    ready.submit(SOUND, delivery, visit())
    recogniser.allowed.release()
    assert delivery.wait()[0].text == ""
    assert delivery.answer[2] == "out of memory"
    recogniser.error, again = None, Delivery()
    ready.submit(SOUND, again, visit())
    recogniser.allowed.release()
    assert again.wait()[2] is None


def test_it_knows_how_many_wait(ready, recogniser):
    deliveries = [Delivery() for _ in range(3)]
    for delivery in deliveries:
        ready.submit(SOUND, delivery, visit())
    until = time.monotonic() + 10
    while ready.waiting != 2 and time.monotonic() < until:  # one is being recognised
        time.sleep(0.01)
    assert ready.waiting == 2
    for delivery in deliveries:
        recogniser.allowed.release()
        delivery.wait()
    assert ready.waiting == 0


def test_it_knows_whether_it_is_quick_enough(ready, recogniser):
    assert ready.can_do_within(0.1)
    delivery = Delivery()
    ready.submit(SOUND, delivery, visit())
    assert not ready.can_do_within(1e6)  # it is busy
    time.sleep(0.3)
    recogniser.allowed.release()
    delivery.wait()
    assert not ready.can_do_within(0.1)
    assert ready.can_do_within(1e6)


def test_one_visitor_cannot_take_the_whole_queue(ready, recogniser):
    talkative = visit()
    accepted = [ready.submit(SOUND, Delivery(), talkative) for _ in range(QUEUE_LENGTH)]
    # One more may be in work already.
    assert sum(accepted) in (OF_ONE_VISITOR, OF_ONE_VISITOR + 1)
    assert ready.submit(SOUND, Delivery(), visit())


def test_what_a_visitor_said_who_has_left_is_not_recognised(ready, recogniser):
    gone, last = Delivery(), Delivery()
    ready.submit(SOUND, gone, visit(closed=True))
    ready.submit(SOUND, last, visit())
    recogniser.allowed.release()
    assert last.wait()[2] is None
    assert not gone.arrived.is_set()


def test_a_full_queue_refuses(ready):
    accepted = [ready.submit(SOUND, Delivery(), visit()) for _ in range(QUEUE_LENGTH + 2)]
    assert not accepted[-1]
    assert not ready.idle


def test_what_waits_while_it_loads_is_served(recogniser):
    gate, delivery = threading.Event(), Delivery()

    def load(notify):
        notify("downloading 40 %")
        gate.wait(10)
        return recogniser

    transcriber = Transcriber(load).start()
    assert transcriber.submit(SOUND, delivery, visit())
    assert transcriber.status["state"] == "loading"
    recogniser.allowed.release()
    gate.set()
    assert delivery.wait()[0].text == "1600 samples of en"


def refused(load):
    given_up, delivery = threading.Event(), Delivery()

    def late(notify):
        given_up.wait(10)
        return load(notify)

    transcriber = Transcriber(late).start()
    transcriber.submit(SOUND, delivery, visit())
    given_up.set()
    return transcriber, delivery.wait()


def test_a_recogniser_that_cannot_be_loaded_leaves_typing():
    def load(notify):
        raise RuntimeError("no such checkpoint")

    transcriber, (heard, _, error) = refused(load)
    assert heard.text == ""
    assert "no such checkpoint" not in error
    assert "Typed words still work" in error
    assert transcriber.status["state"] == "failed"
    assert not transcriber.submit(SOUND, Delivery(), visit())


def test_recognition_that_is_off_says_so():
    transcriber, _ = refused(lambda notify: None)
    assert transcriber.status["state"] == "off"
    assert "yped words" in transcriber.status["note"]


def test_nothing_counts_as_waiting_while_it_loads():
    loaded, delivery = threading.Event(), Delivery()
    transcriber = Transcriber(lambda notify: loaded.wait(10) and None).start()
    assert transcriber.submit(SOUND, delivery, visit())
    assert transcriber.waiting == 0
    loaded.set()
    delivery.wait()
