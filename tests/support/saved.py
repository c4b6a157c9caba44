"""Saved sessions for tests: a live one with a line a second, and a clip's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from app.live.export import Line, Note, files_of
from comp_core.formats.table import Told, records_json
from tests.app.doubles import record

SAID = ("what joy", "pure fear", "", "hm")


def utterances(labels: Sequence[str]) -> list[dict[str, Any]]:
    """One every four seconds, of three; where the label is "" there is nothing to go on."""
    heard = zip(labels, SAID * len(labels), strict=False)
    return [
        record(4.0 * n, 4.0 * n + 3, words, **({"audio": label, "video": label} if label else {})) for n, (label, words) in enumerate(heard)
    ]


def clip_json(labels: Sequence[str] = ("joy", "fear", "")) -> str:
    """As the Clip page saves it."""
    return records_json(Told(utterances(labels), file="mixed.mp4", model="ComP"))


def live_json(labels: Sequence[str] = ("joy", "fear", "")) -> str:
    """As the live page saves it: of each utterance the label is told for four seconds, then the next; a note and a marker."""
    said = utterances(labels)
    moments = [{name: value for name, value in one.items() if name not in ("start", "end", "transcript")} for one in said]
    lines = [Line(float(at), "comp", moments[at // 4], said[at // 4]["transcript"]) for at in range(4 * len(said))]
    return files_of(lines, said, [Note(2.0, "door slams"), Note(5.0, "")])["json"]


def changed(text: str, *path: Any, to: Any) -> str:
    """The JSON with another value at a place."""
    whole = json.loads(text)
    place = whole
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return json.dumps(whole)
