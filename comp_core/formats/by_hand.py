"""What a person put beside a record: a label, words, a note. It stands in columns and tiers of its own, never in those of the model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

BY_HAND = "by_hand"
LABEL, TRANSCRIPT, NOTE = "label", "transcript", "note"
FIELDS = (LABEL, TRANSCRIPT, NOTE)


def by_hand(record: Mapping[str, Any], field: str) -> str:
    """One of the ``FIELDS`` of a record; "" where nobody gave it."""
    return (record.get(BY_HAND) or {}).get(field) or ""


def fields_by_hand(records: Iterable[Mapping[str, Any]]) -> list[str]:
    """Those of the ``FIELDS`` that any record has, so that files without them stay as they are."""
    found = {field for record in records for field in FIELDS if by_hand(record, field)}
    return [field for field in FIELDS if field in found]


def column(field: str) -> str:
    """The name of its column in a table."""
    return f"{field}_{BY_HAND}"


def tier(field: str) -> str:
    """The name of its tier."""
    return f"{field} by hand"


def told_by_hand(record: Mapping[str, Any]) -> str:
    """All of it in one text; "" where there is nothing."""
    label, words, note = (by_hand(record, field) for field in FIELDS)
    parts = [f"[{label}]" if label else "", words, f"* {note}" if note else ""]
    return " ".join(part for part in parts if part)
