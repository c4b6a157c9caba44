"""The clips of a table, read by the senses; what was read lies in a folder, so that a stopped reading goes on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from comp_core.inference.budget import PATIENT
from comp_core.inference.media import MediaError
from comp_core.jobs.engine import Engine, WorkerLost
from comp_core.modalities import AUDIO, MODALITIES, TEXT, VIDEO
from comp_core.own.table import Row
from comp_core.predictor import Predictor, Span
from comp_core.senses.reading import NOT_GIVEN, Reading
from comp_core.senses.speech.recognition import ENGLISH, OFF
from comp_core.support.atomic_files import whole_file
from comp_core.support.checkpoint import WEIGHTS_DIR, hash_in
from comp_core.support.progress import progress

# Modality -> the sense that reads it.
SENSES = {AUDIO: "voice", TEXT: "words", VIDEO: "face"}


@dataclass(frozen=True)
class Settings:
    """What readings hang on beside the clips: the speech recognition, what is spoken, and hashes of the senses' weights."""

    whisper: str = "tiny.en"
    language: str = ENGLISH
    senses: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, whisper: str, language: str, weights: Path = WEIGHTS_DIR) -> Settings:
        """With the senses as they are in ``weights``.

        Raises:
            CheckpointError: one is missing.
        """
        return cls(whisper, language, tuple((sense, hash_in(weights / sense)) for sense in SENSES.values()))


@dataclass(frozen=True)
class Clip:
    """What the senses made of one row.

    Attributes:
        features: modality -> (D_m,) float32, of those that are there.
        absent: modality -> why it is not there; "file" -> why nothing could be read.
        transcript: its words, as given or recognised.
        recogniser: what recognised speech, or "off".
    """

    features: dict[str, np.ndarray]
    absent: dict[str, str]
    transcript: str
    recogniser: str


@dataclass(frozen=True)
class Reader:
    """The work on one file, wherever that is done: its rows together, so that it is opened once. Words alone have no file.

    Attributes:
        folder: of the clips, as every worker sees it.
    """

    folder: Path
    settings: Settings
    device: str | None = None

    def __call__(self, rows: tuple[Row, ...]) -> list[Clip]:
        predictor, file = _loaded(self.settings, self.device), rows[0].file
        recogniser = predictor.recogniser.name if predictor.recogniser else OFF
        if not file:
            moments = [{TEXT: predictor.words.read(row.words or "")} for row in rows]
            return [_clip(moment, row.words or "", recogniser) for moment, row in zip(moments, rows, strict=True)]
        spans = [Span(row.start, row.end, row.words) for row in rows]
        try:
            heard = list(predictor.hear_spans(self.folder / file, spans, self.settings.language))
        except MediaError as error:
            return [Clip({}, {"file": str(error)}, "", recogniser) for _ in rows]
        return [_clip(one.moment, one.transcript, recogniser) for one in heard]


@lru_cache(maxsize=1)
def _loaded(settings: Settings, device: str | None) -> Predictor:
    """Loaded once by each process; no fusion model is asked for anything."""
    return Predictor.load(device=device, whisper=settings.whisper, budget=PATIENT)


def _clip(moment: Mapping[str, Reading], transcript: str, recogniser: str) -> Clip:
    readings = {m: moment.get(m, Reading.absent(NOT_GIVEN)) for m in MODALITIES}
    features = {m: reading.feature for m, reading in readings.items() if reading.feature is not None}
    absent = {m: reading.absent_because for m, reading in readings.items() if reading.absent_because}
    return Clip(features, absent, transcript, recogniser)


def read_clips(
    rows: Sequence[Row],
    folder: Path,
    kept: Path,
    settings: Settings,
    engine: Engine,
    device: str | None = None,
    notify: Callable[[str], None] = lambda _: None,
) -> list[Clip]:
    """What the senses make of each row, in their order.

    Args:
        kept: folder of what was read, a file for each row under a name that hangs on all that the reading hangs on; what lies there is
            not read again.
        notify: told how much was there.

    Raises:
        EngineError: the engine stopped.
        CheckpointError, RecogniserError, DeviceError: what it takes cannot be loaded, or does not understand the language.
    """
    places = {row: kept / f"{_name(row, folder, settings)}.npz" for row in rows}
    found = {row: clip for row, place in places.items() if (clip := _kept(place)) is not None}
    by_file: dict[str, list[Row]] = {}
    for row in rows:
        if row not in found:
            by_file.setdefault(row.file or f"line {row.line}", []).append(row)
    if found:
        notify(f"{len(found)} of {len(rows)} clips had been read before.")
    work = [tuple(sorted(some, key=lambda row: row.start or 0.0)) for some in by_file.values()]
    for some, clips in progress(engine.map(Reader(folder.resolve(), settings, device), work), "files", len(work)):
        if isinstance(clips, WorkerLost):
            found |= {row: Clip({}, {"file": str(clips)}, "", OFF) for row in some}
            continue
        for row, clip in zip(some, clips, strict=True):
            found[row] = clip
            _keep(places[row], clip)
    return [found[row] for row in rows]


def _name(row: Row, folder: Path, settings: Settings) -> str:
    """A hash of all that a reading hangs on; a file that has changed has another."""
    state = (folder / row.file).stat() if row.file else None
    told: list[Any] = [row.file, row.start, row.end, row.words, astuple(settings)]
    told += [state.st_size, state.st_mtime_ns] if state else []
    return hashlib.blake2b(json.dumps(told).encode(), digest_size=12).hexdigest()


def _keep(path: Path, clip: Clip) -> None:
    about = {key: value for key, value in asdict(clip).items() if key != "features"}
    arrays: dict[str, Any] = {"about": json.dumps(about), **clip.features}
    with whole_file(path) as beside, beside.open("wb") as file:
        np.savez(file, **arrays)


def _kept(path: Path) -> Clip | None:
    if not path.is_file():
        return None
    with np.load(path, allow_pickle=False) as arrays:
        return Clip({m: arrays[m] for m in MODALITIES if m in arrays.files}, **json.loads(str(arrays["about"])))
