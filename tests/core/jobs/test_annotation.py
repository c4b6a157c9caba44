"""A folder of clips, annotated: records as `predict` prints them, going on after a stop, and what cannot be read."""

import csv
import json
import shutil
from copy import copy
from dataclasses import replace

import pytest

from comp_core.cli import main
from comp_core.jobs import annotation
from comp_core.jobs.annotation import FolderError, Settings, annotate, clips_in
from comp_core.jobs.engine import InProcess, WorkerLost
from tests.places import SAMPLES

SILENT = Settings(whisper="off")


@pytest.fixture
def folder(tmp_path):
    """Two clips that can be read, one of them deeper, one that cannot, and a file that is no clip."""
    clips = tmp_path / "clips"
    (clips / "deeper").mkdir(parents=True)
    shutil.copy(SAMPLES / "face.jpg", clips / "deeper" / "FACE.JPG")
    shutil.copy(SAMPLES / "voice_only.mp3", clips)
    (clips / "broken.mp4").write_bytes((SAMPLES / "happy.mp4").read_bytes()[:3000])
    (clips / "notes.txt").write_text("no clip")
    return clips


def unreadable(out):
    with (out / annotation.UNREADABLE).open(newline="", encoding="utf-8") as lines:
        return {row["file"]: row["reason"] for row in csv.DictReader(lines)}


def records(out):
    return {path.relative_to(out).as_posix(): json.loads(path.read_text()) for path in (out / "records").rglob("*.json")}


def test_a_folder_becomes_records_as_predict_prints_them(folder, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["annotate", str(folder), "--out", str(out), "--whisper", "off", "--without", "video", "--device", "cpu"]) == 0
    assert "2 clips read, 0 had been read before, 1 unreadable" in capsys.readouterr().out
    found = records(out)
    assert set(found) == {"records/deeper/FACE.JPG.json", "records/voice_only.mp3.json"}
    assert "damaged" in unreadable(out)["broken.mp4"] and len(unreadable(out)) == 1
    path = str(folder / "voice_only.mp3")
    assert main(["predict", path, "--whisper", "off", "--without", "video", "--device", "cpu", "--json"]) == 0
    assert found["records/voice_only.mp3.json"] == json.loads(capsys.readouterr().out) | {"file": "voice_only.mp3"}


class Refused(Exception):
    pass


def test_a_stopped_annotation_goes_on(folder, tmp_path, monkeypatch):
    class StopsAfterOne(InProcess):
        def map(self, work, items):
            yield next(super().map(work, [item for item in items if item != "broken.mp4"]))
            raise Refused

    out = tmp_path / "out"
    with pytest.raises(Refused):
        annotate(folder, out, SILENT, StopsAfterOne(), "cpu")
    assert len(records(out)) == 1
    found = annotate(folder, out, SILENT, InProcess(), "cpu")
    assert (found.read, found.skipped, found.unreadable) == (1, 1, 1)
    # What is complete takes no model; what could not be read is tried again.
    (folder / "broken.mp4").unlink()
    monkeypatch.setattr(annotation, "_loaded", lambda *_: pytest.fail("models were loaded"))
    found = annotate(folder, out, SILENT, InProcess(), "cpu")
    assert (found.read, found.skipped, found.unreadable) == (0, 2, 0)
    assert unreadable(out) == {}
    assert not list(out.rglob("*.new"))


def test_a_clip_that_kills_its_worker_is_listed(folder, tmp_path):
    class Deadly(InProcess):
        def map(self, work, items):
            for item in items:
                yield item, WorkerLost("its worker died.")

    found = annotate(folder, tmp_path / "out", SILENT, Deadly(), "cpu")
    assert (found.read, found.unreadable) == (0, 3)
    assert unreadable(tmp_path / "out")["voice_only.mp3"] == "its worker died."


def test_what_the_workers_had_to_say_is_told_once(folder, tmp_path, monkeypatch, capsys):
    predictor = annotation._loaded(SILENT, "cpu")[0]
    monkeypatch.setattr(annotation, "_loaded", lambda *_: (predictor, ("The offline recogniser is used.",)))
    assert main(["annotate", str(folder), "--out", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().err.count("The offline recogniser is used.") == 1


class Heard:
    def __init__(self, name):
        self.name = name

    def check(self, language):
        pass


def test_workers_that_hear_differently_are_not_mixed(folder, tmp_path, monkeypatch, capsys):
    predictor = annotation._loaded(SILENT, "cpu")[0]
    names = iter(["Whisper tiny.en", "Whisper base.en"])

    def loaded(*_):
        there = copy(predictor)
        there.recogniser = Heard(next(names))
        return there, ()

    monkeypatch.setattr(annotation, "_loaded", loaded)
    out = tmp_path / "out"
    assert main(["annotate", str(folder), "--out", str(out), "--without", "text"]) == 2
    assert "made with Whisper tiny.en, and a worker has Whisper base.en" in capsys.readouterr().err
    assert len(records(out)) + len(unreadable(out)) == 1


def test_records_of_two_kinds_are_not_mixed(folder, tmp_path, capsys):
    out = tmp_path / "out"
    annotate(folder, out, SILENT, InProcess(), "cpu")
    assert main(["annotate", str(folder), "--out", str(out), "--whisper", "off", "--model", "prlf"]) == 2
    assert main(["annotate", str(folder), "--out", str(out), "--whisper", "off", "--language", "de"]) == 2
    told = capsys.readouterr().err
    assert told.count("--model comp --whisper off --language en") == 2


def test_records_that_name_no_language_are_english(folder, tmp_path):
    out = tmp_path / "out"
    annotate(folder, out, SILENT, InProcess(), "cpu")
    settings = out / annotation.SETTINGS
    kept = json.loads(settings.read_text())
    del kept["language"]
    settings.write_text(json.dumps(kept))
    assert annotate(folder, out, SILENT, InProcess(), "cpu").skipped == 2
    with pytest.raises(FolderError, match="--language en"):
        annotate(folder, out, replace(SILENT, language="de"), InProcess(), "cpu")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "is not a folder"),
        (["."], "no video, sound or picture"),
        (["clips", "--workers", "2"], "add --engine ray"),
        (["clips", "--engine", "ray", "--address", "auto", "--workers", "2"], "not both"),
        (["clips", "--engine", "ray", "--device", "cuda:1"], "give --device cuda, or cpu"),
        (["clips", "--whisper", "no-such-model"], "no-such-model"),
    ],
)
def test_mistakes_are_one_sentence(folder, tmp_path, monkeypatch, capsys, arguments, message):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty" if arguments == ["."] else tmp_path)
    assert main(["annotate", *arguments, "--out", str(tmp_path / "out")]) == 2
    captured = capsys.readouterr()
    assert message in captured.err and "Traceback" not in captured.err


def test_a_worker_without_the_folder_says_what_is_wrong(folder, tmp_path):
    away = annotation.Annotator(tmp_path / "not mounted here", SILENT, "cpu")
    with pytest.raises(FolderError, match="all machines share"):
        away("voice_only.mp3")


def test_clips_are_known_by_their_suffix(folder):
    assert clips_in(folder) == ["broken.mp4", "deeper/FACE.JPG", "voice_only.mp3"]
