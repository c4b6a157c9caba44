"""A report and a table, the two ends of what every table maker does, and how both call the modalities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

# What a command wrote as JSON.
Report = dict[str, Any]
# Initial of a modality -> what a reader calls it.
SPOKEN = {"A": "voice", "T": "words", "V": "face"}


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def given(subset: str) -> str:
    """ "ATV" -> "voice + words + face"."""
    return " + ".join(SPOKEN[initial] for initial in subset)
