"""One minute before a camera and a microphone, the same every time.

It is made from openly licensed parts: a public-domain portrait, and the synthetic speech of the sample clips.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from comp_core.inference.media import open_media
from comp_core.senses.speech.vad import SAMPLE_RATE
from tests.browser.media import portrait
from tests.places import SAMPLES

SECONDS = 60
# As the page sends its pictures: the long side in pixels, and the quality of the JPEG.
WIDTH, QUALITY = 320, 75
FACE, HAND, WALL, DARK = "face", "hand", "wall", "dark"
# Of the portrait, in pixels: the tip of the nose, and where the hand is held, with the half axes of its outline.
_NOSE = (280.0, 164.0)
_MOUTH, _PALM, _SKIN = (279, 194), (54, 34), (205, 165, 145)


@dataclass(frozen=True)
class Scene:
    """What the camera sees from ``start`` to ``end`` (seconds).

    ``FACE``, the same with a ``HAND`` before the mouth, an empty ``WALL``, or, with the lens covered, the ``DARK``.
    """

    shows: str
    start: float
    end: float

    @property
    def has_face(self) -> bool:
        return self.shows in (FACE, HAND)


@dataclass(frozen=True)
class Speech:
    """The sound of a sample clip, somewhere in it from ``start`` to ``end`` (seconds), and the words of its utterances."""

    clip: str
    start: float
    end: float
    words: tuple[str, ...]


SCENES = (
    Scene(FACE, 0, 18),
    Scene(WALL, 18, 26),
    Scene(FACE, 26, 33),
    Scene(HAND, 33, 40),
    Scene(DARK, 40, 52),
    Scene(FACE, 52, 60),
)
# One is said before the camera, the other in the dark.
SPEECHES = (
    Speech("happy.mp4", 4.0, 11.5, ("I am so happy today, this is wonderful.", "This is the best day of my life, I love it.")),
    Speech("voice_only.mp3", 41.0, 49.0, ("I am really angry, leave me alone right now.", "This is a terrible day, and I am very angry.")),
)


@dataclass(frozen=True)
class Moment:
    """What a page sends at ``at`` (seconds): a JPEG ``taken`` a little before, and int16 samples at 16 kHz since the moment before."""

    taken: float
    at: float
    jpeg: bytes
    pcm: bytes


def scene_at(time: float) -> Scene:
    return next(scene for scene in reversed(SCENES) if scene.start <= time)


def moments(rate: int, width: int = WIDTH) -> Iterator[Moment]:
    """The minute at ``rate`` pictures a second."""
    recording, face = sound(), portrait()
    for n in range(SECONDS * rate):
        _, jpeg = cv2.imencode(".jpg", picture(face, n / rate, width)[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        heard = recording[n * SAMPLE_RATE // rate : (n + 1) * SAMPLE_RATE // rate]
        yield Moment(n / rate, (n + 1) / rate, jpeg.tobytes(), heard.tobytes())


def picture(face: np.ndarray, time: float, width: int = WIDTH) -> np.ndarray:
    """(3 width / 4, width, 3) uint8, RGB: the portrait ``face`` moves, tilts, changes its size and its light; the camera has noise."""
    shows, size = scene_at(time).shows, (width, 3 * width // 4)
    if shows == HAND:
        face = cv2.ellipse(face.copy(), _MOUTH, _PALM, 0, 0, 360, _SKIN, cv2.FILLED, cv2.LINE_AA)
    seen = np.full((size[1], size[0], 3), 120, np.uint8)
    if shows != WALL:
        seen = cv2.warpAffine(face, pose(time, width), size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    light = 0.01 if shows == DARK else 0.8 + 0.2 * np.cos(0.35 * time)
    noise = np.random.default_rng(round(1000 * time)).standard_normal((*seen.shape[:2], 1), np.float32)
    return (light * seen + 3 * light * noise).clip(0, 255).astype(np.uint8)


def pose(time: float, width: int = WIDTH) -> np.ndarray:
    """(2, 3): portrait to picture. The face leans up to 10 degrees, and its size changes by a fifth either way."""
    scale = width / 640 * (1.3 + 0.25 * np.sin(0.31 * time))
    matrix = cv2.getRotationMatrix2D(_NOSE, 10 * np.sin(0.7 * time), scale)
    sway = np.array([0.08 * np.sin(0.9 * time), 0.05 * np.sin(0.53 * time)])
    matrix[:, 2] += width * (np.array([0.5, 0.4]) + sway) - _NOSE
    return matrix


def nose(time: float) -> tuple[float, float]:
    """Where the tip of the nose is at ``time``, as fractions of the picture's width and height."""
    x, y = pose(time, WIDTH) @ (*_NOSE, 1)
    return x / WIDTH, y / (0.75 * WIDTH)


def sound() -> np.ndarray:
    """(n,) int16: a quiet room, and the speech."""
    samples = np.random.default_rng(0).normal(0, 12 / 32768, SECONDS * SAMPLE_RATE)
    for speech in SPEECHES:
        said, first = open_media(SAMPLES / speech.clip).samples, round(speech.start * SAMPLE_RATE)
        samples[first : first + len(said)] += said
    return (samples.clip(-1, 1) * 32767).astype(np.int16)
