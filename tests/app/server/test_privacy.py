"""What the running program does with what visitors give it: where it writes, whom it asks, what it logs, what is left."""

from __future__ import annotations

import base64
import fcntl
import os
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlparse

import numpy as np
import pytest

from app.server.uploads import EVERY_S, KEPT_S, sweep, upload_folder
from comp_core.inference.media import open_media
from comp_core.modalities import MODALITIES
from comp_core.senses.speech.vad import SAMPLE_RATE
from tests.browser.harness import ROOT, running_app
from tools.watch.visitor import Visitor
from tools.watch.watch import Watch, changed_in_repository, is_here

SAMPLES = ROOT / "assets" / "samples"
# Stands in everything that the visitor gives, and nowhere else.
MARK = "xylophonic"
TYPED = f"the {MARK} aunt is wonderful"


@dataclass(frozen=True)
class Seen:
    """A session, watched.

    Attributes:
        watch: what the program did; `at_rest`, `live` and `clip` count what had been noted when each part was over.
        words: what the recogniser heard.
        files_live, files_clip: path -> bytes in the watched folder after the live session, and while the clip is looked at.
        files_left: the same when the program has been stopped.
    """

    watch: Watch
    began: float
    at_rest: int
    live: int
    words: str
    files_live: dict[Path, bytes]
    files_clip: dict[Path, bytes]
    files_left: dict[Path, bytes]
    log: str


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    watch, began = Watch(tmp_path_factory.mktemp("watched")), time.time()
    with running_app(watch.folder, environment=watch.environment()) as server, watch.beside(server.process.pid):
        visitor = Visitor(server.address)
        until(lambda: visitor.call("recogniser_status", {})["recogniser"]["state"] != "loading")
        at_rest = len(watch.noted())
        words = live_session(visitor)
        live, files_live = len(watch.noted()), watch.files()
        clip(visitor)
        break_off_an_upload(server.address)
        send_nonsense(visitor)
        files_clip = watch.files()
    log = server.log.read_text(encoding="utf-8", errors="replace")
    return Seen(watch, began, at_rest, live, words, files_live, files_clip, watch.files(), log)


def until(true, limit=90.0):
    end = time.monotonic() + limit
    while not true():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.2)


def live_session(visitor):
    """A face, a spoken and a typed utterance, a note, and what a page in trouble sends; returns what was recognised."""
    picture = base64.b64encode((SAMPLES / "face.jpg").read_bytes()).decode()
    token = {"token": visitor.call("open_session", {})["token"]}
    speech = open_media(SAMPLES / "voice_only.mp3").samples[: 6 * SAMPLE_RATE]
    sound = np.concatenate([speech, np.zeros(2 * SAMPLE_RATE, np.float32)])
    for first in range(0, len(sound), SAMPLE_RATE // 2):
        part = (sound[first : first + SAMPLE_RATE // 2] * 32767).astype("<i2").tobytes()
        media = {"jpeg": picture, "captured": float(first), "pcm": base64.b64encode(part).decode(), "first": first}
        assert "error" not in visitor.call("exchange", {**token, **media})

    def words():
        return " ".join(said["transcript"] for said in visitor.call("exchange", token)["view"]["utterances"])

    until(words)
    heard = words()
    for change in (
        {"typed": TYPED},
        {"note": MARK},
        {"typed": f"\ud800 {MARK}"},
        {"corrected": {"utterance": 1, "text": f"{MARK} \udfff"}},
    ):
        visitor.call("control", {**token, **change})
        time.sleep(0.5)
    for bad in ({"jpeg": picture[:400]}, {"jpeg": MARK}, {"pcm": MARK, "first": MARK}, {"captured": MARK, "jpeg": picture}):
        assert visitor.call("exchange", {**token, **bad})["error"] == "bad_request"
    assert MARK in words()
    assert MARK in visitor.call("take_along", token)["files"]["json"]
    assert visitor.call("close_session", token) == {"done": True}
    return heard


def clip(visitor):
    """Upload a video, read it on both pages, have its video with labels made and fetched, and a degraded moment."""
    content = (SAMPLES / "happy.mp4").read_bytes() + MARK.encode()
    file = visitor.upload(f"{MARK}.mp4", content)
    read = visitor.event("Read it", "click", [file, TYPED, list(MODALITIES), "comp"])
    assert read["success"], read
    made = visitor.event("Make a video with the labels below the picture", "click", [None])
    assert made["success"], made
    path = made["output"]["data"][0]["value"]["path"]
    assert visitor.get(path)[4:8] == b"ftyp"
    other = visitor.upload(f"{MARK}.mp4", content + b"again")
    upload = "Or a file of your own: video, sound or picture"
    assert visitor.event(upload, "upload", [other, TYPED])["success"]
    degraded = visitor.event(upload, "upload", [other, None, 0], then=1)
    assert degraded["success"], degraded


def break_off_an_upload(address):
    """As when a tab is closed in the middle of it."""
    place = urlparse(address)
    head = f'--b\r\nContent-Disposition: form-data; name="files"; filename="{MARK}.wav"\r\n\r\n{MARK}'
    with socket.create_connection((place.hostname, place.port)) as line:
        length = "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 900000"
        line.sendall(f"POST /gradio_api/upload HTTP/1.1\r\nHost: {place.netloc}\r\n{length}\r\n\r\n{head}{'x' * 70_000}".encode())
        time.sleep(1.0)


def send_nonsense(visitor):
    """Requests that no page makes; whoever sends them, the log should not hold what they are made of."""
    for place in ("component_server", "queue/join", "upload", "run/predict", "api/predict"):
        for body in (MARK.encode(), f'{{"data": "{MARK}"}}'.encode(), f'{{"{MARK}": [], "data": ["{MARK}"], "fn_index": 0}}'.encode()):
            visitor.post(place, body)
    bad = {"path": f"/etc/{MARK}", "meta": {"_type": "gradio.FileData"}}
    for data in ([bad, MARK, [MARK], MARK], [MARK], [{"path": MARK}, {MARK: MARK}, MARK, MARK]):
        visitor.event("Read it", "click", data)
        visitor.event("Utterance", "input", [None, MARK])


def test_a_live_session_writes_nothing(seen):
    assert seen.words
    assert seen.watch.written(seen.at_rest) == seen.watch.written(seen.live)
    assert not any(MARK.encode() in content for content in seen.files_live.values())
    assert not any(path.is_relative_to(seen.watch.temporary) for path in seen.files_live)


def test_a_clip_and_what_is_made_of_it_lie_in_one_folder_of_nobody_elses(seen):
    written = {path for path in seen.watch.written(seen.live) if "configuration" not in path.parts and "cache" not in path.parts}
    (folder,) = {path.relative_to(seen.watch.temporary).parts[0] for path in written}
    assert folder.startswith("live-affect-")
    kept = [path for path in seen.files_clip if path.is_relative_to(seen.watch.temporary)]
    assert {f"{MARK}.mp4", f"{MARK}-labelled.mp4"} <= {path.name for path in kept}
    assert all(path.is_relative_to(seen.watch.temporary / folder) for path in kept)


def test_nothing_at_all_is_written_outside_the_watched_folder(seen):
    assert [path for path in seen.watch.written() if not path.is_relative_to(seen.watch.folder)] == []
    assert [path for path in seen.watch.held if not Path(path).is_relative_to(seen.watch.folder)] == []
    assert changed_in_repository(seen.began) == []


def test_nothing_is_left_when_the_program_has_been_stopped(seen):
    assert list(seen.watch.temporary.iterdir()) == []
    assert not any(MARK.encode() in path.name.encode() + content for path, content in seen.files_left.items())


def test_nobody_outside_is_asked_for_anything(seen):
    assert [where for what, where in seen.watch.noted() if what == "ask"] == []
    assert [address for address in seen.watch.peers if not is_here(address)] == []


def test_the_log_holds_no_words_no_names_of_files_no_pictures_and_no_sound(seen):
    assert "a call failed" in seen.log, "errors were not provoked, or not told"
    assert MARK not in seen.log
    assert seen.words not in seen.log
    assert max(map(len, seen.log.split())) < 200, "something is encoded"


def test_errors_are_logged_without_what_they_quote(tmp_path):
    """In every way that an error comes to a log: ours and libraries', from threads, from Gradio's handlers, uncaught."""
    script = f"""
import logging, threading, traceback
from app.server.log import keep_messages_out
keep_messages_out()
def fail():
    try:
        float("{MARK}")
    except ValueError as error:
        raise RuntimeError("{MARK}") from error
try:
    fail()
except RuntimeError:
    logging.getLogger("app.live.senses").exception("the words sense failed")
    traceback.print_exc()
thread = threading.Thread(target=fail)
thread.start()
thread.join()
fail()
"""
    path = tmp_path / "fail.py"
    path.write_text(script)
    told = subprocess.run([sys.executable, path], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert told.returncode == 1
    assert told.stdout == ""
    assert "the words sense failed" in told.stderr
    assert told.stderr.splitlines().count("ValueError") == told.stderr.splitlines().count("RuntimeError") == 4
    # Lines of the code are shown; those of this script have the word in them.
    assert [line for line in told.stderr.splitlines() if MARK in line and line.strip() not in script] == []


def test_clips_go_in_time_also_those_that_a_killed_program_left(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    left = tmp_path / "live-affect-before" / "gradio" / "hash" / "clip.mp4"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"left")
    other = tmp_path / "somebody.mp4"
    other.write_bytes(b"else's")
    with upload_folder(kept=0.0, every=0.05) as folder:
        assert folder.stat().st_mode & 0o077 == 0
        assert Path(os.environ["GRADIO_TEMP_DIR"]).is_relative_to(folder)
        with tempfile.NamedTemporaryFile(delete=False) as temporary:
            assert Path(temporary.name).is_relative_to(folder)
        until(lambda: not left.parent.exists() and not list(folder.iterdir()), 20)
    assert not folder.exists()
    assert other.exists()
    assert os.environ["GRADIO_TEMP_DIR"] == str(tmp_path)


def test_what_is_young_stays_and_an_hour_is_the_most(tmp_path):
    clip, empty = tmp_path / "hash" / "clip.mp4", tmp_path / "about to be filled"
    clip.parent.mkdir()
    empty.mkdir()
    clip.write_bytes(b"x")
    # As a living program's folder is.
    handle = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    # A copy of an old file is as young as the copying.
    os.utime(clip, (0, 0))
    sweep(tmp_path, time.time() - KEPT_S)
    assert clip.exists() and empty.exists()
    sweep(tmp_path, time.time() + 3600 - EVERY_S - KEPT_S + 1)
    assert list(tmp_path.iterdir()) == []
    os.close(handle)


def test_what_links_of_others_lead_to_and_folders_of_others_are_left_alone(tmp_path, monkeypatch):
    victim, folder = tmp_path / "home", tmp_path / "live-affect-theirs"
    for place in (victim, folder):
        place.mkdir()
        (place / "letter.txt").write_bytes(b"dear")
    (tmp_path / "live-affect-link").symlink_to(victim)
    sweep(tmp_path / "live-affect-link", time.time() + 1)
    monkeypatch.setattr(os, "geteuid", lambda: folder.stat().st_uid + 1)
    sweep(folder, time.time() + 1)
    assert (victim / "letter.txt").exists() and (folder / "letter.txt").exists()
    monkeypatch.undo()
    # Inside our own folder, a link goes and what it leads to stays.
    (folder / "link").symlink_to(victim)
    (folder / "letter.txt").unlink()
    sweep(folder, time.time() + 1)
    assert (victim / "letter.txt").exists() and not folder.exists()


CLIP_KEPT = """
import sys, time
from app.server.uploads import upload_folder
with upload_folder() as folder:
    (folder / "clip.mp4").write_bytes(b"a face")
    print(folder, flush=True)
    time.sleep(60)
"""


def test_a_killed_programs_clips_go_when_the_next_one_starts_and_a_living_ones_stay(tmp_path, monkeypatch):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "GRADIO_TEMP_DIR": str(tmp_path)}
    programs = [
        subprocess.Popen([sys.executable, "-c", CLIP_KEPT], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    try:
        dead, living = (Path(program.stdout.readline().strip()) for program in programs)
        programs[0].kill()
        programs[0].wait()
        assert (dead / "clip.mp4").exists()
        monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
        with upload_folder() as mine:
            until(lambda: not dead.exists(), 10)
            assert (living / "clip.mp4").exists() and mine.exists()
    finally:
        for program in programs:
            program.kill()
            program.wait()
            program.stdout.close()
