"""What the loop knows after one update."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from comp_core.inference.fusion import Fused
from comp_core.senses.face.choice import Box


@dataclass(frozen=True)
class Said:
    """An utterance as it is told: its number, when it was (s since Start), its words, whether more come, how it was judged at its end."""

    number: int
    start: float
    end: float | None
    transcript: str
    pending: bool
    judged: Fused | None


@dataclass(frozen=True)
class Snapshot:
    """What the loop knows after one update; `app.live.views` turns it into what is shown.

    Attributes:
        at: seconds since the session began.
        captured: page clock in ms of the newest frame that was looked at.
        box: the face in it, as fractions of the picture; `others` are further faces, which are not read.
        fused: one record of the predictor, as a dict: fused, one prediction per modality, weights, observed, absent_because; and
            ``subsets``, the fused prediction from each of the seven, whatever is switched off.
        switched_off: by the visitor.
        speaking, speech_probability: voice activity right now.
        transcript: the words of the present utterance; `transcript_source` is "recognised", "typed" or "".
        confidence: how sure the recogniser was of them, 0 to 1; None unless they were recognised.
        pending: the recogniser still works on them.
        utterances: the conversation so far, oldest first.
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
    utterances: list[Said]
    stage_ms: dict[str, float | None]
    frames_dropped: int
    audio_lost_s: float
    smoothing: float
