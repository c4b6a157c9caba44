"""The JSON schemas of what programs and pages exchange with this one, made of the models that check it: ``python -m app.schemas``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from app.api import ANSWER, SCHEMA_FILE
from app.capture import wire
from app.checked import Schema

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[Path, dict[str, Any]]:
    """File -> the schema that belongs into it."""
    return {
        SCHEMA_FILE: {"$schema": DIALECT, **ANSWER.json_schema(schema_generator=Schema)},
        wire.SCHEMA_FILE: {"$schema": DIALECT, **wire.json_schema()},
    }


def text_of(schema: dict[str, Any]) -> str:
    """As it stands in its file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for path, schema in schemas().items():
        path.write_text(text_of(schema), encoding="utf-8")
