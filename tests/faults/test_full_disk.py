"""The disk is full: a sentence says so, nothing half-written is left, and the live page does not mind."""

import errno
import json
import shutil
from contextlib import contextmanager
from types import SimpleNamespace

import gradio as gr
import pytest
import torch
from torch import nn

from app.pages.clip.page import SAMPLES_DIR, ClipFound, label_clip
from app.server.disk_guard import FULL, SPARE_BYTES, RoomForUploads
from comp_core.cli import main
from comp_core.support.atomic_files import NotWritten, write_whole
from comp_core.support.checkpoint import load_checkpoint, save_checkpoint
from comp_core.training.task import Task
from tests.app.doubles import record
from tests.app.sessions import FACE, QUIET, SteppedSession
from tests.core.support.test_checkpoint import Sizes
from tests.support import loops

resource = pytest.importorskip("resource", reason="this system has no limit on the size of files")


@contextmanager
def room(limit):
    """So many bytes a file may have; the system refuses more, as it does on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_report_is_written_whole_or_not_at_all(tmp_path):
    report = tmp_path / "report.json"
    write_whole(report, "before")
    with room(1000), pytest.raises(NotWritten, match=r"report\.json could not be written: .*\. Make room"):
        write_whole(report, "x" * 5000)
    assert report.read_text() == "before"
    assert names(tmp_path) == ["report.json"]


def test_a_report_that_is_interrupted_leaves_the_one_before(tmp_path, monkeypatch):
    report = tmp_path / "report.json"
    write_whole(report, "before")

    def interrupted(path, text, encoding):
        path.write_bytes(b"ha")
        raise KeyboardInterrupt

    monkeypatch.setattr("pathlib.Path.write_text", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_whole(report, "after")
    assert report.read_bytes() == b"before"
    assert names(tmp_path) == ["report.json"]


def test_weights_are_written_whole_or_not_at_all(tmp_path):
    first, second = nn.Linear(100, 100), nn.Linear(100, 100)
    save_checkpoint(tmp_path / "m", "face", first, Sizes(), {})
    with room(4000), pytest.raises(NotWritten, match=r"m\.safetensors could not be written"):
        save_checkpoint(tmp_path / "m", "face", second, Sizes(), {})
    _, state, _ = load_checkpoint(tmp_path / "m", {"face": Sizes})
    torch.testing.assert_close(state["weight"], first.weight.detach().half().float())
    assert names(tmp_path) == ["m.json", "m.safetensors"]


def test_a_command_says_it_in_a_sentence(tmp_path, capsys, monkeypatch):
    def measure(task: Task, runs: int) -> None:
        task.write_report("speed", {"figures": "x" * 5000})

    monkeypatch.setattr("comp_core.experiments.speed.measure", measure)
    with room(1000):
        status = main(["experiment", "speed", "--out", str(tmp_path / "speed.json")])
    assert status == 2
    said = capsys.readouterr().err
    assert "speed.json could not be written" in said
    assert "Traceback" not in said
    assert names(tmp_path) == []


def test_a_video_with_labels_that_finds_no_room_is_told_and_not_kept(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    found = ClipFound(SAMPLES_DIR / "happy.mp4", [record(0, 60, "what joy", video="joy")])
    with room(2000), pytest.raises(gr.Error, match="no room for it on the disk") as told:
        list(label_clip(found, progress=lambda *_, **__: None))
    assert str(tmp_path) not in told.value.message
    assert names(tmp_path) == []


def upload(application, length, folder):
    """Status and text that an upload gets."""
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/gradio_api/upload", "headers": [(b"content-length", str(length).encode())]}
    loops.run(RoomForUploads(application, folder)(scope, receive, send))
    return sent[0]["status"], sent[1]["body"].decode()


async def taking(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": json.dumps(["file"]).encode()})


def test_an_upload_that_would_fill_the_disk_is_refused_before_it_is_read(tmp_path, monkeypatch):
    folder = tmp_path / "not made yet" / "uploads"
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=SPARE_BYTES + 1000))
    assert upload(taking, 1000, folder)[0] == 200
    assert upload(taking, 1001, folder) == (507, FULL)


def test_an_upload_during_which_the_disk_fills_is_told(tmp_path):
    async def failing(scope, receive, send):
        raise OSError(errno.ENOSPC, "No space left on device")

    async def broken(scope, receive, send):
        raise OSError(errno.EIO, "Input/output error")

    assert upload(failing, 10, tmp_path) == (507, FULL)
    with pytest.raises(OSError, match="Input/output"):
        upload(broken, 10, tmp_path)


def test_the_live_page_needs_no_disk():
    stepped = SteppedSession()
    with room(0):
        stepped.say()
        stepped.hear("what joy")
        snapshot = stepped.step(FACE, QUIET)
    assert all(snapshot.fused["observed"].values())
    assert "what joy" in stepped.session.record.files()["json"]
