"""A minute of someone acting before camera and microphone, with a label for each moment, made from the corpora and synthetic speech.

A scene shows one face, and two utterances are said in it: an acted one, whose words are neutral, and a plain sentence of a synthesiser,
whose tone is neutral. Face, acted voice and sentence have the label of the scene. Between the second and the third scene there is an
empty wall and the noise of a room.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from comp_core.data.ferplus import CLASSES, framed
from comp_core.data.obvious import load_sentences
from comp_core.data.speech import RAVDESS, SPLITS, SpeechClip, decode, parse_name
from comp_core.modalities import LABELS
from comp_core.senses.face.locator import FaceLocator
from comp_core.senses.speech.vad import SAMPLE_RATE
from tests.browser.media import speak
from tests.support.minute import QUALITY, SECONDS, WIDTH, Moment

SCENES, SCENE_S, WALL_S = 4, 13.0, 8.0
# From the beginning of a scene or the end of what was said before to what is said next, in seconds.
FIRST_AFTER, THEN_AFTER = 1.0, 2.5
# A whole scene has to hold both utterances and a second of quiet.
LONGEST_S = SCENE_S - FIRST_AFTER - THEN_AFTER - 1.0
# Split of the corpora -> part of the plain sentences.
PARTS = {"valid": "choose", "test": "test"}
VOICES = ("slt", "rms", "awb", "kal16")
# Share of the raters' votes that a face's label must have.
AGREED = 0.6
ROOM, NOISE = 12, 400  # standard deviation of the samples, of 32768: a quiet room, and the noise before the wall
LOUDNESS = 0.06  # root mean square of what is said


@dataclass(frozen=True)
class Spoken:
    """What is said from ``start`` to ``end`` (seconds): the source's name, its label, and its words where they were chosen."""

    source: str
    label: str
    start: float
    end: float
    words: str = ""


@dataclass(frozen=True)
class Scene:
    """What the camera sees from ``start`` to ``end`` (seconds): the face of that name, or with ``label`` None the wall."""

    face: str
    label: str | None
    start: float
    end: float


@dataclass(frozen=True)
class Minute:
    """A minute, its script, its pictures (scene by scene) and its sound (n,) int16 at 16 kHz."""

    scenes: tuple[Scene, ...]
    spoken: tuple[Spoken, ...]
    faces: tuple[np.ndarray | None, ...]
    sound: np.ndarray

    def scene_at(self, time: float) -> Scene:
        return next(scene for scene in reversed(self.scenes) if scene.start <= time)

    def moments(self, rate: int) -> Iterator[Moment]:
        """What a page sends, at ``rate`` pictures a second."""
        for n in range(SECONDS * rate):
            scene = self.scene_at(n / rate)
            seen = _picture(self.faces[self.scenes.index(scene)], n / rate)
            _, jpeg = cv2.imencode(".jpg", seen, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
            heard = self.sound[n * SAMPLE_RATE // rate : (n + 1) * SAMPLE_RATE // rate]
            yield Moment(n / rate, (n + 1) / rate, jpeg.tobytes(), heard.tobytes())


def minutes(data: Path, split: str, count: int, seed: int) -> Iterator[Minute]:
    """``count`` minutes of a split ("valid" or "test"); with seven minutes, each label has four scenes.

    Args:
        data: folder that holds ``ravdess_speech`` and ``ferplus.npz``.
    """
    random = np.random.default_rng(seed)
    voices, faces, sentences = acted_voices(data, split), agreed_faces(data, split), plain_sentences(split)
    deck: list[str] = []
    locator = FaceLocator(tracking=False)
    for _ in range(count):
        chosen: list[str] = []
        while len(chosen) < SCENES:
            deck = deck or [str(label) for label in random.permutation(LABELS)]
            # Neighbours differ: else there is nothing to change.
            chosen.append(deck.pop(next((i for i, label in enumerate(deck) if label not in chosen), 0)))
        yield _minute(chosen, voices, faces, sentences, locator, random)
    locator.close()


def acted_voices(data: Path, split: str) -> dict[str, list[Path]]:
    """Label -> clips of RAVDESS by the actors of the split."""
    found: dict[str, list[Path]] = {label: [] for label in LABELS}
    for path in sorted((data / "ravdess_speech").glob("*.flac")):
        speaker, name = parse_name(RAVDESS, path.stem)
        label = SpeechClip(np.zeros(0), path.stem, RAVDESS, speaker, name).live_label
        if speaker in SPLITS[split] and label is not None:
            found[label].append(path)
    return found


def plain_sentences(split: str) -> dict[str, list[str]]:
    """Label -> sentences of the part that belongs to a split."""
    return {label: [row.sentence for row in load_sentences() if (row.part, row.label) == (PARTS[split], label)] for label in LABELS}


def agreed_faces(data: Path, split: str) -> dict[str, list[tuple[str, np.ndarray]]]:
    """Label -> name and picture, (48, 48), of the FER+ faces of a split for which most raters gave that label."""
    with np.load(data / "ferplus.npz") as archive:
        images, votes, names = (archive[f"{split}_{part}"] for part in ("images", "votes", "names"))
    shares = votes / votes.sum(1, keepdims=True)
    found: dict[str, list[tuple[str, np.ndarray]]] = {}
    for label in LABELS:
        share = shares[:, CLASSES.index(label)]
        # Few faces show fear or disgust to most people: of those, the ones with most votes.
        enough = min(AGREED, float(np.sort(share)[-20]))
        found[label] = [(str(names[i]), images[i]) for i in np.flatnonzero(share >= enough)]
    return found


def _minute(chosen, voices, faces, sentences, locator, random) -> Minute:  # type: ignore[no-untyped-def]
    sound = random.normal(0, ROOM, SECONDS * SAMPLE_RATE)
    scenes, spoken, shown, at = [], [], [], 0.0
    for number, label in enumerate(chosen):
        if number == SCENES // 2:
            scenes.append(Scene("wall", None, at, at + WALL_S))
            shown.append(None)
            sound[_samples(at + 1) : _samples(at + WALL_S - 1)] += random.normal(0, NOISE, _samples(WALL_S - 2))
            at += WALL_S
        name, face = _found(faces[label], locator, random)
        scenes.append(Scene(name, label, at, at + SCENE_S))
        shown.append(framed(face))
        for said, samples in _said(label, voices[label], sentences[label], random):
            start = at + FIRST_AFTER if not spoken or spoken[-1].end <= at else spoken[-1].end + THEN_AFTER
            first = _samples(start)
            sound[first : first + len(samples)] += 32768 * samples
            spoken.append(Spoken(said[0], label, start, start + len(samples) / SAMPLE_RATE, said[1]))
        at += SCENE_S
    return Minute(tuple(scenes), tuple(spoken), tuple(shown), sound.clip(-32768, 32767).astype(np.int16))


def _samples(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE)


def _found(faces: list[tuple[str, np.ndarray]], locator: FaceLocator, random: np.random.Generator) -> tuple[str, np.ndarray]:
    """One of the faces in which the mesh finds a face as the camera shows it."""
    for i in random.permutation(len(faces)):
        if locator.locate(_picture(framed(faces[i][1]), 0.0)[:, :, ::-1].copy()) is not None:
            return faces[i]
    raise ValueError("the mesh finds none of these faces.")


def _said(label: str, clips: list[Path], sentences: list[str], random: np.random.Generator) -> list[tuple[tuple[str, str], np.ndarray]]:
    """(Source, words) and samples of an acted and of a synthetic utterance, in either order, that fit into a scene."""
    while True:
        clip, sentence, voice = clips[random.integers(len(clips))], sentences[random.integers(len(sentences))], random.choice(VOICES)
        with tempfile.TemporaryDirectory() as folder:
            read = speak(sentence, Path(folder), str(voice))
        both = [((clip.stem, ""), level(decode(clip))), ((f"flite {voice}", sentence), level(read))]
        if sum(len(samples) for _, samples in both) <= LONGEST_S * SAMPLE_RATE:
            return [both[i] for i in random.permutation(2)]


def level(samples: np.ndarray) -> np.ndarray:
    """What is said, without the quiet before and after it, as loud as the others."""
    loud = np.flatnonzero(np.abs(samples) > 0.02 * np.abs(samples).max())
    said = samples[loud[0] : loud[-1] + 1]
    return said * min(LOUDNESS / np.sqrt(np.mean(said**2)), 0.95 / np.abs(said).max())


def _picture(face: np.ndarray | None, time: float) -> np.ndarray:
    """(3 WIDTH / 4, WIDTH, 3) uint8: a grey face sways, nods and comes nearer before a wall; the light drifts; the camera has noise."""
    width, height = WIDTH, 3 * WIDTH // 4
    seen = np.full((height, width), 120, np.float32)
    if face is not None:
        middle = (face.shape[1] / 2, face.shape[0] / 2)
        matrix = cv2.getRotationMatrix2D(middle, 3 * np.sin(0.7 * time), 1.1 + 0.05 * np.sin(0.31 * time))
        sway = np.array([0.02 * np.sin(0.9 * time), 0.02 * np.sin(0.53 * time)])
        matrix[:, 2] += np.array([width / 2, height / 2]) + width * sway - middle
        cv2.warpAffine(face.astype(np.float32), matrix, (width, height), seen, borderMode=cv2.BORDER_TRANSPARENT)
    noise = np.random.default_rng(round(1000 * time)).standard_normal((height, width), np.float32)
    grey = ((1 + 0.05 * np.sin(0.2 * time)) * seen + 3 * noise).clip(0, 255).astype(np.uint8)
    return cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
