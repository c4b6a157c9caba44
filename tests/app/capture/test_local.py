"""The computer's own devices: scripted ones, files in their place, and a sound library that the test makes."""

import base64
import io
import sys
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from app import main as program
from app.capture import local
from app.capture.browser import server_functions
from app.capture.local import DeviceGone, LocalCapture, camera_pictures, file_blocks, file_pictures, local_capture, microphone_blocks
from app.live.context import LiveContext
from app.live.inbox import Arrived
from app.live.session import LiveSession
from app.pages.clip.page import SAMPLES_DIR
from app.visitors.visitors import Visitors
from comp_core.modalities import VIDEO
from comp_core.senses.reading import DISCONNECTED
from comp_core.senses.speech.vad import SAMPLE_RATE
from tests.app.doubles import ScriptedLocator, ScriptedPredictor, ScriptedSegmenter, ScriptedTranscriber
from tests.app.sessions import PICTURE, Device, until


@pytest.fixture
def fed(monkeypatch):
    monkeypatch.setattr(local, "RETRY_S", 0.01)
    camera, microphone = Device(), Device()
    session = LiveSession("token", LiveContext(ScriptedPredictor(), ScriptedTranscriber()), ScriptedLocator(), ScriptedSegmenter())
    LocalCapture(camera, microphone).start(session)
    yield SimpleNamespace(session=session, camera=camera, microphone=microphone, feed=session.local)
    session.close()
    for device in (camera, microphone):
        device.items.put(None)


def test_pictures_and_sound_reach_the_session_and_the_page(fed):
    fed.camera.items.put(PICTURE)
    fed.microphone.items.put(np.full(1600, 0.5, np.float32))
    until(lambda: fed.feed.view()["picture"])
    inbox = fed.session.inbox.take(1)
    until(lambda: inbox.samples.size or fed.session.inbox.take(0.1).samples.size)
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(fed.feed.view()["picture"]))))
    assert shown.shape == (240, 480, 3)
    np.testing.assert_allclose(shown.mean((0, 1)), (200, 20, 20), atol=6)


def test_a_device_that_is_unplugged_is_absent_and_comes_back(fed):
    fed.camera.items.put(PICTURE)
    until(lambda: fed.feed.view()["picture"])
    fed.camera.items.put(None)
    until(lambda: fed.feed.view()["problems"] == "It was unplugged.")
    assert fed.feed.view()["picture"] is None
    assert fed.session.inbox.take(0).lost == {VIDEO: DISCONNECTED}
    fed.camera.items.put(PICTURE)
    until(lambda: fed.feed.view()["picture"])
    assert fed.feed.view()["problems"] == ""
    assert fed.camera.opened == 2


def test_what_a_page_sends_is_not_taken_in(fed):
    def make(token):
        fed.session.token = token
        return fed.session

    visitors = Visitors(make, lambda session: None, limit=1)
    calls = {call.__name__: call for call in server_functions(visitors, ScriptedTranscriber(), ("comp",))}
    token = calls["open_session"]({})["token"]
    answer = calls["exchange"]({"token": token, "jpeg": "not a picture", "pcm": "nor sound"})
    assert answer["local"]["microphone"] is True
    assert fed.session.inbox.take(0) == Arrived()


def test_threads_end_with_the_session(fed):
    fed.session.close()
    fed.camera.items.put(PICTURE)
    fed.microphone.items.put(np.zeros(1, np.float32))
    until(lambda: not [t for t in threading.enumerate() if t.name.startswith("local ")])


def test_a_file_stands_in_for_camera_and_microphone():
    began = time.monotonic()
    pictures, blocks = file_pictures(SAMPLES_DIR / "mixed.mp4"), file_blocks(SAMPLES_DIR / "mixed.mp4")
    shapes = {next(pictures).shape for _ in range(5)}
    assert len(shapes) == 1
    assert [len(next(blocks)) for _ in range(3)] == [SAMPLE_RATE // 10] * 3
    assert time.monotonic() - began > 0.35


def test_a_file_without_the_modality_says_so(tmp_path):
    with pytest.raises(DeviceGone, match="no pictures"):
        next(file_pictures(SAMPLES_DIR / "voice_only.mp3"))
    with pytest.raises(DeviceGone, match="no sound"):
        next(file_blocks(SAMPLES_DIR / "face.jpg"))
    (tmp_path / "bad.mp4").write_text("no video")
    with pytest.raises(DeviceGone, match=r"bad\.mp4"):
        next(file_pictures(tmp_path / "bad.mp4"))


def test_a_camera_that_is_not_there_is_explained():
    with pytest.raises(DeviceGone, match="--camera"):
        next(camera_pictures(97))


class FakeSound:
    """A sounddevice whose microphone gives a tone at its own rate."""

    class PortAudioError(Exception):
        pass

    def __init__(self, rate, seconds=0.5, there=True):
        self.rate, self.seconds, self.there = rate, seconds, there

    def check_input_settings(self, samplerate, **_):
        if samplerate != self.rate or not self.there:
            raise self.PortAudioError("Error querying device -1" if not self.there else "Invalid sample rate")

    def query_devices(self, name, kind):
        if not self.there:
            raise self.PortAudioError("Error querying device -1")
        return {"default_samplerate": float(self.rate)}

    def InputStream(self, samplerate, blocksize, callback, **_):
        tone = np.sin(2 * np.pi * 440 * np.arange(round(self.seconds * samplerate)) / samplerate).astype(np.float32)
        for start in range(0, len(tone), blocksize):
            callback(tone[start : start + blocksize, None], blocksize, None, None)
        return open("/dev/null")


@pytest.mark.parametrize("rate", [16000, 44100, 48000])
def test_the_microphone_is_heard_at_16_khz_whatever_its_own_rate(monkeypatch, rate):
    monkeypatch.setitem(sys.modules, "sounddevice", FakeSound(rate))
    monkeypatch.setattr(local, "SILENT_S", 0.05)
    parts = []
    with pytest.raises(DeviceGone, match="no sound any more"):
        parts.extend(microphone_blocks(None))
    samples = np.concatenate(parts)
    assert len(samples) == pytest.approx(8000, abs=100)
    spectrum = np.abs(np.fft.rfft(samples[1000:7000]))
    assert np.argmax(spectrum) * SAMPLE_RATE / 6000 == pytest.approx(440, abs=5)


def test_no_microphone_is_explained(monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", FakeSound(16000, there=False))
    with pytest.raises(DeviceGone, match="--microphone"):
        next(microphone_blocks("studio"))


def test_the_command_line_names_devices_or_files(capsys):
    with pytest.raises(ValueError, match="neither"):
        local_capture("no such thing", None)
    assert isinstance(local_capture("0", "studio"), LocalCapture)


@pytest.mark.parametrize("public", [["--share"], ["--host", "0.0.0.0"]])
def test_the_camera_of_this_computer_is_not_shown_to_others(monkeypatch, capsys, public):
    monkeypatch.setattr("comp_core.predictor.Predictor.load", lambda *_, **__: None)
    assert program.main(["--capture", "local", *public]) == 2
    assert "to others" in capsys.readouterr().err
