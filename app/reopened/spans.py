"""A session along its time: spans with a label each, and where two sessions name the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from app.live.export import EVERY_S
from app.live.phrases import clock_text
from app.reopened.session import Session
from comp_core.formats.tiers import NOT_SURE, NOTHING_TO_GO_ON, SHORTEST_S, Span, apart, fused_label
from comp_core.modalities import LABELS

SAME, OTHER, OPEN = "same", "other", "open"
_NAMELESS = (NOT_SURE, NOTHING_TO_GO_ON)


def moments(session: Session) -> list[tuple[float, float, Mapping[str, Any]]]:
    """(start, end, record) in order, in seconds: the lines of a live session, each until the next; else its utterances."""
    if session.lines:
        starts = [line["seconds"] for line in session.lines]
        ends = [min(later, start + 2 * EVERY_S) for start, later in zip(starts, [*starts[1:], float("inf")], strict=True)]
        return list(zip(starts, ends, session.lines, strict=True))
    return [(one["start"], max(one["end"] or 0.0, one["start"] + SHORTEST_S), one) for one in session.utterances]


def agreement(first: Session, second: Session) -> list[tuple[float, float, str]]:
    """(start, end, kind) for the time that both cover: both name the ``SAME``, an ``OTHER``, or it is ``OPEN``: not both name one."""
    one, two = (apart(Span(start, end, fused_label(record)) for start, end, record in moments(session)) for session in (first, second))
    edges = sorted({edge for span in (*one, *two) for edge in (span.start, span.end)})
    found: list[tuple[float, float, str]] = []
    places = [0, 0]
    for start, end in pairwise(edges):
        labels = []
        for which, spans in enumerate((one, two)):
            while places[which] < len(spans) and spans[places[which]].end <= start:
                places[which] += 1
            span = spans[places[which]] if places[which] < len(spans) else None
            labels.append(span.text if span and span.start <= start else None)
        if None in labels:
            continue
        kind = OPEN if set(labels) & set(_NAMELESS) else SAME if labels[0] == labels[1] else OTHER
        if found and found[-1][1:] == (start, kind):
            found[-1] = (found[-1][0], end, kind)
        else:
            found.append((start, end, kind))
    return found


def table(sessions: Sequence[Session]) -> list[list[str]]:
    """Rows of a name and a cell for each session; all labels are the model's."""
    counts = [Counter(fused_label(one) for one in session.utterances) for session in sessions]

    def share(count: Counter[str], label: str) -> str:
        return f"{count[label]} ({100 * count[label] / total:.0f} %)" if (total := count.total()) else "–"

    rows = [
        ["model", *(session.model or "–" for session in sessions)],
        ["length", *(clock_text(length(session)) for session in sessions)],
        ["utterances", *(str(len(session.utterances)) for session in sessions)],
    ]
    rows += [[label, *(share(count, label) for count in counts)] for label in _NAMELESS]
    return rows + [[label, *(str(count[label]) for count in counts)] for label in LABELS if any(count[label] for count in counts)]


def agreement_told(spans: Sequence[tuple[float, float, str]]) -> str:
    """The agreement in a sentence."""
    seconds = Counter[str]()
    for start, end, kind in spans:
        seconds[kind] += end - start
    both = seconds[SAME] + seconds[OTHER]
    if not spans:
        return "No moment is covered by both."
    if not both:
        return f"Both cover {seconds.total():.0f} s; in none of it do both name an expression."
    named = f"In {both:.0f} s both name an expression, and in {100 * seconds[SAME] / both:.0f} % of that the same."
    return f"Both cover {seconds.total():.0f} s. {named}"


def length(session: Session) -> float:
    """Until its last moment or utterance ends (s)."""
    utterances = (max(one["start"], one["end"] or 0.0) for one in session.utterances)
    return max([*(end for _, end, _ in moments(session)), *utterances])
