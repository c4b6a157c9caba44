"""One visitor: what came in, what is known of the conversation, what is shown. All in memory; it dies with its token."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from app.visits.record import Note, Record
from comp_core.modalities import AUDIO, MODALITIES, TEXT, VIDEO
from comp_core.senses.activity import SAMPLE_RATE
from comp_core.senses.base import DISCONNECTED, NO_FACE, NO_WORDS, SILENCE, Reading
from comp_core.senses.face_choice import Box
from comp_core.senses.recognition import ENGLISH, Transcript
from comp_core.smoothing import TIME_CONSTANT, RecentFaces
from comp_core.spoiling import Spoiling

# Audio that waits for the engine. More than this means that the engine has stopped, not that it is late.
AUDIO_BACKLOG_S = 30.0
# Face frames kept of one utterance: 12 s at 20 frames a second.
FRAMES_PER_TURN = 240
TURNS_KEPT = 12
STAGES = ("decode", "face", "speech", "voice", "recogniser", "words", "fusion")


@dataclass(frozen=True)
class Frame:
    """One camera picture.

    Attributes:
        picture: (H, W, 3) uint8, RGB.
        captured: when it was taken, on the page's own clock in ms; it comes back with the snapshot.
    """

    picture: np.ndarray
    captured: float


@dataclass(frozen=True)
class Heard:
    """What the recogniser says for one turn, `until` so many seconds of the visit; `error` instead when it failed."""

    turn: int
    words: Transcript
    until: float
    milliseconds: float
    error: str | None = None


@dataclass
class Turn:
    """One utterance of the conversation, spoken or typed, while it grows and after.

    Attributes:
        number: counts the turns of the visit.
        start, end: seconds since the visit began; `end` is None while it is still spoken.
        voice, face: readings of the whole turn.
        frames: face frames seen during the turn (features, no pictures).
        spoken: words the recogniser heard, with their reading.
        confidence: how sure the recogniser was of them, 0 to 1.
        typed: words the visitor typed instead, with their reading.
        asked_at: on the engine's clock, when its words were last asked for.
        asked_until, heard_until: seconds since the visit began, up to which words were asked for, and are known.
        pending: the recogniser still works on it.
        shown_until: on the engine's clock, until when it counts as the present moment.
        closed_at: on the engine's clock, when it ended.
        fused: the fused prediction of the turn as a whole.
    """

    number: int
    start: float
    end: float | None = None
    voice: Reading = field(default_factory=lambda: Reading.absent(SILENCE))
    face: Reading = field(default_factory=lambda: Reading.absent(NO_FACE))
    frames: deque = field(default_factory=lambda: deque(maxlen=FRAMES_PER_TURN))
    spoken: tuple[str, Reading] = field(default_factory=lambda: ("", Reading.absent(NO_WORDS)))
    confidence: float = 0.0
    typed: tuple[str, Reading] | None = None
    pending: bool = False
    shown_until: float = 0.0
    closed_at: float = 0.0
    voice_read_at: float = float("-inf")
    asked_at: float = float("-inf")
    asked_until: float = float("-inf")
    heard_until: float = float("-inf")
    fused: dict[str, float] | None = None

    @property
    def open(self) -> bool:
        return self.end is None

    @property
    def transcript(self) -> str:
        return (self.typed or self.spoken)[0]

    @property
    def words(self) -> Reading:
        return (self.typed or self.spoken)[1]

    def readings(self) -> dict[str, Reading]:
        """The turn as one moment of the conversation."""
        return {AUDIO: self.voice, TEXT: self.words, VIDEO: self.face}


class Latencies:
    """The last durations of each stage, in ms."""

    def __init__(self, kept: int = 30) -> None:
        self._of = {stage: deque(maxlen=kept) for stage in STAGES}

    def add(self, stage: str, milliseconds: float) -> None:
        self._of[stage].append(milliseconds)

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        begin = perf_counter()
        try:
            yield
        finally:
            self.add(stage, 1000 * (perf_counter() - begin))

    def median(self, stage: str) -> float | None:
        return round(median(self._of[stage]), 1) if self._of[stage] else None

    def medians(self) -> dict[str, float | None]:
        return {stage: self.median(stage) for stage in self._of}


@dataclass(frozen=True)
class Snapshot:
    """What the engine knows after one update; `app.views` turns it into what is shown.

    Attributes:
        at: seconds since the visit began.
        captured: page clock in ms of the newest frame that was looked at.
        box: the face in it, as fractions of the picture; `others` are further faces, which are not read.
        fused: one record of the predictor, as a dict: fused, one prediction per modality, weights, observed, absent_because; and
            ``subsets``, the fused prediction from each of the seven, whatever is switched off.
        switched_off: by the visitor.
        speaking, speech_probability: voice activity right now.
        transcript: the words of the present moment; `transcript_source` is "recognised", "typed" or "".
        confidence: how sure the recogniser was of them, 0 to 1; None unless they were recognised.
        pending: the recogniser still works on them.
        turns: the conversation so far, oldest first.
        stage_ms: median duration of each stage.
    """

    at: float
    captured: float | None
    box: Box | None
    others: tuple[Box, ...]
    fused: dict[str, Any]
    switched_off: frozenset[str]
    speaking: bool
    speech_probability: float
    transcript: str
    transcript_source: str
    confidence: float | None
    pending: bool
    turns: list[dict[str, Any]]
    stage_ms: dict[str, float | None]
    frames_dropped: int
    audio_lost_s: float
    smoothing: float


@dataclass
class Inbox:
    """What arrived since the engine last looked; ``corrected`` are words for the utterance of a number.

    Attributes:
        missed: seconds of sound, before that of ``audio``, that got lost on the way.
        broken_off: no sound will come for a while: the utterance that is spoken ends here.
    """

    frame: Frame | None = None
    audio: list[np.ndarray] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    typed: list[str] = field(default_factory=list)
    corrected: list[tuple[int, str]] = field(default_factory=list)
    missed: float = 0.0
    broken_off: bool = False
    changed: bool = False

    def __bool__(self) -> bool:
        return self.changed

    @property
    def samples(self) -> np.ndarray:
        return np.concatenate(self.audio) if self.audio else np.zeros(0, np.float32)


class Session:
    """A visit: an inbox that capture fills, the state that the engine alone touches, and the snapshot that the page reads.

    Args:
        token: the secret that the page holds.
        began: when the visit began, on the engine's clock.
        locator: follows the face of this visitor.
        segmenter: cuts this visitor's sound into utterances.
        model: name of the fusion model that this visitor has chosen.

    Attributes:
        spoiling: what this visitor does to pictures, sound and words before the senses get them; replaced as a whole.
        smoothing: time constant of what is shown, in seconds.
        language: code of what this visitor speaks.
        present_at: on the engine's clock, when there last was anything to go on.
        record: what the visitor may take along.
        gone: modality -> why its device gives nothing any more, or for now.
        broken_off_at: on the engine's clock, since when there is no sound; None while there is.
        local: the computer's own devices, where they are read instead of the browser's (`app.capture.local.Feed`).
    """

    def __init__(self, token: str, began: float, locator: Any, segmenter: Any, model: str) -> None:
        self.token, self.began = token, began
        self.locator, self.segmenter, self.model = locator, segmenter, model
        self.last_seen = self.present_at = began
        self.spoiling = Spoiling()
        self.smoothing = TIME_CONSTANT
        self.language = ENGLISH
        self.record = Record()
        self.local: Any = None
        self.random = np.random.default_rng()
        self.turns: deque[Turn] = deque(maxlen=TURNS_KEPT)
        self.turn: Turn | None = None
        self.turn_count = 0
        self.recent_faces = RecentFaces()
        self.box: Box | None = None
        self.others: tuple[Box, ...] = ()
        self.captured: float | None = None
        self.face_failure: str | None = None
        self.speech_failure: str | None = None
        self.has_camera = self.has_microphone = False
        self.gone: dict[str, str] = {}
        self.broken_off_at: float | None = None
        self.latencies = Latencies()
        self.frames_dropped = 0
        self.audio_lost_s = 0.0
        self.samples_received = 0
        self._switches = dict.fromkeys(MODALITIES, True)
        self._inbox = Inbox()
        self._snapshot: Snapshot | None = None
        self._closed = False
        self._changed = threading.Condition()

    # --- called by capture, from any thread -------------------------------------------------------------------

    def put(self, frame: Frame | None, samples: np.ndarray | None) -> None:
        """Hand over a frame (the newest wins) and samples (none is dropped while the engine runs)."""
        with self._changed:
            if frame is not None:
                self.frames_dropped += self._inbox.frame is not None
                self._inbox.frame = frame
            if samples is not None and samples.size:
                self._inbox.audio.append(samples)
                waiting = sum(len(chunk) for chunk in self._inbox.audio)
                while waiting > AUDIO_BACKLOG_S * SAMPLE_RATE:
                    lost = len(self._inbox.audio.pop(0))
                    waiting -= lost
                    self.audio_lost_s += lost / SAMPLE_RATE
            self._announce()

    def miss(self, seconds: float) -> None:
        """So much sound will never come: the connection was lost for longer than the page keeps it."""
        with self._changed:
            self._inbox.missed += seconds
            self.audio_lost_s += seconds
            self._announce()

    def lose(self, modality: str, why: str = DISCONNECTED) -> None:
        """The device of a modality is gone; nothing comes from it until it is back."""
        with self._changed:
            had = self.has_camera if modality == VIDEO else self.has_microphone
            if had or modality in self.gone:  # one that never was there is not given
                self.gone[modality] = why
            if modality == VIDEO:
                self.has_camera, self.box, self.others, self._inbox.frame = False, None, (), None
            else:
                self._inbox.broken_off |= had
                self.has_microphone = False
            self._announce()

    def type(self, text: str) -> None:
        """Words typed instead of spoken; empty text takes them back."""
        with self._changed:
            self._inbox.typed.append(text)
            self._announce()

    def correct(self, number: int, text: str) -> None:
        """Other words for an utterance that has ended; empty text takes them back."""
        with self._changed:
            self._inbox.corrected.append((number, text))
            self._announce()

    def point_at(self, x: float, y: float) -> None:
        """Read the face at this place of the picture from now on (fractions of width and height)."""
        self.locator.point_at(x, y)

    def note(self, now: float, text: str) -> None:
        """Take down a remark, or with empty text a marker, at this time of the engine's clock."""
        self.record.notes.append(Note(now - self.began, text))

    def hear(self, heard: Heard) -> None:
        with self._changed:
            self._inbox.heard.append(heard)
            self._announce()

    def switch(self, modality: str, on: bool) -> None:
        with self._changed:
            self._switches[modality] = on
            self._announce()

    def choose(self, model: str) -> None:
        """Take another fusion model from now on; what was said before is not judged anew."""
        with self._changed:
            self.model = model
            self._announce()

    @property
    def switched_off(self) -> frozenset[str]:
        return frozenset(modality for modality, on in self._switches.items() if not on)

    def snapshot(self, at_least: float | None = None, timeout: float = 0.0) -> Snapshot | None:
        """The newest snapshot; waits up to `timeout` seconds for one that has seen the frame captured `at_least` then."""

        def seen() -> bool:
            captured = self._snapshot.captured if self._snapshot else None
            return self._closed or (captured is not None and captured >= at_least)

        with self._changed:
            if at_least is not None:
                self._changed.wait_for(seen, timeout)
            return self._snapshot

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def closed(self) -> bool:
        return self._closed

    # --- called by the engine -----------------------------------------------------------------------------------

    def take(self, timeout: float) -> Inbox:
        """What arrived since the last call; waits up to `timeout` seconds for something."""
        with self._changed:
            self._changed.wait_for(lambda: self._inbox or self._closed, timeout)
            taken, self._inbox = self._inbox, Inbox()
            return taken

    def publish(self, snapshot: Snapshot) -> None:
        with self._changed:
            self._snapshot = snapshot
            self._changed.notify_all()

    def _announce(self) -> None:
        self._inbox.changed = True
        self._changed.notify_all()
