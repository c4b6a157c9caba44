"""Speech recognition as installed: errors on acted speech, time of each context, and what is invented where nothing is said."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

import numpy as np
import torch

from comp_core.evaluation.wordless import WORDLESS
from comp_core.inference.media import open_media
from comp_core.senses.speech import whisper_tiny as tiny
from comp_core.senses.speech.invention import is_heard
from comp_core.senses.speech.recognition import Recogniser, WhisperRecogniser
from comp_core.senses.speech.utterances import segment
from comp_core.senses.speech.vad import SAMPLE_RATE
from comp_core.senses.speech.whisper_decoding import WHOLE_CONTEXT, Decoded, context_for, decode
from comp_core.support.progress import progress
from comp_core.training.task import Task

CLIPS, SOUNDS, SECONDS = 80, 20, 5.0
BACKWARDS = "speech backwards"
# RAVDESS: the fifth part of a clip's name says which sentence it is.
STATEMENTS = {"01": "kids are talking by the door", "02": "dogs are sitting by the door"}


def measure(task: Task) -> None:
    """Write ``recognition.json``: one thread, Whisper tiny.en; nothing is chosen on these clips and sounds."""
    torch.set_num_threads(1)
    model = tiny.load_model()
    recogniser = WhisperRecogniser(model, tiny.NAME)
    paths = sorted((task.data / "ravdess_speech").glob("03-01-*.flac"))
    if not paths:
        raise FileNotFoundError(f"no RAVDESS clips (03-01-*.flac) in {task.data / 'ravdess_speech'}: give the folder of the corpora.")
    random = np.random.default_rng(task.seed)
    chosen = [paths[i] for i in sorted(random.permutation(len(paths))[:CLIPS])]
    heard = ((open_media(path).samples, STATEMENTS[path.stem.split("-")[4]]) for path in progress(chosen, "clips"))
    clips = [(samples, said) for samples, said in heard if samples is not None]
    recogniser.transcribe(clips[0][0])  # the first time is slow
    speech = {
        "as used: cut by voice activity": _heard(lambda samples: _as_used(recogniser, samples), clips),
        "the recogniser on whole clips": _heard(lambda samples: recogniser.transcribe(samples).text, clips),
        "decoded once, context 12 s": _heard(lambda samples: _decoded(model, samples).text, clips),
        "decoded once, context 30 s": _heard(lambda samples: _decoded(model, samples, WHOLE_CONTEXT).text, clips),
    }
    inventions = {}
    for kind, make in progress(list(WORDLESS.items()), "sounds"):
        inventions[kind] = _invented(recogniser, model, [make(round(SECONDS * SAMPLE_RATE), random) for _ in range(SOUNDS)])
    inventions[BACKWARDS] = _invented(recogniser, model, [samples[::-1].copy() for samples, _ in clips[:: CLIPS // SOUNDS]])
    task.write_report(
        "recognition",
        {
            "weights": tiny.SHA256,
            "data": f"RAVDESS speech, {len(clips)} clips of all actors, seed {task.seed}; sounds made of numbers; clips played backwards",
            "metrics": {"speech": speech, "inventions": inventions},
        },
    )


def word_errors(wanted: str, got: str) -> tuple[int, int]:
    """Words that are replaced, left out or put in; and words wanted. Capitals and punctuation do not count."""
    words = words_of(got)
    row = list(range(len(words) + 1))
    for i, word in enumerate(wanted.split(), 1):
        before, row[0] = row[:], i
        for j, other in enumerate(words, 1):
            row[j] = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (word != other))
    return row[-1], len(wanted.split())


def words_of(text: str) -> list[str]:
    """Without capitals and punctuation."""
    return re.findall(r"[a-z']+", text.lower())


def _as_used(recogniser: Recogniser, samples: np.ndarray) -> str:
    return " ".join(recogniser.transcribe(utterance.samples).text for utterance in segment(samples))


def _decoded(model: Any, samples: np.ndarray, context: float | None = None) -> Decoded:
    return decode(model, samples, context or context_for(len(samples) / SAMPLE_RATE), "en", "transcribe")


def _heard(hear: Callable[[np.ndarray], str], clips: Sequence[tuple[np.ndarray, str]]) -> dict[str, Any]:
    """Errors and times of one way to get at the words."""
    texts, took = [], []
    for samples, _ in clips:
        begin = perf_counter()
        texts.append(hear(samples))
        took.append(perf_counter() - begin)
    errors = [word_errors(wanted, text) for text, (_, wanted) in zip(texts, clips, strict=True)]
    return {
        "clips": len(clips),
        "word_error_rate": round(sum(wrong for wrong, _ in errors) / sum(words for _, words in errors), 4),
        "clips_without_error": sum(wrong == 0 for wrong, _ in errors),
        "clips_without_words": sum(not text.strip() for text in texts),
        "median_seconds": round(float(np.median(took)), 3),
    }


def _invented(recogniser: Recogniser, model: Any, sounds: Sequence[np.ndarray]) -> dict[str, int]:
    """Sounds in which words are found: as used, by voice activity alone, by the rules of invention alone, and with neither."""
    let_through = [[utterance.samples for utterance in segment(samples)] for samples in sounds]
    bare = [_decoded(model, samples) for samples in sounds]
    return {
        "sounds": len(sounds),
        "invented": sum(any(recogniser.transcribe(samples).text for samples in parts) for parts in let_through),
        "taken_for_speech": sum(bool(parts) for parts in let_through),
        "invented_without_voice_activity": sum(is_heard(decoded) for decoded in bare),
        "invented_with_neither": sum(bool(decoded.text.strip(" .")) for decoded in bare),
    }
