"""What a page asks of its visitor's lesson: each field described and checked, then carried out."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, with_config
from typing_extensions import TypedDict

from app.checked import otherwise, refusal
from app.live.lesson import ATTEMPTS, Lesson
from comp_core.modalities import LABELS

NAME_LENGTH = 24
_SETTINGS = ConfigDict(strict=True, extra="allow")
_UNNAMED = f"A name has 1 to {NAME_LENGTH} letters that can be seen."


def name_of(text: str) -> str:
    """The name of an expression: one of the labels, however it is written, or one of the visitor's own.

    Raises:
        PydanticCustomError: it is empty, too long, or has characters that cannot be seen.
    """
    name = " ".join(unicodedata.normalize("NFC", text).split()) if len(text) <= 4 * NAME_LENGTH else ""
    if not name or len(name) > NAME_LENGTH or not name.isprintable():
        raise refusal(_UNNAMED)
    return name.lower() if name.lower() in LABELS else name


Name = Annotated[str, AfterValidator(name_of), otherwise(_UNNAMED)]
_TRIED = f"An expression is tried {ATTEMPTS} times, numbered from 0."


@with_config(_SETTINGS)
class Hold(TypedDict):
    """One try of an expression begins."""

    name: Name
    attempt: Annotated[int, Field(ge=0, lt=ATTEMPTS), otherwise(_TRIED)]


@with_config(_SETTINGS)
class LessonRequest(TypedDict, total=False):
    """Hold a try, drop a name, use the lesson or not, delete it."""

    hold: Annotated[Hold, otherwise(_TRIED)]
    drop: Name
    use: Annotated[bool, otherwise("The field 'use' is true or false.")]
    delete: Annotated[bool, otherwise("The field 'delete' is true or false.")]


def teach(lesson: Lesson, asked: Mapping[str, Any]) -> None:
    """Carry out a `LessonRequest`.

    Raises:
        Refused: the lesson cannot do it.
    """
    if "hold" in asked:
        lesson.hold(asked["hold"]["name"], asked["hold"]["attempt"])
    if "drop" in asked:
        lesson.drop(asked["drop"])
    if "use" in asked:
        lesson.use(asked["use"])
    if asked.get("delete"):
        lesson.delete()
