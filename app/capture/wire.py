"""What a page may send: checked here before anything else sees it. Every field comes from a stranger."""

from __future__ import annotations

import base64
import binascii
import io
import math
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from app.live.sliders import SLIDERS, degradation_of
from app.visitors.refusal import Refused
from comp_core.formats.tiers import one_line
from comp_core.inference.degradation import Degradation
from comp_core.inference.media import MOST_SCANS, jpeg_scans
from comp_core.modalities import AUDIO, MODALITIES, VIDEO
from comp_core.senses.reading import DISCONNECTED, PAUSED
from comp_core.senses.speech.vad import SAMPLE_RATE
from comp_core.senses.words.tokens import whole_characters

JPEG_BYTES = 300_000
PICTURE_SIDE = 1280
PCM_SECONDS = 12
TEXT_LENGTH = 10_000
NOTE_LENGTH = 500
NAME_LENGTH = 24
# Seconds of the time constant; below, the shown label flickers, and above, it is long behind.
SMOOTHING = (0.1, 3.0)
# The whole request: both media in base64, and the rest.
REQUEST_BYTES = 2_000_000
_SLIDERS = {slider.field: slider for slider in SLIDERS}


def fields(data: object) -> Mapping[str, Any]:
    """The request as a mapping.

    Raises:
        Refused: it is something else.
    """
    if not isinstance(data, Mapping):
        raise _bad("The request is not an object.")
    return data


def picture(value: object) -> np.ndarray | None:
    """A JPEG in base64 -> (H, W, 3) uint8, RGB; None stays None.

    Raises:
        Refused: too large, or not a JPEG that can be decoded.
    """
    if value is None:
        return None
    encoded = _bytes(value, "picture", JPEG_BYTES)
    # Each of thousands of empty scans would be decoded over the whole picture.
    if jpeg_scans(encoded) > MOST_SCANS:
        raise Refused("too_large", f"The picture has more than {MOST_SCANS} scans.")
    try:
        with Image.open(io.BytesIO(encoded), formats=["JPEG"]) as image:
            # Before anything is decoded: a small file can claim a huge picture.
            if max(image.size) > PICTURE_SIDE:
                raise Refused("too_large", f"The picture is larger than {PICTURE_SIDE} pixels.")
            return np.asarray(image.convert("RGB"))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise _bad("The picture is not a JPEG that can be decoded.") from error


def samples(value: object) -> np.ndarray | None:
    """Mono 16 kHz int16 in base64 -> float32 in [-1, 1]; None stays None.

    Raises:
        Refused: too long, or not whole samples.
    """
    if value is None:
        return None
    encoded = _bytes(value, "sound", 2 * SAMPLE_RATE * PCM_SECONDS)
    if len(encoded) % 2:
        raise _bad("The sound is not made of 16-bit samples.")
    return np.frombuffer(encoded, "<i2").astype(np.float32) / 32768


def number(value: object, name: str) -> float:
    """A finite number.

    Raises:
        Refused: it is something else.
    """
    with suppress(OverflowError):  # JSON has whole numbers beyond any float
        if not isinstance(value, bool) and isinstance(value, int | float) and math.isfinite(value):
            return float(value)
    raise _bad(f"The field {name!r} is not a number.")


def text(value: object) -> str:
    """Typed words, cut to a length that no honest visitor reaches.

    Raises:
        Refused: it is no text.
    """
    if not isinstance(value, str):
        raise _bad("The typed words are not text.")
    return whole_characters(value[:TEXT_LENGTH])


def correction(value: object) -> tuple[int, str]:
    """The number of an utterance and its words.

    Raises:
        Refused: it is something else.
    """
    if not isinstance(value, Mapping) or isinstance(value.get("utterance"), bool) or not isinstance(value.get("utterance"), int):
        raise _bad("A correction names an utterance by its number.")
    return value["utterance"], text(value.get("text"))


def face(value: object) -> int | None:
    """The number of the face that is to be read; None for whoever speaks.

    Raises:
        Refused: it is something else.
    """
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise _bad("A face is chosen by its number, or none by null.")
    return value


def called(value: object) -> tuple[int, str]:
    """The number of a face and the name that is typed for it; "" takes it back.

    Raises:
        Refused: it is something else, or the name is too long.
    """
    if not isinstance(value, Mapping) or not isinstance(value.get("name"), str) or (number := face(value.get("face"))) is None:
        raise _bad("A name is text for a face, which is given by its number.")
    name = one_line(whole_characters(value["name"][:TEXT_LENGTH]))
    if len(name) > NAME_LENGTH:
        raise _bad(f"A name has at most {NAME_LENGTH} characters. Shorten it.")
    return number, name


def smoothing(value: object) -> float:
    """Seconds.

    Raises:
        Refused: no number, or beyond the ends.
    """
    seconds, (lowest, highest) = number(value, "smoothing"), SMOOTHING
    if not lowest <= seconds <= highest:
        raise _bad(f"The smoothing goes from {lowest} to {highest} seconds.")
    return seconds


def gone(value: object) -> dict[str, str]:
    """Why a device gives nothing (any more), by its modality.

    Raises:
        Refused: an unknown modality or reason.
    """
    value = {} if value is None else value
    if not isinstance(value, Mapping) or not all(name in (AUDIO, VIDEO) and why in (DISCONNECTED, PAUSED) for name, why in value.items()):
        raise _bad(f"A device of audio or video can be {DISCONNECTED} or {PAUSED}.")
    return dict(value)


def switches(value: object) -> dict[str, bool]:
    """Which modalities are on, by name.

    Raises:
        Refused: an unknown modality, or something else than true and false.
    """
    if not isinstance(value, Mapping) or not all(name in MODALITIES and isinstance(on, bool) for name, on in value.items()):
        raise _bad("The switches must be true or false for audio, text or video.")
    return dict(value)


def yes(value: object, name: str) -> bool:
    """True or false.

    Raises:
        Refused: something else than true and false.
    """
    if not isinstance(value, bool):
        raise _bad(f"The field {name!r} is true or false.")
    return value


def degradation(value: object) -> Degradation:
    """What the sliders are set to, by field, and whether it is muted.

    Raises:
        Refused: an unknown slider, or a value beyond its ends.
    """
    if not isinstance(value, Mapping) or not set(value) <= {*_SLIDERS, "muted"} or not isinstance(value.get("muted", False), bool):
        raise _bad(f"The sliders are {', '.join(_SLIDERS)}, and muted.")
    values = {name: number(value[name], name) for name in _SLIDERS if name in value}
    for name, amount in values.items():
        if not _SLIDERS[name].lowest <= amount <= _SLIDERS[name].highest:
            raise _bad(f"The slider {name} goes from {_SLIDERS[name].lowest} to {_SLIDERS[name].highest}.")
    return degradation_of(values, value.get("muted", False))


def model(value: object, models: Collection[str]) -> str:
    """The name of one of the ``models``.

    Raises:
        Refused: there is no such model.
    """
    if not isinstance(value, str) or value not in models:
        raise _bad(f"The model must be one of {', '.join(models)}.")
    return value


def language(value: object, languages: Collection[str]) -> str:
    """The code of one of the ``languages``.

    Raises:
        Refused: the recogniser does not understand it.
    """
    if not isinstance(value, str) or value not in languages:
        raise _bad("The recogniser does not understand this language.")
    return value


def _bytes(value: object, what: str, limit: int) -> bytes:
    if not isinstance(value, str):
        raise _bad(f"The {what} is not base64 text.")
    if len(value) > 4 * (limit // 3 + 1):
        raise Refused("too_large", f"The {what} is larger than {limit // 1000} kB.")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _bad(f"The {what} is not base64 text.") from error


def _bad(message: str) -> Refused:
    return Refused("bad_request", message)
