"""The one table of formats: what each is called, the ends of its files, and how it is made of records."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from comp_core.formats import SCHEMA_VERSION
from comp_core.formats.bids import events_json, events_tsv
from comp_core.formats.by_hand import by_hand, column, fields_by_hand
from comp_core.formats.elan import eaf
from comp_core.formats.praat import textgrid
from comp_core.formats.subtitles import cues_of, srt, vtt
from comp_core.formats.tiers import NOTICE, fused_label, labels_of, tiers_of
from comp_core.modalities import MODALITIES
from comp_core.support.spreadsheet import csv_text


@dataclass(frozen=True)
class Told:
    """What a file is made of.

    Attributes:
        records: one for each utterance; see `comp_core.formats.tiers.tiers_of`.
        notes: (second, text) of a session.
        file: name of the recording.
        model: name of the fusion model.
    """

    records: Sequence[Mapping[str, Any]]
    notes: Sequence[tuple[float, str]] = ()
    file: str | None = None
    model: str = ""


@dataclass(frozen=True)
class Format:
    """``make`` gives end of the file's name -> its text."""

    title: str
    make: Callable[[Told], dict[str, str]]
    media_type: str


def records_json(told: Told) -> str:
    """What ``predict --json`` prints, and the notice."""
    record = {"schema": SCHEMA_VERSION, "notice": NOTICE, "file": told.file, "model": told.model, "utterances": list(told.records)}
    if told.notes:
        record["notes"] = [{"seconds": at, "text": text} for at, text in told.notes]
    return json.dumps(record, ensure_ascii=False, indent=1) + "\n"


def records_csv(records: Sequence[Mapping[str, Any]]) -> str:
    """A row for each record; the labels are those of the records."""
    labels = labels_of(records)
    own = fields_by_hand(records)
    rows: list[list[Any]] = [["start", "end", "transcript", "label", *labels, *columns_of_each(), *map(column, own)]]
    for record in records:
        fused = record["fused"]
        shares = [f"{fused[label]:.4f}" if fused and label in fused else "" for label in labels]
        named = fused_label(record) if fused else ""
        cells = [*cells_of_each(record), *(by_hand(record, field) for field in own)]
        rows.append([record["start"], record["end"], record["transcript"], named, *shares, *cells])
    return csv_text(rows)


def columns_of_each() -> list[str]:
    """Names of the columns of `cells_of_each`."""
    return [f"{modality}_{what}" for modality in MODALITIES for what in ("observed", "label", "weight")]


def cells_of_each(record: Mapping[str, Any]) -> list[str]:
    """Of every modality whether it was there, its own label, and its weight."""
    cells = []
    for modality in MODALITIES:
        own, weights = record[modality], record["weights"]
        best = max(own, key=own.__getitem__) if own else ""
        cells += [str(int(record["observed"][modality])), best, f"{weights[modality]:.4f}" if weights else ""]
    return cells


def _bids(told: Told) -> dict[str, str]:
    return {"_events.tsv": events_tsv(told.records, told.notes), "_events.json": events_json(told.records, told.model)}


# Name, as an option has it -> the format.
FORMATS = {
    "csv": Format("CSV", lambda told: {".csv": records_csv(told.records)}, "text/csv"),
    "json": Format("JSON", lambda told: {".json": records_json(told)}, "application/json"),
    "vtt": Format("WebVTT", lambda told: {".vtt": vtt(cues_of(told.records, told.notes))}, "text/vtt"),
    "srt": Format("SRT", lambda told: {".srt": srt(cues_of(told.records, told.notes))}, "application/x-subrip"),
    "eaf": Format("ELAN", lambda told: {".eaf": eaf(tiers_of(told.records, told.notes), told.file)}, "application/xml"),
    "textgrid": Format("Praat", lambda told: {".TextGrid": textgrid(tiers_of(told.records, told.notes))}, "text/plain"),
    "bids": Format("BIDS events", _bids, "text/tab-separated-values"),
}
