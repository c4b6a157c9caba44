"""Acted emotional speech: RAVDESS (Livingstone & Russo, 2018) and Emo-DB (Burkhardt et al., 2005), split by speaker."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from comp_core.modalities import LABELS
from comp_core.senses.speech.vad import SAMPLE_RATE
from comp_core.support.errors import CompCoreError
from comp_core.support.progress import progress

RAVDESS = "ravdess"
EMODB = "emodb"

CLASSES: dict[str, tuple[str, ...]] = {
    RAVDESS: ("neutral", "calm", "joy", "sadness", "anger", "fear", "disgust", "surprise"),
    EMODB: ("neutral", "joy", "sadness", "anger", "fear", "disgust", "boredom"),
}

_FOLDERS = {RAVDESS: "ravdess_speech", EMODB: "emodb"}
_EMODB_LETTERS = {"N": "neutral", "F": "joy", "T": "sadness", "W": "anger", "A": "fear", "E": "disgust", "L": "boredom"}
# Calm is a quiet neutral, and its actors were asked for both; boredom has no live label.
_LIVE_NAMES = {"calm": "neutral", "boredom": None}

# A voice network that has heard a speaker recognises the speaker's anger, not anger: no speaker is in two splits. The
# splits are fixed so that the voice network, the fusion model and their reports can never disagree about who is new.
# RAVDESS: odd actors are men and even ones women, so every range is balanced. Emo-DB: train and test have men
# (03, 10, 11, 12; 15) and women (08, 09; 16), valid two women.
SPLITS: dict[str, tuple[str, ...]] = {
    "train": (*(f"{RAVDESS}-{n:02d}" for n in range(1, 15)), *(f"{EMODB}-{n:02d}" for n in (3, 8, 9, 10, 11, 12))),
    "valid": (*(f"{RAVDESS}-{n:02d}" for n in (15, 16)), *(f"{EMODB}-{n:02d}" for n in (13, 14))),
    "test": (*(f"{RAVDESS}-{n:02d}" for n in range(17, 21)), *(f"{EMODB}-{n:02d}" for n in (15, 16))),
}

# Cross-validation leaves out a fold at a time: neighbours in number, so that every fold of RAVDESS has two women and two men.
# The last fold is the test split.
FOLDS = 5


def fold_of(speaker: str) -> int:
    """The fold that has this speaker."""
    speakers = sorted(other for split in SPLITS.values() for other in split if other.split("-")[0] == speaker.split("-")[0])
    return speakers.index(speaker) * FOLDS // len(speakers)


TEST_FOLD = FOLDS - 1


class SpeechDataError(CompCoreError):
    """The speech corpora are missing or not as released; the message says what to do."""


@dataclass(frozen=True)
class SpeechClip:
    """One acted utterance.

    Attributes:
        samples: (n,) float32, mono, 16 kHz, within [-1, 1].
        name: file name without suffix, unique within the corpus.
        corpus: ``"ravdess"`` or ``"emodb"``.
        speaker: corpus and number, such as ``"ravdess-07"``.
        class_name: one of ``CLASSES[corpus]``.
    """

    samples: np.ndarray
    name: str
    corpus: str
    speaker: str
    class_name: str

    @property
    def live_label(self) -> str | None:
        """The live label, or None where there is none (boredom)."""
        return _LIVE_NAMES.get(self.class_name, self.class_name)

    @property
    def class_index(self) -> int:
        return CLASSES[self.corpus].index(self.class_name)

    @property
    def live_index(self) -> int | None:
        return None if self.live_label is None else LABELS.index(self.live_label)


@dataclass(frozen=True)
class SpeechSet:
    """A collection of clips."""

    clips: tuple[SpeechClip, ...]

    def __len__(self) -> int:
        return len(self.clips)

    def __iter__(self) -> Iterator[SpeechClip]:
        return iter(self.clips)

    def where(self, keep: Callable[[SpeechClip], bool]) -> SpeechSet:
        return SpeechSet(tuple(clip for clip in self.clips if keep(clip)))

    def split(self, name: str) -> SpeechSet:
        """The clips of one of the fixed speaker splits: train, valid or test."""
        return self.where(lambda clip: clip.speaker in SPLITS[name])


def load_speech(data: Path, cache: Path) -> SpeechSet:
    """Load both corpora.

    Args:
        data: folder that holds ``ravdess_speech/*.flac`` and ``emodb/*.flac``.
        cache: folder in which the decoded samples are kept between runs (about 400 MB); they are read as they are needed.

    Raises:
        SpeechDataError: a corpus is missing, or a file's name is not as released.
    """
    files = [(corpus, path) for corpus, folder in _FOLDERS.items() for path in sorted((data / folder).glob("*.flac"))]
    for corpus, folder in _FOLDERS.items():
        if not any(owner == corpus for owner, _ in files):
            raise SpeechDataError(f"no .flac files in {data / folder}: point --data at the folder that holds {folder}/.")
    labels = [(corpus, *parse_name(corpus, path.stem)) for corpus, path in files]
    waves = _decoded([path for _, path in files], cache)
    return SpeechSet(
        tuple(
            SpeechClip(wave, path.stem, corpus, speaker, class_name)
            for wave, (_, path), (corpus, speaker, class_name) in zip(waves, files, labels, strict=True)
        )
    )


def parse_name(corpus: str, stem: str) -> tuple[str, str]:
    """Speaker id and class name from a file's name.

    RAVDESS: modality-channel-EMOTION-intensity-statement-repetition-ACTOR, numbers of two digits.
    Emo-DB: speaker (2 digits), text (3), emotion (German initial), version.

    Raises:
        SpeechDataError: the name is in another form.
    """
    try:
        if corpus == RAVDESS:
            _modality, _channel, emotion, _intensity, _statement, _repetition, actor = (int(part) for part in stem.split("-"))
            if not 1 <= emotion <= len(CLASSES[RAVDESS]):
                raise ValueError(emotion)
            return f"{RAVDESS}-{actor:02d}", CLASSES[RAVDESS][emotion - 1]
        return f"{EMODB}-{int(stem[:2]):02d}", _EMODB_LETTERS[stem[5]]
    except (ValueError, KeyError, IndexError) as error:
        raise SpeechDataError(f"{stem!r} is not a {corpus} file name; keep only the released files in its folder.") from error


def _decoded(paths: list[Path], cache: Path) -> list[np.ndarray]:
    """All files' samples, as slices of one memory-mapped array that is made at the first call."""
    joined, index = cache / "speech_16k.npy", cache / "speech_16k.json"
    names = [f"{path.parent.name}/{path.name}" for path in paths]
    if not index.exists() or json.loads(index.read_text())["names"] != names:
        waves = [decode(path) for path in progress(paths, "decoding speech")]
        cache.mkdir(parents=True, exist_ok=True)
        # Renamed when complete, the index last: a second run beside this one never reads half a file.
        partial = cache / f"speech_16k.{os.getpid()}.npy"
        np.save(partial, np.concatenate(waves))
        partial.replace(joined)
        index.write_text(json.dumps({"names": names, "lengths": [len(wave) for wave in waves]}))
    # Copy on write: torch takes the slices without complaint, and the file stays as it is.
    samples = np.asarray(np.load(joined, mmap_mode="c"))
    ends = np.cumsum(json.loads(index.read_text())["lengths"])
    return np.split(samples, ends[:-1])


def decode(path: Path) -> np.ndarray:
    """Decode a sound file to (n,) float32, mono, 16 kHz."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
    with av.open(str(path)) as container:
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
        frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames])
