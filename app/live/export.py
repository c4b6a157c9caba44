"""What a visitor may take along: the session line by line, its utterances and notes. In memory, like everything of a session."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.live.people import Face
from app.live.utterance import Utterance
from comp_core.formats import SCHEMA_VERSION
from comp_core.formats.bids import events_json, events_tsv
from comp_core.formats.by_hand import by_hand, column, fields_by_hand
from comp_core.formats.elan import eaf
from comp_core.formats.praat import textgrid
from comp_core.formats.subtitles import cues_of, srt, vtt
from comp_core.formats.table import cells_of_each, columns_of_each
from comp_core.formats.tiers import FACE, FUSED, MARKER, NOTICE, Tier, fused_label, runs, tiers_of
from comp_core.modalities import MODALITIES, VIDEO
from comp_core.support.spreadsheet import csv_text

EVERY_S = 1.0
# Three hours of lines; a session ends long before.
MOST_LINES = 10_800
MOST_UTTERANCES = 2_000
MOST_NOTES = 500
# Letters of the words beside a line: typed ones count in many. An utterance has all of its own.
LINE_WORDS = 500
# What of a fusion record goes into a line.
_KEPT = ("fused", *MODALITIES, "weights", "dominant", "observed", "absent_because", "sure_from")


@dataclass(frozen=True)
class Line:
    """One second: when, by which model, what it made of it (see `comp_core.inference.fusion.Fused`), and the words that counted.

    ``by_lesson`` is the answer by the visitor's own lesson, which has names of its own. ``face`` is the one that was read, by ``id`` and
    ``name``; ``faces`` are all where there were several, each with ``speaks`` and what it showed by itself.
    """

    at: float
    model: str
    moment: Mapping[str, Any]
    words: str = ""
    by_lesson: Mapping[str, float] | None = None
    face: Mapping[str, Any] | None = None
    faces: Sequence[Mapping[str, Any]] = ()


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
        # As text: objects take thrice the memory, and a session has up to 1,800 lines.
        self._lines: deque[str] = deque(maxlen=MOST_LINES)
        self._newest = -EVERY_S
        self.utterances: deque[Utterance] = deque(maxlen=MOST_UTTERANCES)
        self.notes: deque[Note] = deque(maxlen=MOST_NOTES)

    def add(
        self,
        at: float,
        model: str,
        moment: Mapping[str, Any],
        words: str = "",
        by_lesson: Mapping[str, float] | None = None,
        face: int | None = None,
        faces: Iterable[Face] = (),
    ) -> None:
        """Take down a moment, unless the last line is younger than ``EVERY_S``; ``face`` is the number of the one that was read."""
        if at - self._newest >= EVERY_S:
            self._newest = at
            told = [{**_face(one.number), "speaks": one.speaks, VIDEO: one.probabilities} for one in faces]
            kept = {key: moment[key] for key in _KEPT}
            self._lines.append(json.dumps(vars(Line(at, model, kept, words[:LINE_WORDS], by_lesson, _face(face), told))))

    @property
    def lines(self) -> list[Line]:
        """The lines so far, oldest first."""
        # The loop may add to them meanwhile.
        return [Line(**json.loads(line)) for line in list(self._lines)]

    def files(self) -> dict[str, str]:
        """The record in every form, by the end of the file's name."""
        # The loop may add to it meanwhile.
        lines, utterances, notes = self.lines, list(self.utterances), list(self.notes)
        # A name may be typed after a line.
        named = [replace(line, face=self._named(line.face), faces=[self._named(one) for one in line.faces]) for line in lines]
        return files_of(named, [{**_utterance(one), FACE: self._named(_face(one.face_number))} for one in utterances], notes)

    def _named(self, face: Mapping[str, Any] | None) -> dict[str, Any] | None:
        return None if face is None else {**face, "name": self._name_of(face["id"])}


def files_of(lines: Sequence[Line], utterances: Sequence[dict[str, Any]], notes: Sequence[Note]) -> dict[str, str]:
    """A session in every form, by the end of the file's name."""
    told = [(note.at, note.text) for note in notes]
    cues, tiers = cues_of(utterances, told), [*tiers_of(utterances, told), *_tiers_of_lines(lines), *_tiers_of_faces(lines)]
    models = ", ".join(dict.fromkeys(line.model for line in lines))
    return {
        "csv": _as_csv(lines, utterances, notes),
        "json": _as_json(lines, utterances, notes),
        "vtt": vtt(cues),
        "srt": srt(cues),
        "eaf": eaf(tiers),
        "TextGrid": textgrid(tiers),
        "_events.tsv": events_tsv(utterances, told),
        "_events.json": events_json(utterances, models),
    }


def _face(number: int | None) -> dict[str, Any] | None:
    return None if number is None else {"id": number, "name": ""}


def _tiers_of_faces(lines: Sequence[Line]) -> list[Tier]:
    """What each of several faces showed second by second."""
    names: dict[int, str] = {}
    told: dict[int, list[tuple[float, str]]] = {}
    for line in lines:
        for face in line.faces:
            names[face["id"]] = face["name"]
            told.setdefault(face["id"], []).append((line.at, _best(face[VIDEO])))
    # By number, too: two faces may be called the same.
    called = {number: f"{FACE} {number}" + (f" ({name})" if name else "") for number, name in names.items()}
    return [Tier(f"{called[number]}, each second", runs(told[number], 2 * EVERY_S)) for number in told]


def _utterance(utterance: Utterance) -> dict[str, Any]:
    span = {"start": utterance.start, "end": utterance.end}
    told = {**span, "transcript": utterance.transcript, "source": utterance.source or None}
    # Its words may still be on their way.
    judged = {key: utterance.judged.as_dict()[key] for key in _KEPT} if utterance.judged else {"fused": None, "sure_from": None}
    return {**told, **judged}


def _tiers_of_lines(lines: Sequence[Line]) -> list[Tier]:
    """What was predicted second by second, for what lasted longer than an utterance, or changed within one."""
    told = {f"{FUSED}, each second": [(line.at, fused_label(line.moment)) for line in lines]}
    told |= {f"{m}, each second": [(line.at, _best(line.moment[m])) for line in lines] for m in MODALITIES}
    return [Tier(name, runs(by_second, 2 * EVERY_S)) for name, by_second in told.items()]


def _best(unimodal: Mapping[str, float] | None) -> str:
    return max(unimodal, key=unimodal.__getitem__) if unimodal else ""


def _as_csv(lines: Sequence[Line], utterances: Sequence[Mapping[str, Any]], notes: Sequence[Note]) -> str:
    """A row a second; what was put beside it stands in the first row not before. Models of a session may have labels of their own."""
    labels = list(dict.fromkeys(label for line in lines for label in line.moment["fused"] or ()))
    own = fields_by_hand(utterances)
    rows = [["seconds", "model", "label", *labels, *columns_of_each(), "face", "face_name", "words", "note", *map(column, own)]]
    beside = [_beside(lines, [(note.at, note.text or MARKER) for note in notes])]
    beside += [_beside(lines, [(one["start"], by_hand(one, field)) for one in utterances]) for field in own]
    for line, *told in zip(lines, *beside, strict=True):
        moment = line.moment
        fused = moment["fused"]
        shares = [f"{fused[label]:.4f}" if fused and label in fused else "" for label in labels]
        named = fused_label(moment) if fused else ""
        whose = ["", ""] if line.face is None else [str(line.face["id"]), line.face["name"]]
        rows.append([f"{line.at:.2f}", line.model, named, *shares, *cells_of_each(moment), *whose, line.words, *told])
    return csv_text(rows)


def _beside(lines: Sequence[Line], told: Iterable[tuple[float, str]]) -> list[str]:
    """(second, text) -> the text for each line; what comes after all of them stands in the last."""
    waiting, found = deque((at, text) for at, text in told if text), []
    for number, line in enumerate(lines):
        here = []
        while waiting and (waiting[0][0] <= line.at or number == len(lines) - 1):
            here.append(waiting.popleft()[1])
        found.append("; ".join(here))
    return found


def _line(line: Line) -> dict[str, Any]:
    told = {"seconds": round(line.at, 2), "model": line.model, "words": line.words, **line.moment, "face": line.face, "faces": line.faces}
    return told if line.by_lesson is None else {**told, "by_lesson": line.by_lesson}


def _as_json(lines: Sequence[Line], utterances: Sequence[Mapping[str, Any]], notes: Sequence[Note]) -> str:
    record = {
        "schema": SCHEMA_VERSION,
        "notice": NOTICE,
        "lines": [_line(line) for line in lines],
        "utterances": utterances,
        "notes": [{"seconds": round(note.at, 2), "text": note.text} for note in notes],
    }
    return json.dumps(record, ensure_ascii=False, indent=1)
