"""A visitor's lesson: tries at expressions, and a head of their own for face and voice. In memory; it dies with its session."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from app.live.context import FaceSense, Segmenter, Sense
from app.live.senses import reading_of
from app.refusal import Refused
from comp_core.inference.personal import Judgement, PersonalHead, Tries, fit, joined, judge
from comp_core.inference.windows import Moment
from comp_core.modalities import AUDIO, LABELS, VIDEO
from comp_core.senses.face.sense import FaceFrame
from comp_core.senses.reading import NOT_GIVEN, SWITCHED_OFF, Reading
from comp_core.senses.speech.utterances import Utterance as Stretch
from comp_core.senses.speech.vad import SAMPLE_RATE

# How long an expression is held, in seconds, and how often.
HOLD_S = 3.0
ATTEMPTS = 2
# Names of the visitor's own, beside the seven labels.
MOST_NAMES = 8
# Pictures of one try: more than a camera gives in that time.
MOST_FRAMES = 100
# What can be taught. Words are left out: those that go with an expression are not a person's own.
TAUGHT = (VIDEO, AUDIO)
NOTHING_THERE = "There was no face and no voice in these three seconds. Try again in front of the camera."


@dataclass(frozen=True)
class Holding:
    """The try that goes on: at what, which one from 0 on, and how many seconds are left."""

    name: str
    attempt: int
    left: float


@dataclass(frozen=True)
class LessonState:
    """What is known of a lesson.

    Attributes:
        holding: the try that goes on.
        held: name -> for each attempt, which modalities were there; None before it.
        told: what was wrong with the last try, "" if nothing.
        complete: the names that were tried as often as it takes.
        learnt: the modalities that were there in every try at those.
        judged: fitted on the first tries and measured on the second, and the other way round; None before there is a head.
        on: the lesson is used.
        answer: name -> probability, of face and voice together; None while there is nothing to go on, or it is off.
        by_modality: the same of each by itself.
    """

    holding: Holding | None = None
    held: Mapping[str, tuple[tuple[str, ...] | None, ...]] = field(default_factory=dict)
    told: str = ""
    complete: tuple[str, ...] = ()
    learnt: tuple[str, ...] = ()
    judged: tuple[Judgement, Judgement] | None = None
    on: bool = False
    answer: Mapping[str, float] | None = None
    by_modality: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


@dataclass
class _Hold:
    name: str
    attempt: int
    began: float | None = None  # on the loop's clock, once the loop has seen it
    sound_from: float = 0.0  # on the segmenter's
    frames: list[FaceFrame] = field(default_factory=list)
    ended: list[Stretch] = field(default_factory=list)


class Lesson:
    """One visitor's. What is asked of it comes from any thread; what is seen and heard, from the loop.

    Of a try it keeps one feature of the face and one of the voice, with what the sense makes of it: no picture and no sound.
    """

    def __init__(self, face: FaceSense, voice: Sense[np.ndarray], segmenter: Segmenter) -> None:
        self._face, self._voice, self._segmenter = face, voice, segmenter
        self._lock = threading.Lock()
        self._clear()

    def _clear(self) -> None:
        self._hold: _Hold | None = None
        self._tries: dict[tuple[str, int], dict[str, Reading]] = {}
        self._heads: dict[str, PersonalHead] = {}
        self._judged: tuple[Judgement, Judgement] | None = None
        self._wanted: bool | None = None  # by the visitor; else it is used where it helps
        self._told = ""

    # --- from any thread ----------------------------------------------------------------------------------------

    def hold(self, name: str, attempt: int) -> None:
        """From now on the visitor holds this expression. A try that was held before is replaced.

        Raises:
            Refused: another try goes on, or there are too many names.
        """
        with self._lock:
            if self._hold is not None:
                raise Refused("bad_request", "Wait until the try that goes on is done.")
            own = {name, *self._names()} - set(LABELS)
            if len(own) > MOST_NAMES:
                raise Refused("bad_request", f"A lesson has at most {MOST_NAMES} names of your own. Remove one first.")
            self._hold, self._told = _Hold(name, attempt), ""

    def drop(self, name: str) -> None:
        """Forget what was held of a name."""
        with self._lock:
            self._tries = {key: found for key, found in self._tries.items() if key[0] != name}
            if self._hold is not None and self._hold.name == name:
                self._hold = None
            self._learn()

    def use(self, on: bool) -> None:
        """Answer by the lesson, or do without."""
        with self._lock:
            self._wanted = on

    def delete(self) -> None:
        """Forget all of it."""
        with self._lock:
            self._clear()

    # --- from the loop ------------------------------------------------------------------------------------------

    def see(self, frame: FaceFrame) -> None:
        """The face in a picture."""
        with self._lock:
            if self._hold is not None and self._hold.began is not None and len(self._hold.frames) < MOST_FRAMES:
                self._hold.frames.append(frame)

    def hear(self, ended: Iterable[Stretch]) -> None:
        """Stretches of speech that have ended."""
        with self._lock:
            if self._hold is not None:
                self._hold.ended += ended

    def keep_time(self, now: float) -> None:
        """Begin the try that is waited for, or end the one that has lasted long enough."""
        with self._lock:
            hold = self._hold
            if hold is None:
                return
            if hold.began is None:
                hold.began, hold.sound_from = now, self._segmenter.time
            elif now - hold.began >= HOLD_S:
                self._hold = None
                self._keep(hold)

    def state(self, moment: Moment, switched_off: Collection[str], now: float) -> LessonState:
        """All that is known of it, and what it says of a moment."""
        with self._lock:
            hold, by_modality = self._hold, self._answers(moment, switched_off)
            return LessonState(
                holding=Holding(hold.name, hold.attempt, HOLD_S if hold.began is None else HOLD_S - (now - hold.began)) if hold else None,
                held={name: tuple(self._there(name, attempt) for attempt in range(ATTEMPTS)) for name in self._names()},
                told=self._told,
                complete=self._complete(),
                learnt=tuple(self._heads),
                judged=self._judged,
                on=self._on,
                answer=self._named(joined(list(by_modality.values()))) if by_modality else None,
                by_modality={modality: self._named(found) for modality, found in by_modality.items()},
            )

    # --- what was held ------------------------------------------------------------------------------------------

    def _keep(self, hold: _Hold) -> None:
        """What the senses make of a try; one in which nothing was there is none."""
        found = {VIDEO: reading_of("face", lambda: self._face.summarise(hold.frames)), AUDIO: self._said(hold)}
        kept = {m: reading for m, reading in found.items() if reading.feature is not None and reading.probabilities is not None}
        if not kept:
            self._told = NOTHING_THERE
            return
        self._tries[hold.name, hold.attempt] = kept
        self._learn()

    def _said(self, hold: _Hold) -> Reading:
        """The voice in the longest stretch of speech, as far as it was said within the try."""
        stretches = [*hold.ended, *filter(None, [self._segmenter.open])]
        within = [one.samples[max(0, round((hold.sound_from - one.start) * SAMPLE_RATE)) :] for one in stretches]
        longest = max(within, key=len, default=np.zeros(0, np.float32))
        return reading_of("voice", lambda: self._voice.read(longest)) if longest.size else Reading.absent(NOT_GIVEN)

    def _names(self) -> list[str]:
        """Those of which something was held: the seven labels in their order, then one's own."""
        tried = list(dict.fromkeys(name for name, _ in self._tries))
        return [*(label for label in LABELS if label in tried), *(name for name in tried if name not in LABELS)]

    def _there(self, name: str, attempt: int) -> tuple[str, ...] | None:
        kept = self._tries.get((name, attempt))
        return None if kept is None else tuple(kept)

    def _complete(self) -> tuple[str, ...]:
        return tuple(name for name in self._names() if all((name, attempt) in self._tries for attempt in range(ATTEMPTS)))

    def _learn(self) -> None:
        """Fit the heads anew and measure what they are worth."""
        names = self._complete()
        rows = [[self._tries[name, attempt] for name in names] for attempt in range(ATTEMPTS)]
        # A head tells all names apart or none: a modality that was not there in every try is left out.
        learnt = [m for m in TAUGHT if len(names) > 1 and all(m in kept for row in rows for kept in row)]
        tries = {m: _stacked([[kept[m] for kept in row] for row in rows]) for m in learnt}
        labels = np.tile(np.arange(len(names)), ATTEMPTS)
        self._heads = {m: fit(found.flat(), labels, names) for m, found in tries.items()}
        first, second = ({m: found[attempt] for m, found in tries.items()} for attempt in range(ATTEMPTS))
        self._judged = (judge(first, second, names), judge(second, first, names)) if learnt else None

    # --- its answer ---------------------------------------------------------------------------------------------

    @property
    def _on(self) -> bool:
        if self._judged is None:
            return False
        helps = sum(found.taught - found.without for found in self._judged) > 0
        return helps if self._wanted is None else self._wanted

    def _answers(self, moment: Moment, switched_off: Collection[str]) -> dict[str, np.ndarray]:
        """Modality -> log-probabilities (K,)."""
        if not self._on:
            return {}
        readings = {m: Reading.absent(SWITCHED_OFF) if m in switched_off else moment[m] for m in self._heads}
        return {
            m: self._heads[m].log_probabilities(Tries(reading.feature, reading.probabilities))
            for m, reading in readings.items()
            if reading.feature is not None and reading.probabilities is not None
        }

    def _named(self, found: np.ndarray) -> dict[str, float]:
        names = next(iter(self._heads.values())).names
        return dict(zip(names, np.exp(found).tolist(), strict=True))


def _stacked(rows: Sequence[Sequence[Reading]]) -> Tries:
    """Attempts of names."""
    return Tries(*(np.array([[getattr(reading, part) for reading in row] for row in rows]) for part in ("feature", "probabilities")))
