"""Subtitles: WebVTT and SubRip (SRT). A cue for each utterance with its label and words, and one for each note."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from comp_core.formats.by_hand import told_by_hand
from comp_core.formats.faces import titles_of
from comp_core.formats.tiers import MARKER, NOTE_S, NOTICE, SHORTEST_S, fused_label, one_line

Cue = tuple[float, float, str]


def cues_of(records: Sequence[Mapping[str, Any]], notes: Iterable[tuple[float, str]] = ()) -> list[Cue]:
    """(start, end, text) in seconds and one line, in order of time; for what is given see `comp_core.formats.tiers.tiers_of`."""
    cues = [
        (
            r["start"],
            r["end"] or 0.0,
            f"[{fused_label(r)}] {f'{one_line(who)}: ' if who else ''}{one_line(r['transcript']) or '(no words)'}",
        )
        for r, who in zip(records, titles_of(records), strict=True)
    ]
    cues += [(r["start"], r["end"] or 0.0, f"by hand: {one_line(told)}") for r in records if (told := told_by_hand(r))]
    cues += [(at, at + NOTE_S, f"* {one_line(text) or MARKER}") for at, text in notes]
    return sorted((start, max(end, start + SHORTEST_S), text) for start, end, text in cues)


def vtt(cues: Sequence[Cue]) -> str:
    """The text of a ``.vtt`` file."""
    # An arrow in a cue would begin another.
    blocks = [f"{_stamp(start)} --> {_stamp(end)}\n{escape(text, quote=False)}" for start, end, text in cues]
    return "\n\n".join(["WEBVTT", f"NOTE\n{NOTICE}", *blocks]) + "\n"


def srt(cues: Sequence[Cue]) -> str:
    """The text of an ``.srt`` file, whose format has no place for remarks: the notice is its first cue, for an instant."""
    told = [(0.0, 0.001, NOTICE), *cues]
    # SRT has no way to write an arrow or a tag as text.
    return "\n".join(
        f"{number}\n{_stamp(start, ',')} --> {_stamp(end, ',')}\n{text.replace('-->', '->').replace('<', '(').replace('>', ')')}\n"
        for number, (start, end, text) in enumerate(told, 1)
    )


def _stamp(seconds: float, point: str = ".") -> str:
    minutes, rest = divmod(round(max(0.0, seconds), 3), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours:02d}:{minutes:02d}:{rest:06.3f}".replace(".", point)
