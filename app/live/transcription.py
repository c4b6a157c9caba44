"""One speech recogniser for all visitors, in a thread of its own: it may be slow, the live loop may not."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Protocol

import numpy as np

from comp_core.senses.speech.recognition import Recogniser, Transcript

logger = logging.getLogger(__name__)

# Utterances that may wait. Beyond that the words would come too late to be of use.
QUEUE_LENGTH = 16
# Of these, one visitor's: nobody who talks without a pause takes the words from the others.
OF_ONE_VISITOR = 4

Notify = Callable[[str], None]
# Receives what was recognised, the milliseconds it took, and the reason when it failed.
Deliver = Callable[[Transcript, float, str | None], None]
NOTHING = Transcript("", 0.0)


class Speaker(Protocol):
    """Whose utterance it is, and in which language; of one that is closed nothing is recognised any more."""

    language: str

    @property
    def closed(self) -> bool: ...


class Transcriber:
    """Loads a recogniser in the background, then serves requests one after the other.

    Args:
        load: makes the recogniser (or None where recognition is off); is given a callback for its progress messages.
        on_ready: is given the recogniser once it is there.
    """

    def __init__(
        self, load: Callable[[Notify], Recogniser | None], on_ready: Callable[[Recogniser], None] = lambda recogniser: None
    ) -> None:
        self._load, self._on_ready = load, on_ready
        self._jobs: queue.Queue[tuple[np.ndarray, Deliver, Speaker]] = queue.Queue(QUEUE_LENGTH)
        self._recogniser: Recogniser | None = None
        self._status = {"state": "loading", "name": "", "note": "Speech recognition is loading."}
        self._last_note = ""
        self._busy = False
        self._took = 0.0

    def start(self) -> Transcriber:
        threading.Thread(target=self._run, name="transcriber", daemon=True).start()
        return self

    @property
    def status(self) -> dict[str, str]:
        """`state` (loading, ready, off, failed), the recogniser's `name`, and a `note` in one sentence."""
        return dict(self._status)

    @property
    def languages(self) -> Mapping[str, str]:
        """Code -> English name of what may be spoken; nothing while it loads, and where there is no recogniser."""
        return self._recogniser.languages if self._recogniser else {}

    @property
    def available(self) -> bool:
        return self._status["state"] in ("ready", "loading")

    @property
    def idle(self) -> bool:
        return self._status["state"] == "ready" and not self._busy and self._jobs.empty()

    @property
    def waiting(self) -> int:
        """Utterances that wait, beside the one that is being recognised; none while it loads, which nobody can hasten."""
        return self._jobs.qsize() if self._status["state"] == "ready" else 0

    def can_do_within(self, seconds: float) -> bool:
        """Whether what is asked for now is likely to be recognised within so many seconds, judged by the last one."""
        return self.idle and self._took <= seconds

    def submit(self, samples: np.ndarray, deliver: Deliver, speaker: Speaker) -> bool:
        """Ask for the words in ``samples`` (float32, 16 kHz); False when there is no recogniser or too much waits."""
        with self._jobs.mutex:
            waiting = sum(job[2] is speaker for job in self._jobs.queue)
        if not self.available or waiting >= OF_ONE_VISITOR:
            return False
        try:
            self._jobs.put_nowait((samples, deliver, speaker))
        except queue.Full:
            return False
        return True

    def _run(self) -> None:
        try:
            self._recogniser = self._load(self._note)
        except Exception:
            logger.exception("speech recognition could not be loaded")
            return self._give_up("failed", "Speech recognition could not be loaded. Typed words still work; the program's log says why.")
        if self._recogniser is None:
            return self._give_up("off", self._last_note or "Speech recognition is off. Typed words still work.")
        self._status = {"state": "ready", "name": self._recogniser.name, "note": self._recogniser.note}
        self._on_ready(self._recogniser)
        while True:
            samples, deliver, speaker = self._jobs.get()
            if not speaker.closed:
                self._serve(samples, speaker.language, deliver)

    def _serve(self, samples: np.ndarray, language: str, deliver: Deliver) -> None:
        self._busy = True
        begin, heard, error = perf_counter(), NOTHING, None
        try:
            heard = self._recogniser.transcribe(samples, language)
        except Exception as failure:
            logger.exception("speech recognition failed")
            error = str(failure) or type(failure).__name__
        self._busy = False
        self._took = perf_counter() - begin
        deliver(heard, 1000 * self._took, error)

    def _give_up(self, state: str, note: str) -> None:
        logger.warning(note)
        self._status = {"state": state, "name": "", "note": note}
        while not self._jobs.empty():
            _, deliver, _ = self._jobs.get_nowait()
            deliver(NOTHING, 0.0, note)

    def _note(self, message: str) -> None:
        self._last_note = message
        self._status = {**self._status, "note": message}
