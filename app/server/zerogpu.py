"""A GPU that the host lends for seconds at a time (Hugging Face's ZeroGPU), for the words of a clip whose owner asks for it.

The live loop never uses it: its models are small, and to borrow a GPU takes longer than they do. A larger Whisper gains by it.
"""

from __future__ import annotations

import copy
import logging
import os
from typing import Any

import numpy as np

from comp_core.predictor import Predictor
from comp_core.senses.speech.recognition import ENGLISH, Recogniser, Transcript, WhisperRecogniser, load_recogniser

logger = logging.getLogger(__name__)

WHISPER = "small.en"
# Asked of the host for one utterance; what is not used is not counted. The first has to move the model, too.
LOAN_SECONDS = 15


def lends_gpu() -> bool:
    """Whether this host lends GPUs."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")


def with_lent_gpu(predictor: Predictor) -> Any:
    """A predictor that shares everything with this one, but recognises words on a lent GPU.

    To be called before the page is opened: a host that lends GPUs looks then whether the program wants any.
    """
    borrowing = copy.copy(predictor)
    borrowing.recogniser = BorrowingRecogniser(predictor)
    return borrowing


class BorrowingRecogniser(Recogniser):
    """A larger Whisper, on a GPU that is lent anew for each utterance; the predictor's own recogniser where none is to be had.

    It knows English only. Other languages are left to the predictor's own, if that knows them.
    """

    def __init__(self, predictor: Predictor) -> None:
        import spaces

        super().__init__(f"Whisper {WHISPER} on a lent GPU")
        self._predictor = predictor
        self._large: WhisperRecogniser | None = None
        # The host runs what it wraps in a process of its own, forked from this one when the GPU is there.
        self._on_gpu = spaces.GPU(duration=LOAN_SECONDS)(self._recognise)

    def check(self, language: str) -> None:
        own = self._predictor.recogniser
        if language == ENGLISH or own is None:
            super().check(language)
        else:
            own.check(language)

    def _transcribe(self, samples: np.ndarray, language: str) -> Transcript:
        own = self._predictor.recogniser
        if language != ENGLISH:
            return own.transcribe(samples, language)
        if self._large is None:
            self._large = load_recogniser(WHISPER, "cpu", logger.info)
        if self._large and not self._large.note:  # else it is not the large one
            try:
                return self._on_gpu(samples, language)
            except Exception:  # the host raises many kinds: nothing free, the visitor's minutes used up, the process lost
                logger.warning("no GPU was lent; the CPU recognises the words", exc_info=True)
        return own.transcribe(samples, language) if own else Transcript("", 0.0)

    def _recognise(self, samples: np.ndarray, language: str) -> Transcript:
        return self._large.on("cuda").transcribe(samples, language)
