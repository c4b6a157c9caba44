"""A camera and a microphone for Chromium, made from openly licensed parts: a public-domain portrait and synthetic speech."""

from __future__ import annotations

import subprocess
import wave
from pathlib import Path

import cv2
import numpy as np

SAMPLE_RATE = 16_000
# Chromium plays the file at this rate, whatever it was made for; the portrait moves every third frame.
FRAMES_PER_SECOND = 30
REPEATS = 3
HAPPY = "I am so happy today. This is wonderful, I love it."
ANGRY = "I am furious. I hate this. Leave me alone, you liar."


def speak(text: str, folder: Path, voice: str = "slt") -> np.ndarray:
    """Synthetic speech by flite, float32 at 16 kHz."""
    path = folder / "speech.wav"
    subprocess.run(["flite", "-voice", voice, "-t", text, "-o", str(path)], check=True, capture_output=True)
    with wave.open(str(path)) as recording:
        samples = np.frombuffer(recording.readframes(recording.getnframes()), "<i2").astype(np.float32) / 32768
        rate = recording.getframerate()
    wanted = np.arange(0, len(samples), rate / SAMPLE_RATE)
    return np.interp(wanted, np.arange(len(samples)), samples).astype(np.float32)


def write_wave(path: Path, samples: np.ndarray) -> Path:
    with wave.open(str(path), "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(SAMPLE_RATE)
        recording.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * SAMPLE_RATE), np.float32)


def microphone(folder: Path, quiet: float = 16.0) -> Path:
    """Something happy, a pause, something angry, then a long silence; Chromium repeats it."""
    parts = [silence(1), speak(HAPPY, folder), silence(4), speak(ANGRY, folder), silence(quiet)]
    return write_wave(folder / "microphone.wav", np.concatenate(parts))


def portrait() -> np.ndarray:
    """The head of a public-domain portrait, (480, 640, 3) uint8, RGB."""
    from skimage.data import astronaut

    return cv2.resize(astronaut()[:384], (640, 480), interpolation=cv2.INTER_AREA)


def camera(folder: Path, with_face: float = 16.0, without: float = 4.0, face: np.ndarray | None = None) -> Path:
    """The portrait or another picture, swaying a little, then an empty wall (seconds); Chromium repeats it."""
    path = folder / "camera.mjpeg"
    face, wall = portrait() if face is None else face, np.full((480, 640, 3), 120, np.uint8)
    pictures_per_second = FRAMES_PER_SECOND / REPEATS
    with path.open("wb") as out:
        for n in range(round((with_face + without) * pictures_per_second)):
            picture = wall
            if n < with_face * pictures_per_second:
                shift = np.float32([[1, 0, 12 * np.sin(n / 9)], [0, 1, 6 * np.sin(n / 5)]])
                picture = cv2.warpAffine(face, shift, (640, 480), borderMode=cv2.BORDER_REPLICATE)
            out.write(REPEATS * cv2.imencode(".jpg", picture[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes())
    return path
