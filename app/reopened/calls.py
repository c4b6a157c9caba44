"""What the Clip page's script may ask of a saved session. The page keeps it; it comes along with each call, and goes with the answer."""

from __future__ import annotations

import time
import zlib
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter, with_config
from typing_extensions import TypedDict

from app.capture.wire import decoded
from app.checked import base64_text, checked
from app.live import export
from app.live.phrases import clock_text, in_words
from app.live.views import moment_view
from app.refusal import Refused
from app.reopened.session import MOST_BYTES, Session, corrected, read_session
from app.reopened.spans import agreement, agreement_told, length, moments, table
from app.server.calls import Call, answering
from app.visitors.rates import Addresses
from app.visitors.turns import Turns
from comp_core.formats.by_hand import BY_HAND
from comp_core.formats.table import FORMATS, Told

# A session as the page sends it, compressed; two of them fit into one call.
PACKED_BYTES = 950_000
# How long a call waits for others to be done: each may take a second and some hundred MB.
PATIENCE_S = 10.0
EDITS_LENGTH = 500_000
_AGAIN = "The page still has what is open; try again."

Packed = base64_text("compressed file", PACKED_BYTES)


@with_config(ConfigDict(strict=True))
class Reopen(TypedDict):
    """One session, to be shown."""

    packed: Packed


@with_config(ConfigDict(strict=True))
class Save(Reopen):
    """One session and all that was put beside its utterances, to be made into files."""

    by_hand: Annotated[str, Field(max_length=EDITS_LENGTH)]


@with_config(ConfigDict(strict=True))
class Compare(Reopen):
    """Two sessions."""

    other: Packed


_REOPEN, _SAVE, _COMPARE = TypeAdapter(Reopen), TypeAdapter(Save), TypeAdapter(Compare)


def session_calls() -> list[Call]:
    """The calls `reopen`, `save`, `compare`."""
    # A class behind one router is one address.
    addresses = Addresses(time.monotonic, rate=1.0, burst=30.0)
    turns = Turns(PATIENCE_S)

    def reopen(data: Any) -> dict[str, Any]:
        """A packed session -> what the page draws."""
        return session_view(_unpacked(checked(_REOPEN, data)["packed"]))

    def save(data: Any) -> dict[str, Any]:
        """A packed session and its corrections -> the files of all formats."""
        request = checked(_SAVE, data)
        return {"files": files(corrected(_unpacked(request["packed"]), request["by_hand"]))}

    def compare(data: Any) -> dict[str, Any]:
        """Two packed sessions -> the second as it is drawn, a table of both, and where they agree."""
        request = checked(_COMPARE, data)
        first, second = _unpacked(request["packed"]), _unpacked(request["other"])
        spans = agreement(first, second)
        return {**session_view(second), "table": table((first, second)), "agreement": spans, "told": agreement_told(spans)}

    def bounded(call: Any) -> Call:
        def ask(data: Any, address: str) -> dict[str, Any]:
            addresses.spend(address)
            with turns.turn(address, "Others are opening files just now. Try again in a moment."):
                return call(data)

        ask.__name__, ask.__doc__ = call.__name__, call.__doc__
        return answering(ask, _AGAIN)

    return [bounded(call) for call in (reopen, save, compare)]


def session_view(session: Session) -> dict[str, Any]:
    """What the page draws of a session: along its time, and utterance by utterance."""
    return {
        "model": session.model,
        "length": length(session),
        "live": bool(session.lines),
        "moments": [
            {"at": at, "until": until, "time": clock_text(at), "moment": moment_view(record)} for at, until, record in moments(session)
        ],
        "utterances": [
            {
                "start": one["start"],
                "end": one["end"],
                "time": clock_text(one["start"]) + (f" to {clock_text(one['end'])}" if (one["end"] or 0) > one["start"] else ""),
                "transcript": one["transcript"],
                "prediction": in_words(one["fused"], one["sure_from"]),
                # Of a clip the moments are the utterances.
                "moment": moment_view(one) if session.lines else None,
                BY_HAND: one.get(BY_HAND) or {},
            }
            for one in session.utterances
        ],
        "notes": [{"at": note["seconds"], "text": note["text"]} for note in session.notes],
    }


def files(session: Session) -> dict[str, str]:
    """The session in every form that the page where it was made offers, by the end of the file's name."""
    if not session.lines:
        told = Told(session.utterances, [(note["seconds"], note["text"]) for note in session.notes], session.file, session.model)
        return {suffix: text for one in FORMATS.values() for suffix, text in one.make(told).items()}
    lines = [
        export.Line(
            *(line["seconds"], line["model"], _without(line, "seconds", "model", "words", "face", "faces"), line["words"]),
            face=line.get("face"),
            faces=line.get("faces", ()),
        )
        for line in session.lines
    ]
    notes = [export.Note(note["seconds"], note["text"]) for note in session.notes]
    made = export.files_of(lines, list(session.utterances), notes)
    return {suffix if suffix.startswith("_") else f".{suffix}": text for suffix, text in made.items()}


def _without(record: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in names}


def _unpacked(packed: str) -> Session:
    """Base64 of a gzip -> the session; no more than ``MOST_BYTES`` are ever unpacked."""
    unpacking = zlib.decompressobj(wbits=31)
    try:
        content = unpacking.decompress(decoded(packed, "file"), MOST_BYTES + 1)
    except zlib.error as error:
        raise Refused("bad_request", "The file came damaged. Choose it again.") from error
    return read_session(content)
