"""PocketSphinx in a process of its own.

It holds Python's global lock while it decodes, for seconds at a time: in a thread it would stop the live loop of every visitor.
The process reads, on standard input, the number of bytes (4 bytes, little-endian) and then int16 samples; it answers each with
a line of JSON. It ends when its input ends, so it never outlives its owner.
"""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from threading import Event, Timer
from typing import Any, BinaryIO

_ROOT = Path(__file__).resolve().parents[2]
_LENGTH = struct.Struct("<I")
# Words may come later than pictures: the decoder gives way to the live loop.
_NICENESS = 10
# The longest utterance takes a slow computer some seconds. A process that takes this long hangs.
LIMIT_S = 60.0


class SphinxProcess:
    """The owner's side: starts the process, sends it samples, restarts it if it was killed or hung.

    Args:
        sample_rate: of the sound, in Hz.
        limit: seconds after which a process that does not answer is killed.

    Raises:
        ImportError: PocketSphinx is not installed.
        RuntimeError: it cannot be started, or stopped or hung while it worked; the next call starts it anew.
    """

    def __init__(self, sample_rate: int, limit: float = LIMIT_S) -> None:
        if find_spec("pocketsphinx") is None:
            raise ImportError("pocketsphinx is not installed")
        self._sample_rate, self._limit = sample_rate, limit
        self._process: subprocess.Popen | None = None
        with self._watched():
            self._start()

    def decode(self, samples: bytes) -> dict[str, Any]:
        """int16 samples -> ``{"text": best hypothesis or "", "probability": its posterior}``."""
        with self._watched():
            if self._process is None or self._process.poll() is not None:
                self._start()
            self._process.stdin.write(_LENGTH.pack(len(samples)) + samples)
            self._process.stdin.flush()
            return self._answer()

    def close(self) -> None:
        """End the process; a call after that starts another."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(OSError):
            process.stdin.close()
        process.wait()
        process.stdout.close()

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Kill the process when the limit is over, which ends every read and write that waits for it; leave none that has failed."""
        hung = Event()

        def give_up() -> None:
            hung.set()
            self._kill()

        late = Timer(self._limit, give_up)
        late.daemon = True
        late.start()
        try:
            yield
        except (OSError, ValueError, RuntimeError) as error:
            self._kill()
            self.close()
            why = f"did not answer within {self._limit:g} s" if hung.is_set() else "stopped"
            raise RuntimeError(f"the offline recogniser {why}") from error
        finally:
            late.cancel()

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()

    def _start(self) -> None:
        self.close()
        command = [sys.executable, "-m", __name__, str(self._sample_rate)]
        self._process = subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self._answer()  # it says when its model is loaded

    def _answer(self) -> dict[str, Any]:
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("no answer")
        return json.loads(line)


def _serve(samples_in: BinaryIO, answers_out: BinaryIO, sample_rate: int) -> None:
    from pocketsphinx import Decoder

    with suppress(OSError, AttributeError):
        os.nice(_NICENESS)
    decoder = Decoder(samprate=sample_rate, cmn="batch", loglevel="FATAL")
    _say(answers_out, {"ready": True})
    while header := samples_in.read(_LENGTH.size):
        decoder.reinit_feat()  # else the level of one visitor's voice would shift the recogniser for the next
        # The noise estimate of the front end would carry over as well.
        decoder.reinit_feat()
        decoder.start_utt()
        try:
            decoder.process_raw(samples_in.read(*_LENGTH.unpack(header)), full_utt=True)
        finally:
            decoder.end_utt()
        hypothesis = decoder.hyp()
        _say(answers_out, {"text": hypothesis.hypstr, "probability": hypothesis.prob} if hypothesis else {"text": "", "probability": 0.0})


def _say(out: BinaryIO, answer: dict[str, Any]) -> None:
    out.write(json.dumps(answer).encode() + b"\n")
    out.flush()


if __name__ == "__main__":
    _serve(sys.stdin.buffer, sys.stdout.buffer, int(sys.argv[1]))
