"""Whose face goes with an utterance, where a live session had several, or gave its one a name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def face_title(face: Mapping[str, Any] | None) -> str:
    """What a face is called, of its ``id`` and typed ``name``; "" without one. The id is a number within one session, of no person."""
    return "" if face is None else face["name"] or f"face {face['id']}"


def titles_of(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """What the face of each record is called; "" for all where one face without a name is all there was, and for files."""
    faces = [record.get("face") for record in records]
    told = {face_title(face) for face in faces if face}
    named = any(face and face["name"] for face in faces)
    return [face_title(face) if named or len(told) > 1 else "" for face in faces]
