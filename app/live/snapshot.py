"""What the loop knows after one update."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from app.live.lesson import LessonState
from app.live.people import Face
from app.live.why import Pull
from comp_core.inference.fusion import Fused
from comp_core.senses.face.choice import Box


@dataclass(frozen=True)
class Said:
    """An utterance as it is told: its number, when it was (s since Start), its words, whether more come, how it was judged at its end,
    and the number and name of its face."""

    number: int
    start: float
    end: float | None
    transcript: str
    pending: bool
    judged: Fused | None
    face: int | None = None
    face_name: str = ""


# What a fused answer is of: an utterance that is spoken, one that has ended and is held, or the time between two.
SPOKEN, SAID, BETWEEN = "spoken", "said", "between"
# What words do for the fused answer: they are of the present utterance, they are remembered, or neither.
NOW, REMEMBERED, PAST = "now", "remembered", "past"


@dataclass(frozen=True)
class Words:
    """The last words that were said or typed.

    Attributes:
        text: "" while there are none.
        source: "recognised", "typed" or "".
        confidence: how sure the recogniser was of them, 0 to 1; None unless they were recognised.
        counts: ``NOW``, ``REMEMBERED`` or ``PAST``.
        age: seconds since they were said; 0 while they are.
        interim: the utterance goes on, and they may change.
    """

    text: str = ""
    source: str = ""
    confidence: float | None = None
    counts: str = PAST
    age: float = 0.0
    interim: bool = False


@dataclass(frozen=True)
class Snapshot:
    """What the loop knows after one update; `app.live.views` turns it into what is shown.

    Attributes:
        at: seconds since the session began.
        model: name of the fusion model.
        captured: page clock in ms of the newest frame that was looked at.
        box: the face in it that is read, as fractions of the picture.
        faces: each face where there are several.
        fused: one record of the predictor, as a dict: fused, one prediction per modality, weights, observed, absent_because; and
            ``subsets``, the fused prediction from each of the seven, whatever is switched off, with their ``answer_thresholds``; and the
            model's ``labels``.
        switched_off: by the visitor.
        speaking, speech_probability: voice activity right now.
        moment: what the fused answer is of: ``SPOKEN``, ``SAID`` or ``BETWEEN``.
        words: the last words there are.
        pending: the recogniser still works on the present utterance.
        remembered: how many earlier utterances count for the present moment.
        pull: what they add to it.
        utterances: the conversation so far, oldest first.
        stage_ms: median duration of each stage.
        lesson: what the visitor has taught it, and what it answers by that.
    """

    at: float
    model: str
    captured: float | None
    box: Box | None
    faces: tuple[Face, ...]
    fused: dict[str, Any]
    switched_off: frozenset[str]
    speaking: bool
    speech_probability: float
    moment: str
    words: Words
    pending: bool
    remembered: int
    pull: Pull | None
    utterances: list[Said]
    stage_ms: dict[str, float | None]
    frames_dropped: int
    audio_lost_s: float
    smoothing: float
    lesson: LessonState = field(default_factory=LessonState)
