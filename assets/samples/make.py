"""Make the sample clips of this folder, and the moments of ``assets/guess``: a public-domain portrait that moves a little, and speech.

Needs scikit-image (the portrait) and Debian's `flite` (the voice): python assets/samples/make.py
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
import skimage.data

HERE = Path(__file__).resolve().parent
GUESS = HERE.parent / "guess"
SAMPLE_RATE = 16000
FPS = 10
SIZE = (320, 240)

HAPPY = ("I am so happy today, this is wonderful.", "This is the best day of my life, I love it.")
ANGRY = (
    "I am really angry, leave me alone right now.",
    "This is a terrible day, and I am very angry.",
    "Leave me alone, I am angry with you.",
)


@dataclass(frozen=True)
class Tone:
    """A voice of flite, the mean of its pitch and how far it moves (Hz), and how slow it is; None as the voice has it."""

    voice: str
    pitch: int | None = None
    movement: int | None = None
    stretch: float = 1.0

    def options(self) -> list[str]:
        features = {"int_f0_target_mean": self.pitch, "int_f0_target_stddev": self.movement, "duration_stretch": self.stretch}
        return ["-voice", self.voice, *(part for name, one in features.items() if one is not None for part in ("--setf", f"{name}={one}"))]


# Of flite's voices, slt is the one that the offline recogniser understands best. The tone of the others can be set: these two settings
# are among those with which the voice sense reads joy and anger.
PLAIN, JOYFUL, FURIOUS = Tone("slt"), Tone("kal", 180, 100, 0.85), Tone("kal", 150, 40, 0.8)


# How the moments to guess are read.
EVENLY, BRIGHTLY, SLOWLY = Tone("slt", 172, 18), Tone("slt", 215, 45, 0.92), Tone("slt", 150, 8, 1.35)
SHARPLY, HASTILY = Tone("slt", 200, 55, 0.85), Tone("slt", 235, 20, 0.75)


@dataclass(frozen=True)
class Scene:
    """``words`` None is ``seconds`` of silence; with ``words``, ``seconds`` follow them. ``face`` False shows an empty wall."""

    words: str | None
    seconds: float
    face: bool = True
    tone: Tone = PLAIN


CLIPS: dict[str, Sequence[Scene]] = {
    "conflict.mp4": (
        Scene(None, 0.6),
        Scene(HAPPY[0], 1.0, tone=JOYFUL),
        Scene(ANGRY[0], 1.2, tone=FURIOUS),
        Scene(ANGRY[2], 1.6, face=False, tone=FURIOUS),
        Scene(None, 2.2),
        Scene(HAPPY[1], 1.6, tone=JOYFUL),
    ),
    "happy.mp4": (Scene(None, 0.6), Scene(HAPPY[0], 1.0), Scene(HAPPY[1], 0.8)),
    "mixed.mp4": (
        Scene(None, 0.6),
        Scene(HAPPY[0], 1.0),
        Scene(HAPPY[1], 1.0),
        Scene(None, 2.2),
        Scene(ANGRY[0], 1.0),
        Scene(ANGRY[1], 0.8, face=False),
        Scene(None, 0.6),
    ),
    "voice_only.mp3": (Scene(None, 0.4, face=False), Scene(ANGRY[0], 1.0, face=False), Scene(ANGRY[1], 0.6, face=False)),
}

# For the exhibit "Guess before the machine": the label that a sentence was written for, the sentence, and how it is read. Their numbers
# are mixed, so that a name says nothing.
MOMENTS: Sequence[tuple[str, str, tuple[float, int, int]]] = (
    ("sadness", "I miss her so much, I cried all night.", SLOWLY),
    ("surprise", "Oh wow, I did not expect to see you here!", BRIGHTLY),
    ("neutral", "The bus to the station leaves at ten past nine.", EVENLY),
    ("anger", "How dare you, get out of my house!", SHARPLY),
    ("joy", "I am so happy today, this is wonderful.", EVENLY),
    ("fear", "Please help me, I am scared, somebody is in the house.", HASTILY),
    ("disgust", "That is disgusting, there is mould all over the bread.", SLOWLY),
    ("joy", "We won, this is the best day of my life!", BRIGHTLY),
    ("anger", "I am really angry, leave me alone right now.", EVENLY),
    ("neutral", "I put the keys on the table in the kitchen.", SLOWLY),
)


def main() -> None:
    portrait = skimage.data.astronaut()
    make_samples(portrait)
    make_moments(portrait)
    for folder in (HERE, GUESS, GUESS / "media"):
        for path in sorted(folder.iterdir()):
            print(f"{folder.name}/{path.name:16} {path.stat().st_size / 1024:7.0f} kB")


def make_samples(portrait: np.ndarray) -> None:
    picture = cv2.cvtColor(portrait[0:300, 70:370], cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(HERE / "face.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 85])
    for name, scenes in CLIPS.items():
        sounds = [render_sound(scene) for scene in scenes]
        pictures = [] if name.endswith(".mp3") else render_pictures(portrait, scenes, sounds)
        write_clip(HERE / name, np.concatenate(sounds), pictures)


def make_moments(portrait: np.ndarray) -> None:
    """Each modality is a file of its own, so that whoever is given one is not given another."""
    media = GUESS / "media"
    media.mkdir(parents=True, exist_ok=True)
    told = []
    for number, (label, words, tone) in enumerate(MOMENTS):
        scene = Scene(words, 0.3, tone=tone)
        sound = render_sound(scene)
        write_clip(media / f"{number}.mp3", sound, [])
        write_clip(media / f"{number}.mp4", None, render_pictures(portrait, [scene], [sound], from_s=7.0 * number))
        told.append({"label": label, "words": words})
    (GUESS / "moments.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def render_sound(scene: Scene) -> np.ndarray:
    """(n,) int16; faint noise lies under everything, as a room has."""
    spoken = speak(scene.words, scene.tone) if scene.words else np.zeros(0)
    sound = np.concatenate([spoken, np.zeros(round(scene.seconds * SAMPLE_RATE))])
    room = np.random.default_rng(0).normal(0, 12, len(sound))
    return np.clip(sound + room, -32768, 32767).astype(np.int16)


def speak(words: str, tone: Tone) -> np.ndarray:
    """(n,) samples at 16 kHz, as int16 has them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        subprocess.run(["flite", *tone.options(), "-t", words, "-o", str(path)], check=True)
        with wave.open(str(path)) as file:
            rate, samples = file.getframerate(), np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float64)
    return np.interp(np.arange(0, len(samples), rate / SAMPLE_RATE), np.arange(len(samples)), samples)


def render_pictures(portrait: np.ndarray, scenes: Sequence[Scene], sounds: Sequence[np.ndarray], from_s: float = 0.0) -> list[np.ndarray]:
    """One RGB picture for each tenth of a second: the portrait sways, nods and comes nearer, or a grey wall.

    Args:
        from_s: where in its swaying it begins.
    """
    ends = np.cumsum([len(sound) for sound in sounds]) / SAMPLE_RATE
    wall = np.full((SIZE[1], SIZE[0], 3), (150, 152, 148), np.uint8)
    times = np.arange(int(ends[-1] * FPS)) / FPS
    return [sway(portrait, from_s + time) if scenes[int(np.searchsorted(ends, time, "right"))].face else wall for time in times]


def sway(portrait: np.ndarray, time: float) -> np.ndarray:
    scale = 1.05 + 0.06 * np.sin(0.7 * time)
    matrix = cv2.getRotationMatrix2D((225.0, 115.0), 3 * np.sin(1.1 * time), scale)
    matrix[:, 2] += (SIZE[0] / 2 - 225 + 8 * np.sin(0.9 * time), SIZE[1] / 2 - 115 + 5 * np.sin(1.7 * time))
    return cv2.warpAffine(portrait, matrix, SIZE, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def write_clip(path: Path, sound: np.ndarray | None, pictures: list[np.ndarray]) -> None:
    """H.264 and AAC in MP4, which every browser plays; MP3 without pictures."""
    with av.open(str(path), "w", options={"movflags": "faststart"} if pictures else {}) as container:
        # Every stream is there before the first packet.
        video, audio = None, None
        if pictures:
            video = container.add_stream("libx264", rate=FPS, options={"crf": "26", "preset": "slow"})
            video.width, video.height = SIZE
            video.pix_fmt = "yuv420p"
        if sound is not None:
            audio = container.add_stream("aac" if pictures else "mp3", rate=SAMPLE_RATE, layout="mono")
            audio.bit_rate = 64_000
        if video is not None:
            for picture in pictures:
                container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            container.mux(video.encode(None))
        if audio is not None:
            frame = av.AudioFrame.from_ndarray(sound[None], format="s16", layout="mono")
            frame.sample_rate, frame.pts = SAMPLE_RATE, 0
            container.mux(audio.encode(frame))
            container.mux(audio.encode(None))


if __name__ == "__main__":
    main()
