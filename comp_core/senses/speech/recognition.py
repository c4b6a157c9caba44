"""Speech recognition: Whisper where its weights can be had, else the offline recogniser PocketSphinx.

Both are given arrays and only speech: Whisper invents words in silence, so that voice activity comes first.
"""

from __future__ import annotations

import math
import re
import socket
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from threading import Lock
from typing import Any

import numpy as np

from comp_core.senses.speech.vad import SAMPLE_RATE
from comp_core.senses.sphinx_process import SphinxProcess
from comp_core.support.devices import Placed
from comp_core.support.errors import CompCoreError

OFF = "off"
# The language of the words sense. Others are translated into it, by a recogniser that can.
ENGLISH = "en"

# Whisper's own measures of a segment beyond which it is more likely invented than heard (the thresholds of Radford et al., 2022).
_MOST_NO_SPEECH = 0.6
_LEAST_LOGPROB = -1.0
_MOST_REPETITION = 2.4  # compression ratio of the text: a loop of one phrase compresses well

# A dead network must not hold up the start for minutes.
_NETWORK_TIMEOUT = 15.0

# PocketSphinx: fillers such as <sil>, [NOISE], ++BREATH++, and the number of a pronunciation, as in "read(2)".
_SPHINX_MARKS = re.compile(r"<[^>]*>|\[[^\]]*\]|\+\+[^+]*\+\+|\(\d+\)")


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
        model: what ``whisper.load_model`` returns.
        languages: code -> name of the languages that a multilingual model was trained on.
    """

    def __init__(self, model: Any, name: str, languages: Mapping[str, str] | None = None) -> None:
        super().__init__(f"Whisper {name}", languages=languages if model.is_multilingual else None)
        self._model = model
        self._size = name
        self.placed = Placed("speech recognition", str(model.device), model)

    def on(self, device: str) -> WhisperRecogniser:
        """The same recogniser, its model moved to a device."""
        return WhisperRecogniser(self._model.to(device), self._size, self.languages)

    def _transcribe(self, samples: np.ndarray, language: str) -> Transcript:
        options = {
            "language": language,
            "task": "transcribe" if language == ENGLISH else "translate",
            "temperature": 0.0,
            "condition_on_previous_text": False,
            "verbose": None,
        }
        heard = self.placed.run(lambda device: self._model.transcribe(samples, fp16=device.startswith("cuda"), **options))
        segments = [segment for segment in heard["segments"] if is_heard(segment)]
        text = " ".join(segment["text"].strip() for segment in segments).strip()
        if not text:
            return Transcript("", 0.0)
        seconds = [max(1e-3, segment["end"] - segment["start"]) for segment in segments]
        confidence = [math.exp(segment["avg_logprob"]) * (1 - segment["no_speech_prob"]) for segment in segments]
        return Transcript(text, float(np.clip(np.average(confidence, weights=seconds), 0, 1)))


def is_heard(segment: dict[str, Any]) -> bool:
    """Whether a segment of Whisper's result was heard rather than invented."""
    return (
        segment["no_speech_prob"] <= _MOST_NO_SPEECH
        and segment["avg_logprob"] >= _LEAST_LOGPROB
        and segment["compression_ratio"] <= _MOST_REPETITION
    )


class SphinxRecogniser(Recogniser):
    """CMU PocketSphinx with its own US English model (BSD): no download; it errs in about three words of ten of human speech."""

    def __init__(self, note: str = "") -> None:
        super().__init__("PocketSphinx (offline, low accuracy)", note)
        self._process = SphinxProcess(SAMPLE_RATE)

    def _transcribe(self, samples: np.ndarray, language: str) -> Transcript:
        hypothesis = self._process.decode((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
        words = _SPHINX_MARKS.sub(" ", hypothesis["text"]).split()
        if not words:
            return Transcript("", 0.0)
        # The posterior of the whole sentence falls with its length; its geometric mean is that of one word.
        return Transcript(" ".join(words), float(np.clip(hypothesis["probability"], 0, 1) ** (1 / len(words))))


def load_recogniser(spec: str = "tiny.en", device: str = "cpu", notify: Callable[[str], None] = lambda _: None) -> Recogniser | None:
    """The recogniser that was asked for, or the best that can be had.

    Args:
        spec: the name of a Whisper model, the path of a Whisper checkpoint (``.pt`` in OpenAI's format), or ``"off"``.
        device: of Whisper, such as ``"cpu"`` or ``"cuda"``.
        notify: is told in one sentence each what is being loaded and what could not be.

    Returns:
        None when it is off, or when no recogniser is installed: words can then be typed.

    Raises:
        RecogniserError: ``spec`` is neither a model nor a readable checkpoint.
    """
    if spec.strip().lower() == OFF:
        return None
    try:
        import whisper
        from whisper.tokenizer import LANGUAGES
    except (ImportError, OSError):
        return _fall_back("Whisper is not installed (pip install openai-whisper)", notify)
    if spec in whisper.available_models():
        notify(f"Loading Whisper {spec}; the first use downloads it.")
        try:
            model = _load_by_name(whisper, spec, device)
        # Besides network errors: a wrong hash (RuntimeError), a proxy's page in place of the file (TypeError, ValueError).
        except (OSError, RuntimeError, TypeError, ValueError, EOFError, UnpicklingError) as error:
            return _fall_back(f"Whisper {spec} could not be loaded ({_first_line(error)})", notify)
        return WhisperRecogniser(model, spec, LANGUAGES)
    return WhisperRecogniser(_load_checkpoint(whisper, Path(spec).expanduser(), device), Path(spec).name, LANGUAGES)


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


def _fall_back(reason: str, notify: Callable[[str], None]) -> Recogniser | None:
    try:
        recogniser = SphinxRecogniser(f"{reason}, so the offline recogniser is used.")
    except (ImportError, OSError, RuntimeError):
        notify(f"{reason}, and PocketSphinx is not installed either (pip install pocketsphinx): words must be typed.")
        return None
    notify(recogniser.note)
    return recogniser


def _first_line(error: Exception) -> str:
    if isinstance(error, UnpicklingError):
        return "it holds more than plain weights, or no weights at all"
    cause = getattr(error, "reason", error)  # a URLError wraps what happened
    lines = str(getattr(cause, "strerror", None) or cause).strip().splitlines()
    return lines[0][:120].rstrip(".") if lines else type(error).__name__
