"""Records -> tiers of labelled spans, the form that ELAN, Praat and BIDS share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from comp_core.formats.by_hand import by_hand, fields_by_hand, tier
from comp_core.formats.faces import titles_of
from comp_core.inference.fusion import sure_label
from comp_core.modalities import MODALITIES

NOTICE = "Predicted expression, not feelings. Not for use at work, in education on students, or in hiring."
TRANSCRIPT, FUSED, FACE, NOTES = "transcript", "fused", "face", "notes"
NOT_SURE, NOTHING_TO_GO_ON, MARKER = "not sure", "nothing to go on", "marker"
# What has no length in time, as a note, or a picture, is given this much (s).
SHORTEST_S = 0.5
NOTE_S = 2.0


@dataclass(frozen=True)
class Span:
    """From ``start`` to ``end`` in seconds, ``end`` later than ``start``, with a text of one line."""

    start: float
    end: float
    text: str


@dataclass(frozen=True)
class Tier:
    """Spans in order, none of which overlaps the next."""

    name: str
    spans: tuple[Span, ...]


def tiers_of(records: Sequence[Mapping[str, Any]], notes: Iterable[tuple[float, str]] = ()) -> list[Tier]:
    """Tiers of words, fused labels, and each modality's; of faces where there are several, of what was put beside them by hand, and of
    notes, where there are any.

    Args:
        records: of `comp_core.predictor.Predictor.predict_file`, or of a live session's utterances, which have no modality's prediction.
        notes: (second, text); a marker has no text.
    """
    tiers = [Tier(TRANSCRIPT, _spans(records, lambda record: record["transcript"])), Tier(FUSED, _spans(records, fused_label))]
    for modality in MODALITIES:
        spans = _spans(records, lambda record, m=modality: _best(record.get(m)))
        if spans:
            tiers.append(Tier(modality, spans))
    if whose := _spans(
        [{**record, FACE: title} for record, title in zip(records, titles_of(records), strict=True)], lambda record: record[FACE]
    ):
        tiers.append(Tier(FACE, whose))
    tiers += [Tier(tier(field), _spans(records, lambda record, f=field: by_hand(record, f))) for field in fields_by_hand(records)]
    if told := [Span(at, at + NOTE_S, one_line(text) or MARKER) for at, text in notes]:
        tiers.append(Tier(NOTES, apart(told)))
    return tiers


def fused_label(record: Mapping[str, Any]) -> str:
    """The label of a record, or why it has none; of one without an answer threshold always the likeliest."""
    if record["fused"] is None:
        return NOTHING_TO_GO_ON
    return sure_label(record["fused"], record.get("sure_from", 0.0)) or NOT_SURE


def labels_of(records: Iterable[Mapping[str, Any]]) -> list[str]:
    """All labels of the records: those of a session may be of several models, each with labels of its own."""
    return list(dict.fromkeys(label for record in records for label in record["fused"] or ()))


def apart(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The spans in order; one that runs into the next ends where that begins. Of two that begin together the later given is moved on."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda span: span.start):
        if found and span.start <= found[-1].start:
            span = Span(found[-1].start + SHORTEST_S, max(span.end, found[-1].start + 2 * SHORTEST_S), span.text)
        if found and found[-1].end > span.start:
            found[-1] = replace(found[-1], end=span.start)
        found.append(span)
    return tuple(found)


def runs(told: Sequence[tuple[float, str]], longest: float) -> tuple[Span, ...]:
    """(second, text) at some rate -> a span for as long as the text stays the same; none where it is empty.

    Args:
        longest: what is told is true for so long (s), or until something else is told.
    """
    found: list[Span] = []
    following = [*(at for at, _ in told), float("inf")][1:]
    for (at, text), until in zip(told, following, strict=True):
        end = min(until, at + longest)
        if found and found[-1].text == text and found[-1].end >= at:
            found[-1] = replace(found[-1], end=end)
        else:
            found.append(Span(at, end, text))
    return tuple(span for span in found if span.text)


def one_line(text: str) -> str:
    """Without line breaks, and without the control characters that XML and Praat cannot hold."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _spans(records: Iterable[Mapping[str, Any]], text_of: Any) -> tuple[Span, ...]:
    told = ((float(record["start"]), float(record["end"] or 0.0), one_line(text_of(record))) for record in records)
    return apart(Span(start, max(end, start + SHORTEST_S), text) for start, end, text in told if text)


def _best(distribution: Mapping[str, float] | None) -> str:
    return max(distribution, key=distribution.__getitem__) if distribution else ""
