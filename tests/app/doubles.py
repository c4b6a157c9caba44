"""Scripted senses and fusion for the tests: they answer what a test told them to, at once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import numpy as np

from comp_core.inference.budget import Budget
from comp_core.inference.fusion import Fused
from comp_core.modalities import AUDIO, LABELS, MODALITIES, SUBSETS, TEXT, VIDEO
from comp_core.modeling.registry import KINDS
from comp_core.senses.reading import NO_FACE, NO_WORDS, NOT_GIVEN, SILENCE, SWITCHED_OFF, Reading
from comp_core.senses.speech.utterances import Utterance


def feature(label: str) -> np.ndarray:
    """A feature that stands for one label."""
    return np.eye(len(LABELS), dtype=np.float32)[LABELS.index(label)]


@dataclass(frozen=True)
class Seen:
    box: tuple | None
    feature: np.ndarray | None
    quality: float = 1.0
    look: np.ndarray = field(default_factory=lambda: np.ones(4) / 2)
    mouth: float = 0.0


@dataclass
class ScriptedFace:
    """Sees `label` in every picture that is not black; or, where there are some, all of `people`."""

    label: str = "joy"
    error: Exception | None = None
    people: list | None = None

    def see_all(self, picture, locator):
        if self.error:
            raise self.error
        there = picture.any()
        if not there or self.people is not None:
            return list(self.people or ()) if there else []
        return [Seen((0.2, 0.2, 0.6, 0.8), feature(self.label))]

    def summarise(self, frames, freshness=None):
        seen = [frame.feature for frame in frames if frame.feature is not None]
        if not seen:
            return Reading.absent(NO_FACE)
        mean = np.mean(seen, 0)
        return Reading(mean, quality=1.0, probabilities=0.9 * mean + 0.1 / 7)


@dataclass
class ScriptedVoice:
    label: str = "anger"
    error: Exception | None = None
    lengths: list = field(default_factory=list)

    def read(self, samples):
        self.lengths.append(len(samples))
        if self.error:
            raise self.error
        return Reading(feature(self.label), quality=1.0) if len(samples) >= 4800 else Reading.absent(SILENCE)


@dataclass
class ScriptedWords:
    """Reads the first label that the text names."""

    error: Exception | None = None

    def read(self, text):
        if self.error:
            raise self.error
        named = [label for label in LABELS if label in text]
        return Reading(feature(named[0] if named else "neutral"), quality=1.0) if text.strip() else Reading.absent(NO_WORDS)


TITLES = {"comp": "ComP", "prlf": "PRLF"}


class ScriptedPredictor:
    """Fuses by the mean of the present features; remembers the conversations it was given."""

    def __init__(self):
        self.face, self.voice, self.words = ScriptedFace(), ScriptedVoice(), ScriptedWords()
        self.recogniser = None
        self.notices = []
        self.answer_thresholds = dict.fromkeys(SUBSETS, 0.4)
        self.labels = LABELS
        self.context, self.budget = 2, Budget()
        labels = {"labels": LABELS, "by_senses": True, "left": lambda moments: moments}
        asked = {
            **labels,
            "fuse": self.fuse,
            "fuse_last": self.fuse_last,
            "model": None,
            "answer_thresholds": self.answer_thresholds,
            "context": 2,
        }
        # Nothing can be looked at inside a double.
        kinds = {name: replace(KINDS[name], prompts=False, leads=False) for name in TITLES}
        self.fusions = {name: SimpleNamespace(name=title, kind=kinds[name], **asked) for name, title in TITLES.items()}
        self.conversations = []
        self.models = []
        self.records = []
        self.file_error = None

    def fuse_last(self, moments, without=()):
        self.conversations.append(list(moments))
        return self._fused(moments, without)

    def _fused(self, moments, without):
        readings = {m: Reading.absent(SWITCHED_OFF) if m in without else moments[-1].get(m, Reading.absent(NOT_GIVEN)) for m in MODALITIES}
        present = {m: r.feature for m, r in readings.items() if r.present}
        spread = {m: dict(zip(LABELS, (0.9 * x + 0.1 / 7).tolist(), strict=True)) for m, x in present.items()}
        fused = {label: float(np.mean([p[label] for p in spread.values()])) for label in LABELS} if present else None
        return Fused(
            fused=fused,
            by_modality={m: spread.get(m) for m in MODALITIES},
            weights=dict.fromkeys(MODALITIES, 1 / 3) if present else None,
            observed={m: m in present for m in MODALITIES},
            dominant=None,
            absent_because={m: r.absent_because for m, r in readings.items() if not r.present},
            answer_threshold=0.4,
        )

    def fuse(self, moments, without=()):
        return [self.fuse_last(moments[: n + 1], without) for n in range(len(moments))]

    def fuse_present(self, asked):
        off = {name: [m for m in MODALITIES if m not in subset] for name, subset in SUBSETS.items()}
        return [
            (self.fuse_last(moments, without), {name: self._fused(moments, others).fused for name, others in off.items()})
            for moments, without in asked
        ]

    def fusion(self, model=None):
        self.models.append(model)
        return self

    def predict_parts(self, path, text=None, without=(), progress=lambda *_: None, model=None, language="en"):
        progress(0.5, "reading")
        yield from self.records
        if self.file_error:
            raise self.file_error

    def predict_file(self, path, text=None, without=(), progress=lambda *_: None, model=None, language="en"):
        return list(self.predict_parts(path, text, without, progress, model, language))

    def predict_text(self, text, model=None):
        return {"start": 0.0, "end": 0.0, "transcript": text, **self.fuse_last([{TEXT: self.words.read(text)}]).as_dict()}


# Zeros that are a pause within an utterance.
SHORT_PAUSE = 800


class ScriptedSegmenter:
    """Loud samples are speech, zeros are silence; an utterance pauses with a few zeros and ends with more."""

    def __init__(self):
        self._samples = np.zeros(0, np.float32)
        self._time = self._spoken_until = 0.0
        self.speech_probability = 0.0
        self.pausing = False
        self.error = None

    @property
    def time(self):
        return self._time

    @property
    def speaking(self):
        return self._samples.size > 0

    @property
    def open(self):
        return self._utterance(complete=False) if self._samples.size else None

    @property
    def paused(self):
        return self.open if self.pausing else None

    def push(self, samples):
        if self.error:
            raise self.error
        self._time += len(samples) / 16000
        self.speech_probability = float(samples.any())
        self.pausing = not samples.any() and len(samples) < SHORT_PAUSE
        if self.pausing:
            return []
        if samples.any():
            self._samples = np.concatenate([self._samples, samples])
            self._spoken_until = self._time
            return []
        if not self._samples.size:
            return []
        ended = self._utterance(complete=True)
        self._samples = np.zeros(0, np.float32)
        return [ended]

    def finish(self):
        ended = [self._utterance(complete=True)] if self._samples.size else []
        self._samples = np.zeros(0, np.float32)
        return ended

    def skip(self, seconds):
        ended = self.finish()
        self._time += seconds
        return ended

    def _utterance(self, complete):
        return Utterance(self._spoken_until - len(self._samples) / 16000, self._spoken_until, self._samples, complete)


class ScriptedLocator:
    closed = False

    def close(self):
        self.closed = True


class ScriptedTranscriber:
    """Keeps the requests; a test delivers the words when it wants."""

    def __init__(self, available=True):
        self.available = available
        self.quick, self.waiting = False, 0
        self.requests = []
        self.languages_asked = []
        self.languages = {"en": "english", "de": "german"}
        self.status = {"state": "ready", "name": "script", "note": ""}

    def can_do_within(self, seconds):
        return self.quick

    def submit(self, samples, deliver, speaker):
        if self.available:
            self.requests.append((samples, deliver))
            self.languages_asked.append(speaker.language)
        return self.available


def record(start=0.0, end=1.0, transcript="hello", **features):
    """An utterance record as predict_file gives it, from label names by modality."""
    predictor = ScriptedPredictor()
    absent = {AUDIO: SILENCE, TEXT: NO_WORDS, VIDEO: NO_FACE}
    readings = {m: Reading(feature(features[m])) if m in features else Reading.absent(absent[m]) for m in MODALITIES}
    return {"start": start, "end": end, "transcript": transcript, **predictor.fuse_last([readings]).as_dict()}
