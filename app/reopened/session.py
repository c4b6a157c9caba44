"""A saved session: what its JSON may hold, and what is told where it holds something else. Every part of it comes from a stranger."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, NotRequired

from pydantic import ConfigDict, FailFast, Field, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from app.live.export import MOST_LINES, MOST_NOTES, MOST_UTTERANCES
from app.live.people import MOST_FACES, MOST_NUMBERS
from app.records import JUDGED, ONE_LINE, REASON_LENGTH, Label, Prediction, Seconds, Share, Transcript
from app.refusal import Refused
from comp_core.formats import SCHEMA_VERSION
from comp_core.formats.by_hand import BY_HAND, LABEL, NOTE, TRANSCRIPT
from comp_core.formats.tiers import FACE, one_line
from comp_core.modalities import MODALITIES

# Half an hour of a live session, which is the longest, has some 3 MB, and with four faces 5.
MOST_BYTES = 6_000_000
# Brackets and commas: each costs memory once it is parsed, and the longest session has some 100,000, and with four faces 200,000.
MOST_PARTS = 300_000
# Labels of all records together: a table has a column for each. Two models of one's own have no more.
MOST_LABELS = 128
NOTE_LENGTH = 500
NAME_LENGTH = 300

# What a newer program adds is passed over; what is known is exactly what it should be.
_SETTINGS = ConfigDict(extra="ignore", strict=True)
_Name = Annotated[str, ONE_LINE, Field(max_length=NAME_LENGTH)]
# Faces of one second: one that has just left is still told.
_MOST_TOLD = 4 * MOST_FACES


@with_config(_SETTINGS)
class ByHand(TypedDict, total=False):
    """What a person put beside an utterance."""

    label: Label | None
    transcript: Transcript | None
    note: Annotated[str, Field(max_length=NOTE_LENGTH)] | None


@with_config(_SETTINGS)
class Edit(ByHand):
    """The same, of the utterance with this number, counted from 0."""

    number: Annotated[int, Field(ge=0)]


@with_config(_SETTINGS)
class Note(TypedDict):
    """A remark, or a bare marker, at a time of the session."""

    seconds: Seconds
    text: Annotated[str, Field(max_length=NOTE_LENGTH)]


@with_config(_SETTINGS)
class Face(TypedDict):
    """A face of a live session: its number in it, and the name that was typed for it."""

    id: Annotated[int, Field(ge=1, le=MOST_NUMBERS)]
    name: _Name


@with_config(_SETTINGS)
class OneOfSeveral(Face):
    """The same in one second, with what it showed by itself."""

    speaks: bool
    video: Prediction | None


# Words may still have been on their way when a session was saved: then there is no prediction, nor what belongs to it.
_JUDGED = {name: NotRequired[kind] for name, kind in JUDGED.items()} | {
    "fused": Prediction | None,
    "sure_from": NotRequired[Share | None],
}
Utterance = with_config(_SETTINGS)(
    TypedDict(
        "Utterance",
        {
            "start": Seconds,
            "end": Seconds | None,
            "transcript": Transcript,
            "source": NotRequired[Annotated[str, Field(max_length=REASON_LENGTH)] | None],
            BY_HAND: NotRequired[ByHand | None],
            FACE: NotRequired[Face | None],
            **_JUDGED,
        },
    )
)
Line = with_config(_SETTINGS)(
    TypedDict(
        "Line",
        {
            "seconds": Seconds,
            "model": _Name,
            "words": Transcript,
            FACE: NotRequired[Face | None],
            "faces": NotRequired[Annotated[list[OneOfSeveral], Field(max_length=_MOST_TOLD)]],
            **_JUDGED,
        },
    )
)


@with_config(_SETTINGS)
class File(TypedDict):
    """The JSON of a live session, of the Clip page, of ``predict --json`` or of the interface for programs."""

    schema: NotRequired[Literal[SCHEMA_VERSION]]
    file: NotRequired[_Name | None]
    model: NotRequired[_Name]
    utterances: Annotated[list[Utterance], Field(max_length=MOST_UTTERANCES), FailFast()]
    lines: NotRequired[Annotated[list[Line], Field(max_length=MOST_LINES), FailFast()]]
    notes: NotRequired[Annotated[list[Note], Field(max_length=MOST_NOTES), FailFast()]]


_FILE, _EDITS = TypeAdapter(File), TypeAdapter(Annotated[list[Edit], Field(max_length=MOST_UTTERANCES), FailFast()])


@dataclass(frozen=True)
class Session:
    """What a file held, in order of time; each record has all that `app.live.views.moment_view` reads.

    Attributes:
        utterances: with ``start``, ``end``, ``transcript``, and perhaps ``by_hand``.
        lines: with ``seconds``, ``model``, ``words``: a moment a second of a live session; of a clip there are none.
        notes: with ``seconds``, ``text``.
        file, model: as the file names them.
    """

    utterances: Sequence[Mapping[str, Any]]
    lines: Sequence[Mapping[str, Any]]
    notes: Sequence[Mapping[str, Any]]
    file: str | None
    model: str


def read_session(content: bytes) -> Session:
    """The session in a file.

    Raises:
        Refused: it is too large, of a newer version, or something else; what is wrong, and where, in one sentence.
    """
    if not content.strip():
        raise Refused("bad_file", "It is empty.")
    if len(content) > MOST_BYTES:
        raise Refused("too_large", f"It is larger than {MOST_BYTES // 1_000_000} MB.")
    if sum(content.count(mark) for mark in b"[{,") > MOST_PARTS:
        raise Refused("too_large", "It has more parts than the longest session.")
    try:
        found: Any = _FILE.validate_json(content)
    except ValidationError as error:
        raise _refusal(error) from error
    utterances = [_whole(one, f"Utterance {number}") for number, one in enumerate(found["utterances"], 1)]
    for number, one in enumerate(utterances, 1):
        if one["end"] is not None and one["end"] < one["start"]:
            raise Refused("bad_file", f"Utterance {number} ends before it begins.")
    lines = [_whole(one, f"Line {number}") for number, one in enumerate(found.get("lines", ()), 1)]
    if not utterances and not lines:
        raise Refused("bad_file", "It has no utterances and no lines: there is nothing to show.")
    if len({label for record in (*utterances, *lines) for label in record["fused"] or ()}) > MOST_LABELS:
        raise Refused("too_large", f"Its records have more than {MOST_LABELS} labels in all.")
    models = dict.fromkeys(line["model"] for line in lines)
    return Session(
        utterances=sorted(utterances, key=lambda one: one["start"]),
        lines=sorted(lines, key=lambda one: one["seconds"]),
        notes=sorted(found.get("notes", ()), key=lambda one: one["seconds"]),
        file=found.get("file"),
        model=found.get("model", ", ".join(models)),
    )


def corrected(session: Session, edits: str) -> Session:
    """The session with exactly these corrections and notes, and none that its file had.

    Args:
        edits: the JSON of a list of ``Edit``.

    Raises:
        Refused: it is something else, or names an utterance that there is not.
    """
    try:
        given: Any = _EDITS.validate_json(edits)
    except ValidationError as error:
        raise Refused("bad_request", "A correction is a label, words or a note of an utterance.") from error
    utterances = [{name: value for name, value in one.items() if name != BY_HAND} for one in session.utterances]
    for edit in given:
        if edit["number"] >= len(utterances):
            raise Refused("bad_request", "A correction names an utterance that there is not.")
        if kept := {field: edit[field].strip() for field in (LABEL, TRANSCRIPT, NOTE) if (edit.get(field) or "").strip()}:
            utterances[edit["number"]][BY_HAND] = kept
    return replace(session, utterances=utterances)


def _whole(record: dict[str, Any], name: str) -> dict[str, Any]:
    """A record with what it may leave out."""
    nothing = dict.fromkeys(MODALITIES) | {"weights": None, "dominant": None, "sure_from": None, "absent_because": {}}
    whole = nothing | {"observed": dict.fromkeys(MODALITIES, False)} | record
    if whole["sure_from"] is None and any(whole[key] for key in ("fused", *MODALITIES)):
        raise Refused("bad_file", f"{name} has a prediction and no answer threshold (sure_from).")
    return whole


# Of pydantic's kinds of errors: what is said of a place. Braces are filled from the error.
_SAID = {
    "missing": "missing",
    "float_type": "not a number",
    "string_type": "not text",
    "bool_type": "neither true nor false",
    "list_type": "not a list",
    "dict_type": "not an object",
    "finite_number": "not a finite number",
    "greater_than_equal": "below {ge:g}",
    "less_than_equal": "above {le:g}",
    "string_pattern_mismatch": "a label with a line break or control character",
    "string_too_long": "longer than {max_length} letters",
    "too_long": "more than {max_length} entries",
    "extra_forbidden": "not known here",
    "literal_error": "none of {expected}",
}
# Lists, and what one of their entries is called.
_ENTRIES = {"utterances": "utterance", "lines": "line", "notes": "note"}


def _refusal(error: ValidationError) -> Refused:
    # A newer file may be different anywhere: that it is newer is what counts.
    first = min(error.errors(include_url=False), key=lambda one: one["loc"] != ("schema",))
    kind, context = first["type"], first.get("ctx", {})
    if kind == "json_invalid":
        return Refused("bad_file", _not_json(str(context["error"])))
    if first["loc"] == ("schema",):
        told = f"It is of version {str(first['input'])[:20]!r}, and this program reads version {SCHEMA_VERSION!r}."
        return Refused("newer", f"{told} Open it with the program that made it, or with a newer one.")
    place = _place(first["loc"])
    what = _SAID.get(kind, "not what it should be").format(**context)
    if not place:
        return Refused("bad_file", "It is JSON, but not an object with utterances.")
    return Refused("bad_file", f"{place[0].upper()}{place[1:]}: {what}.")


def _not_json(told: str) -> str:
    at = re.search(r"line (\d+) column (\d+)", told)
    where = f", from line {at[1]}, character {at[2]} on" if at else ""
    if told.startswith("trailing"):
        return f"It goes on after its end{where}: a file holds one record; of several, one a line, keep one."
    if told.startswith("recursion"):
        return f"It is nested too deep{where}."
    return f"It is not JSON, or not all of it{where}."


def _place(loc: Sequence[str | int]) -> str:
    """ "the joy of fused of utterance 3" as "utterance 3, fused, joy"."""
    parts: list[str] = []
    for part in loc:
        if isinstance(part, int) and parts:
            parts[-1] = f"{_ENTRIES.get(parts[-1], parts[-1])} {part + 1}"
        elif part != "[key]":
            parts.append(one_line(str(part))[:40])
    return ", ".join(parts)
