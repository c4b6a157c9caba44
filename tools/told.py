"""Where a measuring tool's report goes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def tell(report: Mapping[str, Any], out: Path | None) -> None:
    """Print the report as JSON, and write it to ``out`` where one is given."""
    text = json.dumps(report, indent=1)
    print(text)
    if out:
        out.write_text(text + "\n", encoding="utf-8")
