"""Words for numbers and names, the same on every page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from comp_core.modalities import AUDIO, MODALITIES, TEXT, VIDEO
from comp_core.senses.reading import NO_FACE, NO_WORDS, NOT_GIVEN, SILENCE, SWITCHED_OFF

# Reasons for absence that read better with their modality known.
REASONS = {
    (AUDIO, NOT_GIVEN): "no sound",
    (VIDEO, NOT_GIVEN): "no picture",
    (AUDIO, SILENCE): "silence",
    (TEXT, NO_WORDS): "no words",
    (VIDEO, NO_FACE): "no face",
    (AUDIO, SWITCHED_OFF): "off",
    (TEXT, SWITCHED_OFF): "off",
    (VIDEO, SWITCHED_OFF): "off",
}

# How what the modalities say by themselves can fit together.
RELATIONS = {
    "agree": "The modalities agree: each by itself names the same expression.",
    "conflict": "The modalities conflict: two are sure of different expressions.",
    "complement": "The modalities complement one another: those that are sure name one expression, the others are not sure.",
    "alone": "One modality only: there is nothing to compare it with.",
}
# The same in the headline.
IN_SHORT = {"agree": ", which agree", "conflict": ", which conflict", "complement": "", "alone": " alone"}
# A weight that reads as 0 %.
NOTHING = 0.005

Probabilities = Mapping[str, float]


def percent(p: float) -> str:
    """Never "100 %": a model is not certain."""
    return f"{round(100 * p)} %" if p < 0.995 else ">99 %"


def ranked(probabilities: Probabilities) -> list[tuple[str, float]]:
    """Labels and probabilities, the likeliest first."""
    return sorted(probabilities.items(), key=lambda item: -item[1])


def in_words(probabilities: Probabilities | None, answer_threshold: float) -> str:
    """A prediction in a few words: "joy 72 %", "not sure", "nothing to go on"."""
    if probabilities is None:
        return "nothing to go on"
    label, p = ranked(probabilities)[0]
    return f"{label} {percent(p)}" if p >= answer_threshold else "not sure"


def named(record: Mapping[str, Any]) -> set[str]:
    """The expressions that single senses are sure of."""
    return {label for label, p in _tops(record) if p >= record["sure_from"]}


def relation(record: Mapping[str, Any]) -> str:
    """How what the modalities say by themselves fits together: one of ``RELATIONS``."""
    tops = _tops(record)
    if len(tops) < 2:
        return "alone"
    if len(named(record)) > 1:
        return "conflict"
    # Who is not sure names nothing, and so agrees with nobody.
    return "agree" if min(p for _, p in tops) >= record["sure_from"] else "complement"


def _tops(record: Mapping[str, Any]) -> list[tuple[str, float]]:
    return [ranked(record[modality])[0] for modality in MODALITIES if record[modality] is not None]


def listed(names: Sequence[str]) -> str:
    """One or more names as a phrase."""
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def ago(seconds: float) -> str:
    """ "12 s ago", "3 min ago"."""
    return f"{round(seconds)} s ago" if seconds < 60 else f"{int(seconds // 60)} min ago"


def clock_text(seconds: float) -> str:
    """Minutes and seconds, as 1:05."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"
