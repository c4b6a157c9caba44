"""BIDS: ``events.tsv``, a row for each utterance, and the JSON sidecar that says what its columns mean."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import comp_core
from comp_core.formats.by_hand import LABEL, NOTE, TRANSCRIPT, by_hand, column, fields_by_hand
from comp_core.formats.faces import titles_of
from comp_core.formats.tiers import FACE, MARKER, NOTICE, fused_label, labels_of, one_line
from comp_core.modalities import MODALITIES
from comp_core.support.spreadsheet import disarmed

_MISSING = "n/a"
_UTTERANCE, _NOTE = "utterance", "note"
_OF_A_PERSON = {
    LABEL: "What a person says that the utterance expresses; the prediction stays in label",
    TRANSCRIPT: "The words as a person corrected them; those that the model read stay in transcript",
    NOTE: "A person's remark on the utterance",
}
_FIXED = ("onset", "duration", "trial_type", "label", "transcript")


def events_tsv(records: Sequence[Mapping[str, Any]], notes: Iterable[tuple[float, str]] = ()) -> str:
    """Rows in order of time, with the probability of each label; for what is given see `comp_core.formats.tiers.tiers_of`."""
    labels, observed, own, titles = labels_of(records), _observed(records), fields_by_hand(records), titles_of(records)
    whose = [FACE] * any(titles)
    rows: list[tuple[float, list[str]]] = []
    for record, title in zip(records, titles, strict=True):
        start, fused = float(record["start"]), record["fused"]
        length = max(0.0, float(record["end"] or start) - start)
        shares = [f"{fused[label]:.4f}" if fused and label in fused else _MISSING for label in labels]
        there = [str(int(record["observed"][m])) for m in observed]
        there += [_text(title) for _ in whose]
        there += [_text(by_hand(record, field)) for field in own]
        named = _text(fused_label(record)) if fused else _MISSING
        rows.append((start, [f"{start:.3f}", f"{length:.3f}", _UTTERANCE, named, _text(record["transcript"]), *shares, *there]))
    for at, text in notes:
        empty = [_MISSING] * (len(labels) + len(observed) + len(whose) + len(own))
        rows.append((at, [f"{at:.3f}", "0.000", _NOTE, _MISSING, _text(text) if text.strip() else MARKER, *empty]))
    header = [*_FIXED, *map(_probability, labels), *(f"{m}_observed" for m in observed), *whose, *map(column, own)]
    return "".join("\t".join(row) + "\n" for row in (header, *(row for _, row in sorted(rows, key=lambda row: row[0]))))


def events_json(records: Sequence[Mapping[str, Any]], model: str) -> str:
    """The sidecar of `events_tsv`.

    Args:
        model: name of the fusion model.
    """
    columns: dict[str, Any] = {
        "onset": {"Description": "Start of the event from the start of the recording", "Units": "s"},
        "duration": {"Description": "Length of the event; 0 for a note, and for a picture", "Units": "s"},
        "trial_type": {
            "Description": "What the row is about",
            "Levels": {_UTTERANCE: "something that was said, or a moment without words", _NOTE: "a remark or marker of the observer"},
        },
        "label": {"Description": f"Predicted expression of {model}, or 'not sure' below its answer threshold. {NOTICE}"},
        "transcript": {"Description": "Words, recognised or typed; the text of a note"},
    }
    columns |= {_probability(label): {"Description": f"Calibrated probability of {label}"} for label in labels_of(records)}
    columns |= {
        f"{m}_observed": {"Description": f"Whether {m} was there", "Levels": {"0": "absent", "1": "observed"}} for m in _observed(records)
    }
    if any(titles_of(records)):
        columns[FACE] = {"Description": "Whose face: a number within the session, or the name that was typed for it"}
    columns |= {column(field): {"Description": _OF_A_PERSON[field]} for field in fields_by_hand(records)}
    made = {"GeneratedBy": {"Name": "live-affect", "Version": comp_core.__version__, "Description": f"fusion model {model}"}}
    return json.dumps({**columns, **made}, indent=1, ensure_ascii=False) + "\n"


def _observed(records: Sequence[Mapping[str, Any]]) -> list[str]:
    return [m for m in MODALITIES if records and all("observed" in record for record in records)]


def _probability(label: str) -> str:
    return f"p_{one_line(label).replace(' ', '_')}"


def _text(text: str) -> str:
    return disarmed(one_line(text)) or _MISSING
