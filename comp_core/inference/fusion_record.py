"""What the JSON beside a fusion model's weights must hold. It may be a stranger's: every value is looked at before it is used."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

from comp_core.modalities import LABELS, MODALITIES, SUBSETS
from comp_core.support.checkpoint import CheckpointError

MOST_LABELS, LABEL_LENGTH, NAME_LENGTH, NOTE_LENGTH = 64, 64, 200, 2000
MOST_CONTEXT = 100


def check_record(record: Mapping[str, Any]) -> None:
    """Compare a description with what `comp_core.inference.fusion.Fusion` reads of it.

    Raises:
        CheckpointError: a value is missing, of another kind, or out of its range; the sentence says which.
    """
    temperature = record.get("temperature")
    temperature = temperature if isinstance(temperature, Mapping) else {}
    labels = record.get("labels", list(LABELS))
    for name, ok in {
        "name": _text(record.get("name"), NAME_LENGTH),
        "note": isinstance(record.get("note"), str) and len(record["note"]) <= NOTE_LENGTH,
        "temperature.fused": _numbers(temperature.get("fused"), SUBSETS, above=0),
        "temperature.unimodal": _numbers(temperature.get("unimodal"), MODALITIES, above=0),
        "sure_from": _numbers(record.get("sure_from"), SUBSETS, least=0, most=1),
        "labels": isinstance(labels, list)
        and len(labels) <= MOST_LABELS
        and all(_text(label, LABEL_LENGTH) for label in labels)
        and len(set(labels)) == len(labels),
        "by_senses": isinstance(record.get("by_senses", True), bool),
        "learnt": _among(record.get("learnt", list(MODALITIES)), MODALITIES),
        "context": type(record.get("context", 1)) is int and 1 <= record.get("context", 1) <= MOST_CONTEXT,
        "made_of": _texts(record.get("made_of", {})),
        "scale": record.get("scale", {}) == {} or _numbers(record["scale"], ("mean", "spread")),
        "rules": _texts(record.get("rules", {})),
    }.items():
        if not ok:
            raise CheckpointError(f"{name} is missing in the model's JSON, or is not as this version writes it. Get both files again.")


def _text(value: object, longest: int) -> bool:
    return isinstance(value, str) and 0 < len(value) <= longest and value.isprintable()


def _texts(value: object) -> bool:
    return isinstance(value, Mapping) and all(_text(one, NAME_LENGTH) for one in value.values())


def _among(value: object, known: Collection[str]) -> bool:
    return isinstance(value, list) and len(value) > 0 and all(isinstance(one, str) and one in known for one in value)


def _numbers(value: object, names: Collection[str], above: float = -math.inf, least: float = -math.inf, most: float = math.inf) -> bool:
    if not isinstance(value, Mapping):
        return False
    given = [value.get(name) for name in names]
    numbers = [one for one in given if isinstance(one, int | float) and not isinstance(one, bool)]
    return len(numbers) == len(given) and all(math.isfinite(one) and above < one and least <= one <= most for one in numbers)
