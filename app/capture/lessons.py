"""What a page asks of its visitor's lesson, each field checked."""

from __future__ import annotations

import unicodedata

from app.capture import wire
from app.live.lesson import ATTEMPTS, Lesson
from app.visitors.refusal import Refused
from comp_core.modalities import LABELS

NAME_LENGTH = 24


def teach(lesson: Lesson, value: object) -> None:
    """Carry out one request: ``hold`` a try (``name``, ``attempt`` from 0 on), ``drop`` a name, ``use`` it or not, ``delete`` it.

    Raises:
        Refused: a field is something else, or the lesson cannot do it.
    """
    asked = wire.fields(value)
    if "hold" in asked:
        hold = wire.fields(asked["hold"])
        lesson.hold(name_of(hold.get("name")), _attempt(hold.get("attempt")))
    if "drop" in asked:
        lesson.drop(name_of(asked["drop"]))
    if "use" in asked:
        lesson.use(wire.yes(asked["use"], "use"))
    if asked.get("delete") is True:
        lesson.delete()


def name_of(value: object) -> str:
    """The name of an expression: one of the labels, however it is written, or one of the visitor's own.

    Raises:
        Refused: no text, empty, too long, or with characters that cannot be seen.
    """
    name = " ".join(unicodedata.normalize("NFC", value).split()) if isinstance(value, str) and len(value) <= 4 * NAME_LENGTH else ""
    if not name or len(name) > NAME_LENGTH or not name.isprintable():
        raise Refused("bad_request", f"A name has 1 to {NAME_LENGTH} letters that can be seen.")
    return name.lower() if name.lower() in LABELS else name


def _attempt(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < ATTEMPTS:
        raise Refused("bad_request", f"An expression is tried {ATTEMPTS} times, numbered from 0.")
    return value
