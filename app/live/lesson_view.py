"""What is known of a lesson -> what the page tells of it, as plain JSON."""

from __future__ import annotations

from typing import Any

from app.live.lesson import LessonState
from app.live.phrases import listed, percent, ranked
from comp_core.inference.personal import Judgement
from comp_core.modalities import AUDIO, LABELS, NAMES


def lesson_view(state: LessonState) -> dict[str, Any]:
    """A lesson as the JSON that the live page draws."""
    holding = state.holding
    return {
        "holding": {"name": holding.name, "attempt": holding.attempt, "left": round(holding.left, 1)} if holding else None,
        "held": {
            name: [None if there is None else listed([NAMES[m] for m in there]) for there in attempts]
            for name, attempts in state.held.items()
        },
        "told": state.told,
        "worth": _worth(state),
        "can": state.judged is not None,
        "on": state.on,
        "answer": _in_words(state),
        "bars": {name: round(p, 4) for name, p in state.answer.items()} if state.answer else None,
    }


def _worth(state: LessonState) -> str:
    """What the lesson is worth, measured on the tries that it was not fitted on."""
    if state.judged is None:
        if len(state.complete) < 2:
            return "Hold two expressions or more, each of them twice."
        return "Neither face nor voice was there in every try. Hold those again in which it was missing."
    second, first = state.judged
    told = [f"Of your second tries it names {_before_and_after(second)}; of your first tries, {_before_and_after(first)}."]
    better = sum(found.taught - found.without for found in state.judged)
    if all(found.without == found.tries == found.taught for found in state.judged):
        told.append("All were named before it: there was nothing to gain.")
    elif better <= 0:
        told.append("The lesson does not help." if better == 0 else "The lesson makes it worse.")
    own = [name for name in state.complete if name not in LABELS]
    if own:
        told.append(f"Without your lesson it cannot know {listed([f'“{name}”' for name in own])}.")
    told.append(f"It learnt from {listed([NAMES[m] for m in state.learnt])}.")
    if AUDIO not in state.learnt:
        told.append("For the voice, say something in every try.")
    return " ".join(told)


def _before_and_after(found: Judgement) -> str:
    return f"{found.without} of {found.tries} without your lesson, {found.taught} of {found.tries} with it"


def _in_words(state: LessonState) -> str:
    """The answer by the lesson, and what it is from; "" while it is off."""
    if not state.on:
        return ""
    if not state.answer:
        return "nothing to go on"
    label, p = ranked(state.answer)[0]
    if len(state.by_modality) == 1:
        return f"{label} {percent(p)}, from the {NAMES[next(iter(state.by_modality))]}"
    alone = [f"{NAMES[m]}: {ranked(found)[0][0]} {percent(ranked(found)[0][1])}" for m, found in state.by_modality.items()]
    return f"{label} {percent(p)} ({'; '.join(alone)})"
