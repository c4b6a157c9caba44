"""A video with its predictions written below the picture, for those who were not there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from comp_core.inference.media import Media, MediaError
from comp_core.modalities import MODALITIES, NAMES
from comp_core.senses.speech.vad import SAMPLE_RATE

PICTURES_HZ = 15
NOTICE = "predicted expression, not feelings"
# The strip below the picture, as shares of the picture's width: its headline, each row below it, and the sizes of their letters.
_HEAD, _ROW, _LARGE, _SMALL, _MARGIN = 0.08, 0.036, 0.05, 0.025, 0.02
# Of words: six hold what can be said before an utterance is split.
_MOST_ROWS = 6
_LEAST_WIDTH = 480
_GROUND, _INK, _PALE = (16, 22, 29), (238, 242, 246), (163, 176, 191)


def burn_in(media: Media, records: Sequence[Mapping[str, Any]], out: Path, progress: Callable[[float], None] = lambda _: None) -> None:
    """Write an MP4 with the video's pictures and sound, and under each picture what its utterance was taken for.

    Args:
        records: of `comp_core.predictor.Predictor.predict_file`.
        progress: called with the done fraction.

    Raises:
        MediaError: there are no moving pictures.
    """
    if media.kind != "video":
        raise MediaError(f"{media.path.name} has no moving pictures: only a video can carry labels.")
    with av.open(str(out), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=PICTURES_HZ, options={"crf": "23", "preset": "veryfast"})
        stream.pix_fmt, stream.time_base = "yuv420p", Fraction(1, 1000)
        sound = container.add_stream("aac", rate=SAMPLE_RATE, layout="mono") if media.has_audio else None
        rows = 0
        for seconds, picture in media.frames(PICTURES_HZ):
            rows = rows or _rows_of_words(records, _width(picture))
            frame = av.VideoFrame.from_ndarray(labelled(picture, _at(records, seconds), rows), format="rgb24")
            if not stream.codec_context.is_open:
                stream.width, stream.height = frame.width, frame.height
            frame = frame.reformat(stream.width, stream.height)  # a recording may change its size on the way
            frame.pts, frame.time_base = round(1000 * seconds), Fraction(1, 1000)
            container.mux(stream.encode(frame))
            progress(min(1.0, seconds / media.duration) if media.duration else 1.0)
        container.mux(stream.encode())
        if sound is not None:
            samples = av.AudioFrame.from_ndarray(np.ascontiguousarray(media.samples)[None], format="flt", layout="mono")
            samples.sample_rate, samples.pts = SAMPLE_RATE, 0
            container.mux(sound.encode(samples))
            container.mux(sound.encode())


def labelled(picture: np.ndarray, record: Mapping[str, Any] | None, rows: int = 1) -> np.ndarray:
    """An RGB picture with a strip below it that has room for ``rows`` of words, both sides even; without a record, the notice only."""
    width = _width(picture)
    height = round(picture.shape[0] * width / picture.shape[1] / 2) * 2
    strip = round((_HEAD + (len(MODALITIES) + rows) * _ROW + _MARGIN) * width / 2) * 2
    canvas = Image.new("RGB", (width, height + strip), _GROUND)
    canvas.paste(Image.fromarray(picture).resize((width, height)), (0, 0))
    draw = ImageDraw.Draw(canvas)
    small, margin, line = _font(round(_SMALL * width)), _MARGIN * width, height + 0.01 * width
    draw.text((margin, line), _headline(record), fill=_INK, font=_font(round(_LARGE * width)))
    draw.text((width - margin, line), NOTICE, fill=_PALE, font=small, anchor="ra")
    if record:
        told = [(_of_modality(record, modality), _PALE) for modality in MODALITIES]
        told += [(row, _INK) for row in _words(record, width, rows)]
        for i, (text, colour) in enumerate(told):
            draw.text((margin, line + (_HEAD + i * _ROW) * width), text, fill=colour, font=small)
    return np.asarray(canvas)


def _width(picture: np.ndarray) -> int:
    return max(_LEAST_WIDTH, picture.shape[1] // 2 * 2)


def _rows_of_words(records: Sequence[Mapping[str, Any]], width: int) -> int:
    """As many as the longest words need, so that the strip keeps its height."""
    return max((len(_words(record, width, _MOST_ROWS)) for record in records), default=1)


def _words(record: Mapping[str, Any], width: int, most: int) -> list[str]:
    """What was said, in at most so many rows; only words that were typed are longer, and end in an ellipsis."""
    font, room = _font(round(_SMALL * width)), (1 - 2 * _MARGIN) * width
    rows = [""]
    for word in (record["transcript"] or "").split():
        joined = f"{rows[-1]} {word}".strip()
        if font.getlength(joined) <= room:
            rows[-1] = joined
        elif len(rows) == most:
            rows[-1] = _shortened(joined, font, room)
            break
        else:
            rows.append(_shortened(word, font, room))
    return rows


def _at(records: Sequence[Mapping[str, Any]], seconds: float) -> Mapping[str, Any] | None:
    return next((record for record in records if record["start"] <= seconds <= record["end"]), None)


def _headline(record: Mapping[str, Any] | None) -> str:
    if record is None or record["fused"] is None:
        return "–"
    label, share = _best(record["fused"])
    return f"{label} {share:.0%}" if share >= record["sure_from"] else f"not sure ({label} {share:.0%})"


def _of_modality(record: Mapping[str, Any], modality: str) -> str:
    own = "{} {:.0%}".format(*_best(record[modality])) if record[modality] else record["absent_because"][modality]
    weight = f", weight {record['weights'][modality]:.0%}" if record["weights"] and sum(record["observed"].values()) > 1 else ""
    return f"{NAMES[modality]}: {own}{weight}"


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which matplotlib brings: Pillow's own font knows few letters beyond English."""
    from matplotlib.font_manager import findfont

    return ImageFont.truetype(findfont("DejaVu Sans"), size)


def _best(distribution: Mapping[str, float]) -> tuple[str, float]:
    label = max(distribution, key=distribution.__getitem__)
    return label, distribution[label]


def _shortened(text: str, font: ImageFont.FreeTypeFont, room: float) -> str:
    if font.getlength(text) <= room:
        return text
    while text and font.getlength(text + "…") > room:
        text = text[:-1]
    return text + "…"
