"""What another program gets of a moment: one message, of a version, by every way out."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.live.phrases import ranked
from app.live.snapshot import Snapshot
from comp_core.modalities import MODALITIES


class Sense(BaseModel):
    """One modality by itself."""

    present: bool
    absent_because: str | None = Field(description="why there is nothing of it; null if it is present")
    weight: float | None = Field(description="its part in the fused answer; null while there is none")
    probabilities: dict[str, float] | None = Field(description="label to probability from it alone; null if it is absent")


class Said(BaseModel):
    """The last words."""

    text: str = Field(description="empty while there are none")
    source: Literal["recognised", "typed", ""]
    confidence: float | None = Field(description="of the recogniser, 0 to 1; null unless it gave them")
    counts: Literal["now", "remembered", "past"] = Field(description="of the present utterance, remembered, or neither")
    interim: bool = Field(description="the utterance goes on, and they may change")


class Message(BaseModel):
    """A moment of a session. It predicts expression, not feelings."""

    model_config = ConfigDict(title="Moment of a live session")

    # It grows with a change after which a program that reads messages may have to change, too. Fields may be added without that.
    version: Literal["1"] = "1"
    at: float = Field(ge=0, description="seconds since the session began")
    model: str = Field(description="name of the fusion model")
    of: Literal["spoken", "said", "between"] = Field(description="of what is being said, of what was just said, or of the time between")
    labels: list[str] = Field(description="what the fusion model tells apart")
    label: str | None = Field(description="the most likely label; null if there is nothing to go on")
    sure: bool = Field(description="the label reaches the answer threshold; below it, it is no answer")
    sure_from: float | None = Field(description="the answer threshold; null if there is nothing to go on")
    fused: dict[str, float] | None = Field(description="label to probability, from all that is there")
    senses: dict[str, Sense] = Field(description="by modality: audio, text, video")
    words: Said
    speaking: bool
    speech: float = Field(ge=0, le=1, description="probability that the latest sound is speech")


def message_of(snapshot: Snapshot) -> Message:
    """A snapshot as it is told to other programs."""
    record, words = snapshot.fused, snapshot.words
    fused = record["fused"]
    label = ranked(fused)[0][0] if fused else None
    return Message(
        at=round(snapshot.at, 3),
        model=snapshot.model,
        of=snapshot.moment,
        labels=list(record["labels"]),
        label=label,
        sure=label is not None and fused[label] >= record["sure_from"],
        sure_from=round(record["sure_from"], 4) if fused else None,
        fused=_rounded(fused),
        senses={
            modality: Sense(
                present=record["observed"][modality],
                absent_because=record["absent_because"].get(modality),
                weight=round(record["weights"][modality], 4) if record["weights"] else None,
                probabilities=_rounded(record[modality] if record["observed"][modality] else None),
            )
            for modality in MODALITIES
        },
        words=Said(
            text=words.text,
            source=words.source,
            confidence=None if words.confidence is None else round(words.confidence, 4),
            counts=words.counts,
            interim=words.interim,
        ),
        speaking=snapshot.speaking,
        speech=round(snapshot.speech_probability, 3),
    )


def _rounded(probabilities: dict[str, float] | None) -> dict[str, float] | None:
    return {label: round(float(p), 4) for label, p in probabilities.items()} if probabilities else None
