"""Speech recognition by Whisper. The weights of tiny.en are installed with the program; other models can be had by name or path.

It is given arrays and only speech: Whisper invents words in silence, so that voice activity comes first.
"""

from __future__ import annotations

import errno
import logging
import math
import socket
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from threading import Lock
from typing import Any

import numpy as np

from comp_core.senses.speech import whisper_tiny as tiny
from comp_core.senses.speech.invention import MOST_NO_SPEECH, is_heard
from comp_core.senses.speech.utterances import segment
from comp_core.senses.speech.vad import SAMPLE_RATE
from comp_core.senses.speech.whisper_decoding import SILENCE_AFTER, WHOLE_CONTEXT, Decoded, context_for, decode
from comp_core.support.devices import Placed
from comp_core.support.errors import CompCoreError

logger = logging.getLogger(__name__)

OFF = "off"
# The language of the words sense. Others are translated into it, by a recogniser that can.
ENGLISH = "en"

# A dead network must not hold up the start for minutes.
_NETWORK_TIMEOUT = 15.0


class RecogniserError(CompCoreError):
    """The recogniser that was asked for cannot be used; the message says what to do."""


@dataclass(frozen=True)
class Transcript:
    """``text`` as recognised ("" when nothing was understood); ``confidence`` 0 to 1, about the probability of a word."""

    text: str
    confidence: float


class Recogniser(ABC):
    """Speech -> text. Safe to share between threads: one transcription runs at a time.

    Attributes:
        name: what the page calls it.
        note: one sentence why it is this one; "" if it is the one that was asked for.
        languages: code -> English name of the languages that it understands.
        placed: where it runs; None if that is the CPU in any case.
    """

    placed: Placed | None = None

    def __init__(self, name: str, note: str = "", languages: Mapping[str, str] | None = None) -> None:
        self.name = name
        self.note = note
        self.languages = languages or {ENGLISH: "english"}
        self._lock = Lock()

    def transcribe(self, samples: np.ndarray, language: str = ENGLISH) -> Transcript:
        """The English words of one utterance.

        Args:
            samples: (n,) float32 mono 16 kHz.
            language: what is spoken, one of ``languages``; another than English is translated.

        Raises:
            RecogniserError: it does not understand the language.
        """
        self.check(language)
        if not len(samples):
            return Transcript("", 0.0)
        with self._lock:
            return self._transcribe(np.asarray(samples, dtype=np.float32), language)

    def check(self, language: str) -> None:
        """Raise what `transcribe` would raise of this language, before there is anything to transcribe."""
        if language not in self.languages:
            raise RecogniserError(
                f"{self.name} does not understand {language!r}, only {', '.join(self.languages)}. "
                "For other languages take a Whisper model without .en in its name, such as tiny or base."
            )

    @abstractmethod
    def _transcribe(self, samples: np.ndarray, language: str) -> Transcript: ...


class WhisperRecogniser(Recogniser):
    """OpenAI's Whisper (MIT).

    Args:
        model: an openai-whisper ``Whisper``.
        note: one sentence if another one was asked for.
        languages: code -> name of the languages that a multilingual model was trained on.
    """

    def __init__(self, model: Any, name: str, note: str = "", languages: Mapping[str, str] | None = None) -> None:
        super().__init__(f"Whisper {name}", note, languages if model.is_multilingual else None)
        self._model = model
        self._size = name
        self.placed: Placed = Placed("speech recognition", str(model.device), model)

    def on(self, device: str) -> WhisperRecogniser:
        """The same recogniser, its model moved to a device."""
        return WhisperRecogniser(self._model.to(device), self._size, self.note, self.languages)

    def _transcribe(self, samples: np.ndarray, language: str) -> Transcript:
        task = "transcribe" if language == ENGLISH else "translate"
        whole = len(samples) <= SAMPLE_RATE * (WHOLE_CONTEXT - SILENCE_AFTER)
        parts = [samples] if whole else [utterance.samples for utterance in segment(samples)]
        heard = [(part, decoded) for part in parts if is_heard(decoded := self._decode(part, language, task))]
        if not heard:
            return Transcript("", 0.0)
        confidence = [math.exp(decoded.log_probability) * (1 - decoded.no_speech) for _, decoded in heard]
        mean = np.average(confidence, weights=[len(part) for part, _ in heard])
        return Transcript(" ".join(decoded.text for _, decoded in heard), float(np.clip(mean, 0, 1)))

    def _decode(self, samples: np.ndarray, language: str, task: str) -> Decoded:
        """With a short context; with the whole one where the text repeats itself for lack of silence after the sound."""
        context = context_for(len(samples) / SAMPLE_RATE)
        decoded = self.placed.run(lambda _: decode(self._model, samples, context, language, task))
        if decoded.repeats and decoded.no_speech <= MOST_NO_SPEECH:
            decoded = self.placed.run(lambda _: decode(self._model, samples, WHOLE_CONTEXT, language, task))
        return decoded


def load_recogniser(spec: str = tiny.NAME, device: str = "cpu", notify: Callable[[str], None] = lambda _: None) -> Recogniser | None:
    """The recogniser that was asked for, or the one that is always there.

    Args:
        spec: ``"tiny.en"``, whose weights are installed; the name of another Whisper model, which is downloaded; the path of a Whisper
            checkpoint (``.pt`` in OpenAI's format); or ``"off"``.
        device: of Whisper, such as ``"cpu"`` or ``"cuda"``.
        notify: is told in one sentence each what is being loaded and what could not be.

    Returns:
        None when it is off, or when none can be had: words can then be typed.

    Raises:
        RecogniserError: ``spec`` is neither a model nor a readable checkpoint.
    """
    if spec.strip().lower() == OFF:
        return None
    try:
        import whisper
        from whisper.tokenizer import LANGUAGES
    except (ImportError, OSError):
        notify("Whisper is not installed (pip install openai-whisper): words must be typed.")
        return None
    if spec == tiny.NAME:
        return _installed(device, notify)
    if spec in whisper.available_models():
        notify(f"Loading Whisper {spec}; the first use downloads it.")
        try:
            model = _load_by_name(whisper, spec, device)
        # Besides network errors: a wrong hash (RuntimeError), a proxy's page in place of the file (TypeError, ValueError).
        except (OSError, RuntimeError, TypeError, ValueError, EOFError, UnpicklingError) as error:
            return _installed(device, notify, f"Whisper {spec} {_why_not_loaded(error)}")
        return WhisperRecogniser(model, spec, languages=LANGUAGES)
    return WhisperRecogniser(_load_checkpoint(whisper, Path(spec).expanduser(), device), Path(spec).name, languages=LANGUAGES)


def _installed(device: str, notify: Callable[[str], None], failed: str = "") -> Recogniser | None:
    """Whisper tiny.en; ``failed`` says why it is not the one that was asked for."""
    try:
        model = tiny.load_model(device)
    except tiny.WeightsMissing as error:
        notify(f"{failed} And {error}: words must be typed." if failed else f"{_capital(str(error))}: words must be typed.")
        return None
    if not failed:
        return WhisperRecogniser(model, tiny.NAME)
    recogniser = WhisperRecogniser(model, tiny.NAME, f"{failed} Until then {tiny.NAME} is used.")
    notify(recogniser.note)
    return recogniser


def _load_by_name(whisper: Any, name: str, device: str) -> Any:
    """Whisper downloads without a time limit of its own, with a progress bar on standard error."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_NETWORK_TIMEOUT)
    try:
        return whisper.load_model(name, device=device)
    finally:
        socket.setdefaulttimeout(before)


def _load_checkpoint(whisper: Any, path: Path, device: str) -> Any:
    """Whisper reads it with ``weights_only``: a file that would run code as it is unpickled is refused."""
    if not path.is_file():
        names = ", ".join(whisper.available_models())
        raise RecogniserError(f"{str(path)!r} is neither a file nor a Whisper model: give the path of a .pt file, off, or one of {names}.")
    try:
        return whisper.load_model(str(path), device=device)
    except Exception as error:  # bytes that are no checkpoint can fail in any way while they are unpickled
        raise RecogniserError(
            f"{path} is not a Whisper checkpoint that can be loaded on {device} ({_first_line(error)}): "
            "take a .pt file as OpenAI publishes it, with dims and model_state_dict."
        ) from error


def _why_not_loaded(error: Exception) -> str:
    """What went wrong with a model that is downloaded, and what to do; the system's own words go to the log."""
    logger.warning("a Whisper model could not be loaded: %s", _first_line(error))
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS):
        return "could not be stored: make room for it in the cache folder of this computer, and start again."
    if isinstance(error, OSError):
        return "could not be downloaded: connect this computer to the network and start again, or give the path of its .pt file."
    return "came damaged: start again to download it anew, or give the path of its .pt file."


def _first_line(error: Exception) -> str:
    if isinstance(error, UnpicklingError):
        return "it holds more than plain weights, or no weights at all"
    cause = getattr(error, "reason", error)  # a URLError wraps what happened
    lines = str(getattr(cause, "strerror", None) or cause).strip().splitlines()
    return lines[0][:120].rstrip(".") if lines else type(error).__name__


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
