"""What a page may send, described once: checks and JSON schema are made from this. Every field comes from a stranger.

Of a message for no session nothing but the token is looked at; of media the size is, before anything is decoded.
"""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NotRequired

import numpy as np
from PIL import Image, UnidentifiedImageError
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, TypeAdapter, with_config
from typing_extensions import TypedDict

from app.capture.lessons import LessonRequest
from app.checked import BAD, TOO_LARGE, Schema, base64_text, otherwise, refusal
from app.live.people import MOST_NUMBERS
from app.live.sliders import SLIDERS, degradation_of
from app.records import ONE_LINE, TEXT_LENGTH
from app.refusal import Refused
from comp_core.inference.degradation import Degradation
from comp_core.inference.media import MOST_SCANS, jpeg_scans
from comp_core.modalities import AUDIO, MODALITIES, VIDEO
from comp_core.senses.reading import DISCONNECTED, PAUSED
from comp_core.senses.speech.vad import SAMPLE_RATE
from comp_core.senses.words.tokens import whole_characters

SCHEMA_FILE = Path(__file__).with_name("wire_schema.json")
JPEG_BYTES = 300_000
PICTURE_SIDE = 1280
PCM_SECONDS = 12
NOTE_LENGTH = 500
NAME_LENGTH = 24
# Seconds of the time constant; below, the shown label flickers, and above, it is long behind.
SMOOTHING = (0.1, 3.0)
# The whole request: both media in base64, or two saved sessions, and the rest.
REQUEST_BYTES = 2_600_000

# A page of another version may send more: what is not described here is not read.
_SETTINGS = ConfigDict(strict=True, extra="allow")


def _cut(length: int) -> BeforeValidator:
    """Text is cut to a length that no honest visitor reaches, and half characters go, which no answer could hold."""
    return BeforeValidator(lambda value: whole_characters(value[:length]) if isinstance(value, str) else value)


def _number(name: str) -> Any:
    return Annotated[float, Field(allow_inf_nan=False), otherwise(f"The field {name!r} is not a number.")]


def _yes(name: str) -> Any:
    return Annotated[bool, otherwise(f"The field {name!r} is true or false.")]


def _between(lowest: float, highest: float, what: str, unit: str = "") -> Any:
    told = otherwise(f"The {what} goes from {lowest} to {highest}{unit}.")
    return Annotated[float, Field(ge=lowest, le=highest, allow_inf_nan=False), told]


Words = Annotated[str, _cut(TEXT_LENGTH), otherwise("The typed words are not text.")]
Note = Annotated[str, _cut(NOTE_LENGTH), otherwise("The note is not text.")]
_Number = Annotated[int, Field(ge=1, le=MOST_NUMBERS)]
_Name = Annotated[
    str,
    ONE_LINE,
    _cut(TEXT_LENGTH),
    Field(max_length=NAME_LENGTH),
    otherwise(f"A name is text of at most {NAME_LENGTH} characters. Shorten it."),
]
Gone = Annotated[
    dict[Literal[AUDIO, VIDEO], Literal[DISCONNECTED, PAUSED]],
    Field(description="why a device gives nothing (any more), by its modality"),
    otherwise(f"A device of audio or video can be {DISCONNECTED} or {PAUSED}."),
]
Switches = Annotated[dict[Literal[MODALITIES], bool], otherwise("The switches must be true or false for audio, text or video.")]
Sliders = Annotated[
    with_config(ConfigDict(strict=True, extra="forbid"))(
        TypedDict(
            "Sliders",
            {s.field: NotRequired[_between(s.lowest, s.highest, f"slider {s.field}")] for s in SLIDERS} | {"muted": NotRequired[bool]},
        )
    ),
    otherwise(f"The sliders are {', '.join(slider.field for slider in SLIDERS)}, and muted."),
]


@with_config(_SETTINGS)
class Correction(TypedDict):
    """Other words for an utterance, by its number."""

    utterance: int
    text: Annotated[str, _cut(TEXT_LENGTH)]


@with_config(_SETTINGS)
class Called(TypedDict):
    """The name of a face, which is given by its number; "" takes it back."""

    face: _Number
    name: _Name


@with_config(_SETTINGS)
class Entrance(TypedDict, total=False):
    """Begin a session, perhaps with a place in line."""

    ticket: Any


@with_config(_SETTINGS)
class Held(TypedDict, total=False):
    """What is asked of a session. Any token may be tried: one that fits no session is told that it has ended."""

    token: Any


@with_config(_SETTINGS)
class Leaving(Held, total=False):
    """End a session, or leave the line."""

    ticket: Any


@with_config(_SETTINGS)
class Giving(Held):
    """Let programs follow the session, or none any more."""

    on: _yes("on")


@with_config(_SETTINGS)
class Looking(Held, total=False):
    """Ask for the newest snapshot, and say what devices give nothing."""

    gone: Gone | None


@with_config(_SETTINGS)
class _Media(Looking, total=False):
    """The same, with what was captured since the last time."""

    jpeg: Annotated[base64_text("picture", JPEG_BYTES) | None, Field(description="a JPEG, in base64")]
    captured: Annotated[_number("captured") | None, Field(description="when, on the page's clock, ms; needed with jpeg")]
    pcm: Annotated[
        base64_text("sound", 2 * SAMPLE_RATE * PCM_SECONDS) | None, Field(description="mono 16 kHz int16, little-endian, in base64")
    ]
    first: Annotated[_number("first") | None, Field(description="number of its first sample; needed with pcm")]


def _with_its_time(media: Any) -> Any:
    for what, needed in (("jpeg", "captured"), ("pcm", "first")):
        if media.get(what) is not None and media.get(needed) is None:
            raise refusal(f"The field {needed!r} is not a number.")
    return media


Media = Annotated[_Media, AfterValidator(_with_its_time)]


@with_config(_SETTINGS)
class Control(Held, total=False):
    """What a visitor does while the session runs."""

    switches: Switches
    model: Annotated[str, otherwise("The model is named by a text.")]
    language: Annotated[str, otherwise("The language is named by a text, as en.")]
    degradation: Sliders
    typed: Words
    corrected: Annotated[Correction, otherwise("A correction names an utterance by its number, and has its words.")]
    face: Annotated[
        _Number | None,
        Field(description="number of the face that is to be read; null for whoever speaks"),
        otherwise("A face is chosen by its number, or none by null."),
    ]
    called: Annotated[Called, otherwise("A name is text for a face, which is given by its number.")]
    smoothing: _between(*SMOOTHING, "smoothing", " seconds")
    memory: _yes("memory")
    forget: _yes("forget")
    note: Note
    lesson: Annotated[LessonRequest, otherwise("A lesson is asked for by hold, drop, use or delete.")]


ENTRANCE, HELD, LEAVING, GIVING, CONTROL = (TypeAdapter(kind) for kind in (Entrance, Held, Leaving, Giving, Control))
# Where the computer's own devices are read, what a page captures is not looked at.
LOOKING, MEDIA = TypeAdapter(Looking), TypeAdapter(Media)
# By the call that takes it.
MESSAGES = {
    "open_session": ENTRANCE,
    "exchange": MEDIA,
    "control": CONTROL,
    "give_out": GIVING,
    "take_along": HELD,
    "close_session": LEAVING,
}


def json_schema() -> dict[str, Any]:
    """Of all messages, by the call that takes each."""
    calls, rest = TypeAdapter.json_schemas([(name, "validation", kind) for name, kind in MESSAGES.items()], schema_generator=Schema)
    told = {"title": "What the live page sends, by the call that takes it", "type": "object"}
    return {**told, "properties": {name: schema for (name, _), schema in calls.items()}, **rest}


def fields(data: object) -> Mapping[str, Any]:
    """The request as a mapping.

    Raises:
        Refused: it is something else.
    """
    if not isinstance(data, Mapping):
        raise Refused(BAD, "The request is not an object.")
    return data


def picture(value: str | None) -> np.ndarray | None:
    """A JPEG in base64 -> (H, W, 3) uint8, RGB; None stays None.

    Raises:
        Refused: it is no JPEG that can be decoded, or one that is dear to decode.
    """
    if value is None:
        return None
    encoded = decoded(value, "picture")
    # Each of thousands of empty scans would be decoded over the whole picture.
    if jpeg_scans(encoded) > MOST_SCANS:
        raise Refused(TOO_LARGE, f"The picture has more than {MOST_SCANS} scans.")
    try:
        with Image.open(io.BytesIO(encoded), formats=["JPEG"]) as image:
            # Before anything is decoded: a small file can claim a huge picture.
            if max(image.size) > PICTURE_SIDE:
                raise Refused(TOO_LARGE, f"The picture is larger than {PICTURE_SIDE} pixels.")
            return np.asarray(image.convert("RGB"))
    except Image.DecompressionBombError as error:
        raise Refused(TOO_LARGE, f"The picture is larger than {PICTURE_SIDE} pixels.") from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise Refused(BAD, "The picture is not a JPEG that can be decoded.") from error


def samples(value: str | None) -> np.ndarray | None:
    """Mono 16 kHz int16 in base64 -> float32 in [-1, 1]; None stays None.

    Raises:
        Refused: it is not made of whole samples.
    """
    if value is None:
        return None
    encoded = decoded(value, "sound")
    if len(encoded) % 2:
        raise Refused(BAD, "The sound is not made of 16-bit samples.")
    return np.frombuffer(encoded, "<i2").astype(np.float32) / 32768


def yes(value: object, name: str) -> bool:
    """True or false.

    Raises:
        Refused: something else than true and false.
    """
    if not isinstance(value, bool):
        raise Refused(BAD, f"The field {name!r} is true or false.")
    return value


def degradation(value: Mapping[str, Any]) -> Degradation:
    """Of checked ``Sliders``."""
    return degradation_of({name: float(amount) for name, amount in value.items() if name != "muted"}, value.get("muted", False))


def model(value: str, models: Collection[str]) -> str:
    """The name of one of the ``models``.

    Raises:
        Refused: there is no such model.
    """
    if value not in models:
        raise Refused(BAD, f"The model must be one of {', '.join(models)}.")
    return value


def language(value: str, languages: Collection[str]) -> str:
    """The code of one of the ``languages``.

    Raises:
        Refused: the recogniser does not understand it.
    """
    if value not in languages:
        raise Refused(BAD, "The recogniser does not understand this language.")
    return value


def decoded(value: str, what: str) -> bytes:
    """The bytes of a text in base64, whose length has been checked.

    Raises:
        Refused: it is not base64.
    """
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused(BAD, f"The {what} is not base64 text.") from error
