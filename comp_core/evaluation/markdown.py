"""A report and a table, the two ends of what every table maker does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

# What a command wrote as JSON.
Report = dict[str, Any]


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
