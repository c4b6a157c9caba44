"""One utterance of the conversation, spoken or typed, while it grows and after."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from app.live.people import Sight
from comp_core.inference.fusion import Distribution, Fused
from comp_core.inference.windows import Moment
from comp_core.modalities import AUDIO, TEXT, VIDEO
from comp_core.senses.reading import NO_FACE, NO_WORDS, SILENCE, Reading

# Pictures kept in mind of one utterance: 12 s at 20 frames a second.
SIGHTS_KEPT = 240


@dataclass
class Utterance:
    """What is known of one utterance. Its sound is kept by the segmenter while it grows, and by nobody after.

    Attributes:
        number: counts the utterances of the session.
        start, end: seconds since the session began; `end` is None while it is still spoken.
        voice, face: readings of the whole utterance.
        sights: faces seen during the utterance (features, no pictures).
        face_number: of the face that belongs to it; None without one.
        spoken: words the recogniser gave, with their reading.
        confidence: how sure the recogniser was of them, 0 to 1.
        typed: words the visitor typed instead, with their reading.
        pending: the recogniser still works on it.
        shown_until: on the loop's clock, until when it counts as the present one.
        ended_at: on the loop's clock, when it ended.
        voice_read_at, asked_at: on the loop's clock, when its voice was last read and its words were last asked for while it grew.
        asked_until, heard_until: seconds since the session began, up to which words were asked for, and are known.
        judged: what was made of the utterance as a whole, when it had ended and its words were there.
    """

    number: int
    start: float
    end: float | None = None
    voice: Reading = field(default_factory=lambda: Reading.absent(SILENCE))
    face: Reading = field(default_factory=lambda: Reading.absent(NO_FACE))
    sights: deque[Sight] = field(default_factory=lambda: deque(maxlen=SIGHTS_KEPT))
    face_number: int | None = None
    spoken: tuple[str, Reading] = field(default_factory=lambda: ("", Reading.absent(NO_WORDS)))
    confidence: float = 0.0
    typed: tuple[str, Reading] | None = None
    pending: bool = False
    shown_until: float = 0.0
    ended_at: float = 0.0
    voice_read_at: float = float("-inf")
    asked_at: float = float("-inf")
    asked_until: float = float("-inf")
    heard_until: float = float("-inf")
    judged: Fused | None = None

    @property
    def open(self) -> bool:
        return self.end is None

    @property
    def transcript(self) -> str:
        return (self.typed or self.spoken)[0]

    @property
    def source(self) -> str:
        """Where the words are from: "typed", "recognised", or "" without words."""
        return ("typed" if self.typed else "recognised") if self.transcript else ""

    @property
    def words(self) -> Reading:
        return (self.typed or self.spoken)[1]

    @property
    def fused(self) -> Distribution | None:
        return self.judged.fused if self.judged else None

    def readings(self) -> Moment:
        """For the fusion, which reads a conversation of them."""
        return {AUDIO: self.voice, TEXT: self.words, VIDEO: self.face}
