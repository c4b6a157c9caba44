"""The recogniser's process is killed, or hangs: the words of that utterance are absent and say why, and the next ones are recognised."""

import os
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from app.live.transcription import Transcriber
from comp_core.senses.reading import NO_WORDS
from comp_core.senses.speech.recognition import SphinxRecogniser
from comp_core.senses.speech.vad import SAMPLE_RATE
from comp_core.senses.sphinx_process import SphinxProcess
from tests.app.sessions import FACE, QUIET, SteppedSession

pytest.importorskip("pocketsphinx")
fcntl, termios = pytest.importorskip("fcntl"), pytest.importorskip("termios")
SOUND = np.zeros(SAMPLE_RATE // 2, np.int16).tobytes()


@pytest.fixture(scope="module")
def running():
    process = SphinxProcess(SAMPLE_RATE)
    yield process
    process.close()


def hold(process):
    """It will not answer: whatever it is given next, it is in the middle of it."""
    os.kill(process._process.pid, signal.SIGSTOP)


def wait_until_given(process):
    """Until the held one has been given something to do: killed before, it would be started anew, and nothing would be lost."""
    limit = time.monotonic() + 60
    while not int.from_bytes(fcntl.ioctl(process._process.stdin, termios.FIONREAD, bytes(4)), sys.byteorder):
        assert time.monotonic() < limit
        time.sleep(0.01)


def open_files():
    return len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").is_dir() else 0


def test_killed_in_the_middle_of_an_utterance_it_says_so_and_is_started_anew(running):
    before, first = open_files(), running._process
    hold(running)
    threading.Timer(0.3, first.kill).start()
    with pytest.raises(RuntimeError, match="the offline recogniser stopped"):
        running.decode(SOUND)
    assert "text" in running.decode(SOUND)
    assert running._process is not first
    assert first.returncode == -signal.SIGKILL
    assert open_files() == before


def test_killed_between_two_utterances_nothing_is_lost(running):
    running._process.kill()
    running._process.wait()
    assert "text" in running.decode(SOUND)


def test_one_that_hangs_is_ended_after_its_time_limit(running):
    hung = running._process
    hold(running)
    running._limit = 0.3
    with pytest.raises(RuntimeError, match=r"did not answer within 0\.3 s"):
        running.decode(SOUND * 50)  # more than fits into the pipe
    assert hung.returncode == -signal.SIGKILL
    running._limit = 60.0
    assert "text" in running.decode(SOUND)


def test_a_visitor_sees_why_the_words_are_absent_and_the_next_are_there():
    recogniser = SphinxRecogniser()
    ready = threading.Event()
    transcriber = Transcriber(lambda notify: recogniser, on_ready=lambda _: ready.set()).start()
    assert ready.wait(60)
    stepped = SteppedSession(transcriber)
    process = recogniser._process

    def said():
        """The words of the last utterance, when the recogniser is done with it."""
        limit = time.monotonic() + 60
        while (snapshot := stepped.step(FACE, QUIET, seconds=0.01)).pending:
            assert time.monotonic() < limit
            time.sleep(0.02)
        return snapshot.fused["absent_because"].get("text")

    hold(process)
    stepped.say()
    wait_until_given(process)
    process._process.kill()
    assert said() == "failed: the offline recogniser stopped"
    stepped.say()
    assert said() in (None, NO_WORDS)
    assert transcriber.status["state"] == "ready"
    process.close()
