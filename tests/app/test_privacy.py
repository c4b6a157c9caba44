"""What the running program does with what visitors give it: where it writes, whom it asks, what it logs, what is left."""

from __future__ import annotations

import base64
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlparse

import numpy as np
import pytest

from app.uploads import KEPT_S, sweep, upload_folder
from comp_core.media import open_media
from comp_core.modalities import MODALITIES
from comp_core.senses.activity import SAMPLE_RATE
from tests.browser.harness import ROOT, running_app
from tests.watch.visitor import Visitor
from tests.watch.watch import Watch, changed_in_repository, is_here

SAMPLES = ROOT / "assets" / "samples"
# Stands in everything that the visitor gives, and nowhere else.
MARK = "xylophonic"
TYPED = f"the {MARK} aunt is wonderful"
# The one address that the program asks for something, before anybody has come: Whisper's weights.
WHISPER = "openaipublic.azureedge.net"


@dataclass(frozen=True)
class Seen:
    """A visit, watched.

    Attributes:
        watch: what the program did; `at_rest`, `live` and `clip` count what had been noted when each part was over.
        words: what the recogniser heard.
        shown: what the clip page told in the end.
        files_live, files_clip: path -> bytes in the watched folder after the live session, and while the clip is looked at.
        files_left: the same when the program has been stopped.
    """

    watch: Watch
    began: float
    at_rest: int
    live: int
    words: str
    shown: list
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
        shown = clip(visitor)
        break_off_an_upload(server.address)
        send_nonsense(visitor)
        files_clip = watch.files()
    log = server.log.read_text(encoding="utf-8", errors="replace")
    return Seen(watch, began, at_rest, live, words, shown, files_live, files_clip, watch.files(), log)


def until(true, limit=90.0):
    end = time.monotonic() + limit
    while not true():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.2)


def live_session(visitor):
    """A face, a spoken and a typed utterance, a note, and what a page in trouble sends; returns what was recognised."""
    picture = base64.b64encode((SAMPLES / "face.jpg").read_bytes()).decode()
    token = {"token": visitor.call("open_visit", {})["token"]}
    speech = open_media(SAMPLES / "voice_only.mp3").samples[: 6 * SAMPLE_RATE]
    sound = np.concatenate([speech, np.zeros(2 * SAMPLE_RATE, np.float32)])
    for first in range(0, len(sound), SAMPLE_RATE // 2):
        part = (sound[first : first + SAMPLE_RATE // 2] * 32767).astype("<i2").tobytes()
        media = {"jpeg": picture, "captured": float(first), "pcm": base64.b64encode(part).decode(), "first": first}
        assert "error" not in visitor.call("exchange", {**token, **media})
    until(lambda: any(turn["transcript"] for turn in visitor.call("exchange", token)["view"]["turns"]))
    for change in ({"typed": TYPED}, {"note": MARK}, {"typed": f"\ud800 {MARK}"}, {"corrected": {"turn": 1, "text": f"{MARK} \udfff"}}):
        visitor.call("control", {**token, **change})
        time.sleep(0.5)
    for bad in ({"jpeg": picture[:400]}, {"jpeg": MARK}, {"pcm": MARK, "first": MARK}, {"captured": MARK, "jpeg": picture}):
        assert visitor.call("exchange", {**token, **bad})["error"] == "bad_request"
    turns = visitor.call("exchange", token)["view"]["turns"]
    assert MARK in visitor.call("take_along", token)["files"]["json"]
    assert visitor.call("close_visit", token) == {"done": True}
    return " ".join(turn["transcript"] for turn in turns)


def clip(visitor):
    """Upload a video, read it on both pages, have its video with labels made and fetched, and a spoilt moment."""
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
    sliders = [None] * 0
    visitor.event(upload, "upload", [other, None, 0, *sliders], then=1)
    return read["output"]["data"]


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


def test_x(seen):
    w = seen.watch
    print("AT REST", sorted(set(w.noted()[: seen.at_rest])))
    print("LIVE", sorted(set(w.noted()[seen.at_rest : seen.live])))
    print("CLIP", sorted(set(w.noted()[seen.live :])))
    print("HELD", w.held)
    print("PEERS", w.peers)
    print("FILES", [list(map(str, x)) for x in (seen.files_live, seen.files_clip, seen.files_left)])
    print("WORDS", seen.words)
    print("LOG", seen.log)
    print("REPO", changed_in_repository(seen.began))
