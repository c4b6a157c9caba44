"""What a visitor may take along: the session line by line, its utterances and notes. In memory, like everything of a session."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.live.people import Face
from app.live.utterance import Utterance
from comp_core.formats.bids import events_json, events_tsv
from comp_core.formats.elan import eaf
from comp_core.formats.praat import textgrid
from comp_core.formats.subtitles import cues_of, srt, vtt
from comp_core.formats.table import cells_of_each, columns_of_each
from comp_core.formats.tiers import FUSED, MARKER, NOTICE, Tier, fused_label, runs, tiers_of
from comp_core.modalities import MODALITIES, VIDEO
from comp_core.support.spreadsheet import csv_text

EVERY_S = 1.0
# Three hours of lines; a session ends long before.
MOST_LINES = 10_800
MOST_UTTERANCES = 2_000
MOST_NOTES = 500
# What of a fusion record goes into a line.
_KEPT = ("fused", *MODALITIES, "weights", "observed", "absent_because", "sure_from")


@dataclass(frozen=True)
class Line:
    """One second: when, by which model, what it made of it (see `comp_core.inference.fusion.Fused`), the words that counted, the number of
    the face that was read, and each face where there were several."""

    at: float
    model: str
    moment: Mapping[str, Any]
    words: str = ""
    face: int | None = None
    faces: tuple[Face, ...] = ()


@dataclass(frozen=True)
class Note:
    """A visitor's own remark, or a bare marker, at a time of the session (s)."""

    at: float
    text: str


class Record:
    """Grows while the session goes on; what is longest ago goes first when it is full.

    Args:
        name_of: the name that was typed for the face of a number, or "".

    Attributes:
        utterances: all utterances, as far as they are kept; the session changes them while their words come.
    """

    def __init__(self, name_of: Callable[[int | None], str] = lambda _: "") -> None:
        self._name_of = name_of
        self.lines: deque[Line] = deque(maxlen=MOST_LINES)
        self.utterances: deque[Utterance] = deque(maxlen=MOST_UTTERANCES)
        self.notes: deque[Note] = deque(maxlen=MOST_NOTES)

    def add(
        self,
        at: float,
        model: str,
        moment: Mapping[str, Any],
        words: str = "",
        face: int | None = None,
        faces: tuple[Face, ...] = (),
    ) -> None:
        """Take down a moment, unless the last line is younger than ``EVERY_S``."""
        if not self.lines or at - self.lines[-1].at >= EVERY_S:
            self.lines.append(Line(at, model, {key: moment[key] for key in _KEPT}, words, face, faces))

    def files(self) -> dict[str, str]:
        """The record in every form, by the end of the file's name."""
        # The loop may add to it meanwhile.
        lines, notes = list(self.lines), list(self.notes)
        utterances = [{**_utterance(one), "face": self._face(one.face_number)} for one in list(self.utterances)]
        told = [(note.at, note.text) for note in notes]
        cues, tiers = cues_of(utterances, told), [*tiers_of(utterances, told), *_tiers_of_lines(lines), *self._tiers_of_faces(lines)]
        models = ", ".join(dict.fromkeys(line.model for line in lines))
        return {
            "csv": self._as_csv(lines, notes),
            "json": self._as_json(lines, utterances, notes),
            "vtt": vtt(cues),
            "srt": srt(cues),
            "eaf": eaf(tiers),
            "TextGrid": textgrid(tiers),
            "_events.tsv": events_tsv(utterances, told),
            "_events.json": events_json(utterances, models),
        }

    def _face(self, number: int | None) -> dict[str, Any] | None:
        return None if number is None else {"id": number, "name": self._name_of(number)}

    def _tiers_of_faces(self, lines: list[Line]) -> list[Tier]:
        """What each of several faces showed second by second."""
        told: dict[int, list[tuple[float, str]]] = {}
        for line in lines:
            for face in line.faces:
                told.setdefault(face.number, []).append((line.at, _best(face.probabilities)))
        # By number, too: two faces may be called the same.
        called = {number: f" ({name})" if (name := self._name_of(number)) else "" for number in told}
        return [Tier(f"face {number}{called[number]}, each second", runs(told[number], 2 * EVERY_S)) for number in told]

    def _as_csv(self, lines: list[Line], notes: list[Note]) -> str:
        """One row a second; a note stands in the first row that is not before it. Models of a session may have labels of their own."""
        labels = list(dict.fromkeys(label for line in lines for label in line.moment["fused"] or ()))
        rows = [["seconds", "model", "label", *labels, *columns_of_each(), "face", "face_name", "words", "note"]]
        waiting = deque(notes)
        for number, line in enumerate(lines):
            told = []
            while waiting and (waiting[0].at <= line.at or number == len(lines) - 1):
                told.append(waiting.popleft().text or MARKER)
            moment = line.moment
            fused = moment["fused"]
            shares = [f"{fused[label]:.4f}" if fused and label in fused else "" for label in labels]
            named = fused_label(moment) if fused else ""
            whose = ["" if line.face is None else line.face, self._name_of(line.face)]
            rows.append([f"{line.at:.2f}", line.model, named, *shares, *cells_of_each(moment), *whose, line.words, "; ".join(told)])
        return csv_text(rows)

    def _as_json(self, lines: list[Line], utterances: list[dict[str, Any]], notes: list[Note]) -> str:
        record = {
            "notice": NOTICE,
            "lines": [
                {
                    **{"seconds": round(line.at, 2), "model": line.model, "words": line.words, **line.moment},
                    "face": self._face(line.face),
                    "faces": [{**self._face(face.number), "speaks": face.speaks, VIDEO: face.probabilities} for face in line.faces],
                }
                for line in lines
            ],
            "utterances": utterances,
            "notes": [{"seconds": round(note.at, 2), "text": note.text} for note in notes],
        }
        return json.dumps(record, ensure_ascii=False, indent=1)


def _utterance(utterance: Utterance) -> dict[str, Any]:
    span = {"start": utterance.start, "end": utterance.end}
    told = {**span, "transcript": utterance.transcript, "source": utterance.source or None}
    # Its words may still be on their way.
    judged = {key: utterance.judged.as_dict()[key] for key in _KEPT} if utterance.judged else {"fused": None, "sure_from": None}
    return {**told, **judged}


def _tiers_of_lines(lines: list[Line]) -> list[Tier]:
    """What was predicted second by second, for what lasted longer than an utterance, or changed within one."""
    told = {f"{FUSED}, each second": [(line.at, fused_label(line.moment)) for line in lines]}
    told |= {f"{m}, each second": [(line.at, _best(line.moment[m])) for line in lines] for m in MODALITIES}
    return [Tier(name, runs(by_second, 2 * EVERY_S)) for name, by_second in told.items()]


def _best(own: Mapping[str, float] | None) -> str:
    return max(own, key=own.__getitem__) if own else ""
