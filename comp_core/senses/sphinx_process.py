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
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

_ROOT = Path(__file__).resolve().parents[2]
_LENGTH = struct.Struct("<I")
# Words may come later than pictures: the decoder gives way to the live loop.
_NICENESS = 10


class SphinxProcess:
    """The owner's side: starts the process, sends it samples, restarts it if it died.

    Raises:
        ImportError: PocketSphinx is not installed.
        RuntimeError: it cannot be started, or stopped while it worked.
    """

    def __init__(self, sample_rate: int) -> None:
        if find_spec("pocketsphinx") is None:
            raise ImportError("pocketsphinx is not installed")
        self._sample_rate = sample_rate
        self._process = self._start()

    def decode(self, samples: bytes) -> dict[str, Any]:
        """int16 samples -> ``{"text": best hypothesis or "", "probability": its posterior}``."""
        if self._process.poll() is not None:
            self._process = self._start()
        try:
            self._process.stdin.write(_LENGTH.pack(len(samples)) + samples)
            self._process.stdin.flush()
            return self._answer(self._process)
        except BrokenPipeError as error:
            raise RuntimeError("the offline recogniser stopped") from error

    def close(self) -> None:
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def _start(self) -> subprocess.Popen:
        command = [sys.executable, "-m", __name__, str(self._sample_rate)]
        process = subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self._answer(process)  # it says when its model is loaded
        return process

    @staticmethod
    def _answer(process: subprocess.Popen) -> dict[str, Any]:
        line = process.stdout.readline()
        if not line:
            raise RuntimeError("the offline recogniser stopped")
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
