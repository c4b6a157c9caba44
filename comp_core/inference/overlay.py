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
from comp_core.modalities import MODALITIES
from comp_core.senses.speech.vad import SAMPLE_RATE

PICTURES_HZ = 15
NOTICE = "predicted expression, not feelings"
# The strip below the picture: its height, and the sizes of its lines, as shares of the picture's width.
_STRIP, _LARGE, _SMALL = 0.19, 0.05, 0.025
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
        for seconds, picture in media.frames(PICTURES_HZ):
            frame = av.VideoFrame.from_ndarray(labelled(picture, _at(records, seconds)), format="rgb24")
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


def labelled(picture: np.ndarray, record: Mapping[str, Any] | None) -> np.ndarray:
    """An RGB picture with a strip below it, both sides even; without a record the strip has the notice only."""
    width = max(_LEAST_WIDTH, picture.shape[1] // 2 * 2)
    height = round(picture.shape[0] * width / picture.shape[1] / 2) * 2
    strip = round(_STRIP * width / 2) * 2
    canvas = Image.new("RGB", (width, height + strip), _GROUND)
    canvas.paste(Image.fromarray(picture).resize((width, height)), (0, 0))
    draw = ImageDraw.Draw(canvas)
    large, small = (_font(round(share * width)) for share in (_LARGE, _SMALL))
    margin, line = 0.02 * width, height + 0.01 * width
    draw.text((margin, line), _headline(record), fill=_INK, font=large)
    draw.text((width - margin, line), NOTICE, fill=_PALE, font=small, anchor="ra")
    if record:
        third = (width - 2 * margin) / len(MODALITIES)
        for i, modality in enumerate(MODALITIES):
            told = _shortened(_of_modality(record, modality), draw, small, third - margin)
            draw.text((margin + i * third, line + 0.075 * width), told, fill=_PALE, font=small)
        words = (record["transcript"] or "").replace("\n", " ")
        draw.text((margin, line + 0.125 * width), _shortened(words, draw, small, width - 2 * margin), fill=_INK, font=small)
    return np.asarray(canvas)


def _at(records: Sequence[Mapping[str, Any]], seconds: float) -> Mapping[str, Any] | None:
    return next((record for record in records if record["start"] <= seconds <= record["end"]), None)


def _headline(record: Mapping[str, Any] | None) -> str:
    if record is None or record["fused"] is None:
        return "–"
    label, share = _best(record["fused"])
    return f"{label} {share:.0%}" if share >= record["sure_from"] else f"not sure ({label} {share:.0%})"


def _of_modality(record: Mapping[str, Any], modality: str) -> str:
    own = "{} {:.0%}".format(*_best(record[modality])) if record[modality] else record["absent_because"][modality]
    weight = f", weight {record['weights'][modality]:.0%}" if record["weights"] else ""
    return f"{modality}: {own}{weight}"


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which matplotlib brings: Pillow's own font knows few letters beyond English."""
    from matplotlib.font_manager import findfont

    return ImageFont.truetype(findfont("DejaVu Sans"), size)


def _best(distribution: Mapping[str, float]) -> tuple[str, float]:
    label = max(distribution, key=distribution.__getitem__)
    return label, distribution[label]


def _shortened(text: str, draw: ImageDraw.ImageDraw, font: Any, width: float) -> str:
    if draw.textlength(text, font=font) <= width:
        return text
    while text and draw.textlength(text + "…", font=font) > width:
        text = text[:-1]
    return text + "…"
