"""A folder of clips -> a record of each, wherever the work is done; a stopped annotation goes on from what is there."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from comp_core.formats import SCHEMA_VERSION
from comp_core.inference.budget import PATIENT
from comp_core.inference.media import MediaError
from comp_core.jobs.engine import Engine, WorkerLost
from comp_core.predictor import Predictor
from comp_core.senses.speech.recognition import ENGLISH, OFF
from comp_core.support.atomic_files import write_whole
from comp_core.support.errors import CompCoreError
from comp_core.support.progress import progress
from comp_core.support.spreadsheet import write_row

RECORDS = "records"
SETTINGS = "settings.json"
UNREADABLE = "unreadable.csv"
_VIDEO = {".mp4", ".mov", ".m4v", ".webm", ".mkv", ".avi", ".mpg", ".mpeg", ".ts", ".flv", ".wmv", ".3gp"}
_SOUND = {".wav", ".mp3", ".m4a", ".flac", ".ogg", ".oga", ".opus", ".aac", ".aiff", ".aif", ".wma"}
_PICTURE = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif"}


class FolderError(CompCoreError):
    """The clips cannot be reached, or the results would not fit those that are there; the message says what to do."""


@dataclass(frozen=True)
class Settings:
    """What the records hang on: the fusion model, the speech recognition, the modalities to leave out, and what is spoken."""

    model: str = "comp"
    whisper: str = "tiny.en"
    without: tuple[str, ...] = ()
    language: str = ENGLISH


@dataclass(frozen=True)
class Annotated:
    """What came of one clip: its ``record``, or None and the ``reason``.

    Attributes:
        recogniser: what its worker recognises speech with.
        notes: what the worker had to say when it loaded that.
        processor_s: seconds of processor that the clip took; a recogniser in a process of its own is not in them.
    """

    record: dict[str, Any] | None
    reason: str
    recogniser: str
    notes: tuple[str, ...]
    processor_s: float


@dataclass(frozen=True)
class Annotator:
    """The work on one clip.

    Attributes:
        folder: of the clips, as every worker sees it.
        device: as for `Predictor.load`.
    """

    folder: Path
    settings: Settings
    device: str | None = None

    def __call__(self, clip: str) -> Annotated:
        """Read the clip at this path below the folder.

        Raises:
            FolderError: this machine does not have the folder.
            CheckpointError, RecogniserError, DeviceError: what it takes cannot be loaded here, or does not understand the language.
        """
        if not self.folder.is_dir():
            raise FolderError(f"a worker has no folder {self.folder}: the clips must lie on a disk that all machines share, at one path.")
        predictor, notes = _loaded(self.settings, self.device)
        recogniser = predictor.recogniser.name if predictor.recogniser else OFF
        record, reason, started = None, "", time.process_time()
        try:
            utterances = predictor.predict_file(self.folder / clip, without=self.settings.without, language=self.settings.language)
            record = {"schema": SCHEMA_VERSION, "file": clip, "model": predictor.fusion().name, "utterances": utterances}
        except MediaError as error:
            reason = str(error)
        return Annotated(record, reason, recogniser, notes, time.process_time() - started)


@lru_cache(maxsize=1)
def _loaded(settings: Settings, device: str | None) -> tuple[Predictor, tuple[str, ...]]:
    """Loaded once by each process."""
    notes: list[str] = []
    predictor = Predictor.load([settings.model], device, settings.whisper, notes.append, budget=PATIENT)
    return predictor, tuple(notes)


@dataclass(frozen=True)
class Summary:
    """How many clips were ``read`` now, ``skipped`` because their record was there, and ``unreadable``; the processors' time for all."""

    read: int
    skipped: int
    unreadable: int
    processor_s: float


def clips_in(folder: Path) -> list[str]:
    """Paths of the video, sound and picture files below a folder, as their suffixes have it, in order."""
    suffixes = _VIDEO | _SOUND | _PICTURE
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.suffix.lower() in suffixes and path.is_file())


def record_of(out: Path, clip: str) -> Path:
    """Where the record of a clip is written."""
    return out / RECORDS / f"{clip}.json"


def annotate(
    folder: Path,
    out: Path,
    settings: Settings,
    engine: Engine,
    device: str | None = None,
    notify: Callable[[str], None] = lambda _: None,
) -> Summary:
    """Write ``out/records/CLIP.json`` for every clip below the folder that has none, and ``out/unreadable.csv``.

    A record is what ``predict --json`` prints, its file named from the folder on. A clip that cannot be read does not stop the others.

    Args:
        notify: told once each what workers had to say about their recogniser.

    Raises:
        FolderError: there is no such folder, it has no clips, or ``out`` holds records that were made in another way.
        EngineError: the engine stopped.
        CheckpointError, RecogniserError, DeviceError: what it takes cannot be loaded, or does not understand the language.
    """
    if not folder.is_dir():
        raise FolderError(f"{folder} is not a folder: give the one that the clips are in.")
    clips = clips_in(folder)
    if not clips:
        raise FolderError(f"{folder} has no video, sound or picture file.")
    made = _Made(out, settings)
    waiting = [clip for clip in clips if not record_of(out, clip).is_file()]
    read, processor_s = 0, 0.0
    told: set[str] = set()
    with (out / UNREADABLE).open("w", newline="", encoding="utf-8", buffering=1) as lines:
        write_row(lines, ("file", "reason"))
        for clip, found in progress(engine.map(Annotator(folder.resolve(), settings, device), waiting), "clips", len(waiting)):
            if isinstance(found, WorkerLost):
                write_row(lines, (clip, str(found)))
                continue
            for note in set(found.notes) - told:
                notify(note)
            told |= set(found.notes)
            made.check(found.recogniser)
            processor_s += found.processor_s
            if found.record is None:
                write_row(lines, (clip, found.reason))
            else:
                write_whole(record_of(out, clip), json.dumps(found.record, ensure_ascii=False) + "\n")
                read += 1
    return Summary(read, len(clips) - len(waiting), len(waiting) - read, processor_s)


class _Made:
    """How the records of a folder are made, kept beside them: records of two kinds could not be told apart.

    Raises:
        FolderError: those that are there were made with other settings.
    """

    def __init__(self, out: Path, settings: Settings) -> None:
        self._path = out / SETTINGS
        self._kept = {**asdict(settings), "without": list(settings.without)}
        if not self._path.is_file():
            self._write()
        # Records of versions that knew no other language are English.
        there = {"language": ENGLISH, **json.loads(self._path.read_text(encoding="utf-8"))}
        if {**there, **self._kept} != there:
            without = "".join(f" --without {modality}" for modality in there["without"])
            made = f"--model {there['model']} --whisper {there['whisper']} --language {there['language']}{without}"
            raise FolderError(f"{out} holds records that were made with {made}: choose another folder.")
        self._kept = there

    def check(self, recogniser: str) -> None:
        """Keep the recogniser that is met first, which may not be the one that was asked for; all others must be the same."""
        if "recogniser" not in self._kept:
            self._kept["recogniser"] = recogniser
            self._write()
        if (first := self._kept["recogniser"]) != recogniser:
            raise FolderError(
                f"the records so far were made with {first}, and a worker has {recogniser}: let each machine load the same one, "
                "best from a shared disk with --whisper PATH, or choose another folder."
            )

    def _write(self) -> None:
        write_whole(self._path, json.dumps(self._kept) + "\n")
