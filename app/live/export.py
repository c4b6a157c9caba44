"""What a visitor may take along: the session line by line, its utterances and notes. In memory, like everything of a session."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from app.live.utterance import Utterance
from comp_core.inference.fusion import sure_label
from comp_core.modalities import LABELS, MODALITIES
from comp_core.support.spreadsheet import csv_text

EVERY_S = 1.0
# Three hours of lines; a session ends long before.
MOST_LINES = 10_800
MOST_UTTERANCES = 2_000
MOST_NOTES = 500
NOTICE = "Predicted expression, not feelings. Not for use at work, in education on students, or in hiring."
# What of a fusion record goes into a line.
_KEPT = ("fused", *MODALITIES, "weights", "observed", "absent_because", "sure_from")


@dataclass(frozen=True)
class Line:
    """One second: when, by which model, what it made of it (see `comp_core.inference.fusion.Fused`), and the words that counted."""

    at: float
    model: str
    moment: Mapping[str, Any]
    words: str = ""


@dataclass(frozen=True)
class Note:
    """A visitor's own remark, or a bare marker, at a time of the session (s)."""

    at: float
    text: str


class Record:
    """Grows while the session goes on; what is longest ago goes first when it is full.

    Attributes:
        utterances: all utterances, as far as they are kept; the session changes them while their words come.
    """

    def __init__(self) -> None:
        self.lines: deque[Line] = deque(maxlen=MOST_LINES)
        self.utterances: deque[Utterance] = deque(maxlen=MOST_UTTERANCES)
        self.notes: deque[Note] = deque(maxlen=MOST_NOTES)

    def add(self, at: float, model: str, moment: Mapping[str, Any], words: str = "") -> None:
        """Take down a moment, unless the last line is younger than ``EVERY_S``."""
        if not self.lines or at - self.lines[-1].at >= EVERY_S:
            self.lines.append(Line(at, model, {key: moment[key] for key in _KEPT}, words))

    def files(self) -> dict[str, str]:
        """The record in three forms: ``csv``, ``json`` and ``vtt`` (WebVTT)."""
        # The loop may add to it meanwhile.
        lines, utterances, notes = list(self.lines), [_utterance(utterance) for utterance in list(self.utterances)], list(self.notes)
        return {"csv": _as_csv(lines, notes), "json": _as_json(lines, utterances, notes), "vtt": _as_vtt(utterances, notes)}


def clip_csv(records: Sequence[Mapping[str, Any]]) -> str:
    """The records of a file (`comp_core.predictor.Predictor.predict_file`), a row each."""
    rows: list[list[Any]] = [["start", "end", "transcript", "label", *LABELS, *_columns_of_each()]]
    for record in records:
        cells = [cell for modality in MODALITIES for cell in _cells(record, modality)]
        named, shares = _named(record["fused"], record["sure_from"]), _shares(record["fused"])
        rows.append([record["start"], record["end"], record["transcript"], named, *shares, *cells])
    return csv_text(rows)


def _utterance(utterance: Utterance) -> dict[str, Any]:
    span = {"start": utterance.start, "end": utterance.end}
    told = {**span, "transcript": utterance.transcript, "source": utterance.source or None}
    # Its words may still be on their way.
    judged = {key: utterance.judged.as_dict()[key] for key in _KEPT} if utterance.judged else {"fused": None, "sure_from": None}
    return {**told, **judged}


def _as_csv(lines: list[Line], notes: list[Note]) -> str:
    """One row a second; a note stands in the first row that is not before it."""
    rows = [["seconds", "model", "label", *LABELS, *_columns_of_each(), "words", "note"]]
    waiting = deque(notes)
    for number, line in enumerate(lines):
        told = []
        while waiting and (waiting[0].at <= line.at or number == len(lines) - 1):
            told.append(waiting.popleft().text or "marker")
        moment = line.moment
        cells = [cell for modality in MODALITIES for cell in _cells(moment, modality)]
        named, shares = _named(moment["fused"], moment["sure_from"]), _shares(moment["fused"])
        rows.append([f"{line.at:.2f}", line.model, named, *shares, *cells, line.words, "; ".join(told)])
    return csv_text(rows)


def _columns_of_each() -> list[str]:
    return [f"{modality}_{what}" for modality in MODALITIES for what in ("observed", "label", "weight")]


def _shares(fused: Mapping[str, float] | None) -> list[str]:
    return [f"{fused[label]:.4f}" if fused else "" for label in LABELS]


def _cells(moment: Mapping[str, Any], modality: str) -> list[str]:
    own, weights = moment[modality], moment["weights"]
    return [str(int(moment["observed"][modality])), _best(own) if own else "", f"{weights[modality]:.4f}" if weights else ""]


def _as_json(lines: list[Line], utterances: list[dict[str, Any]], notes: list[Note]) -> str:
    record = {
        "notice": NOTICE,
        "lines": [{"seconds": round(line.at, 2), "model": line.model, "words": line.words, **line.moment} for line in lines],
        "utterances": utterances,
        "notes": [{"seconds": round(note.at, 2), "text": note.text} for note in notes],
    }
    return json.dumps(record, ensure_ascii=False, indent=1)


def _as_vtt(utterances: list[dict[str, Any]], notes: list[Note]) -> str:
    """A cue for each utterance, with its label as the page names it, and one for each note."""
    told = [_named(utterance["fused"], utterance["sure_from"]) or "nothing to go on" for utterance in utterances]
    cues = [(t["start"], t["end"], f"[{label}] {t['transcript'] or '(no words)'}") for t, label in zip(utterances, told, strict=True)]
    cues += [(note.at, note.at + 2, f"* {note.text or 'marker'}") for note in notes]
    blocks = [f"{_stamp(start)} --> {_stamp(max(end, start + 0.5))}\n{_cue_text(text)}" for start, end, text in sorted(cues)]
    return "\n\n".join(["WEBVTT", f"NOTE\n{NOTICE}", *blocks]) + "\n"


def _cue_text(text: str) -> str:
    # An arrow or an empty line in a cue would begin another.
    return escape(" ".join(text.split()), quote=False)


def _stamp(seconds: float) -> str:
    minutes, rest = divmod(max(0.0, seconds), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours:02d}:{minutes:02d}:{rest:06.3f}"


def _best(distribution: Mapping[str, float]) -> str:
    return max(distribution, key=distribution.__getitem__)


def _named(distribution: Mapping[str, float] | None, answer_threshold: float) -> str:
    return "" if distribution is None else sure_label(distribution, answer_threshold) or "not sure"
