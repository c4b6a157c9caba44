"""The computer's own camera and microphone, for a kiosk or a lab: read here with OpenCV and sounddevice instead of in a browser.

Each device has a thread. One that is missing or unplugged says so, its modality is absent, and it is tried again until it is there.
A file can stand in for either: it is played at its own pace, again and again.
"""

from __future__ import annotations

import base64
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from app.live.inbox import Frame
from app.live.session import LiveSession
from comp_core.inference.budget import PATIENT
from comp_core.inference.media import MediaError, open_media
from comp_core.modalities import AUDIO, VIDEO
from comp_core.senses.speech.vad import SAMPLE_RATE

logger = logging.getLogger(__name__)

PICTURES_HZ = 10.0
LONG_SIDE = 480
BLOCK = SAMPLE_RATE // 10
RETRY_S = 2.0
PAUSE_S = 0.1
# A microphone that gives nothing for this long is gone; a silent room gives zeros.
SILENT_S = 2.0
JPEG_QUALITY = 75

Pictures = Callable[[], Iterator[np.ndarray]]
Blocks = Callable[[], Iterator[np.ndarray]]


class DeviceGone(Exception):
    """A device cannot be read (any more); the message says what to do."""


class LocalCapture:
    """Feeds sessions from this computer's devices.

    Args:
        pictures: opens the camera and gives RGB pictures, (H, W, 3) uint8; raises DeviceGone.
        blocks: opens the microphone and gives float32 mono 16 kHz; raises DeviceGone.
    """

    def __init__(self, pictures: Pictures, blocks: Blocks) -> None:
        self._pictures, self._blocks = pictures, blocks

    def start(self, session: LiveSession) -> None:
        """Feed the session until it is closed."""
        session.local = feed = Feed(session)
        for modality, read, take in ((VIDEO, self._pictures, feed.see), (AUDIO, self._blocks, feed.hear)):
            threading.Thread(target=_keep_reading, args=(read, take, feed, modality), name=f"local {modality}", daemon=True).start()


class Feed:
    """What one session gets from the devices, and what its page shows of them.

    Attributes:
        problems: modality -> what is wrong with its device, "" if nothing.
        paused: nobody sees the page: the devices are released meanwhile.
    """

    def __init__(self, session: LiveSession) -> None:
        self.session = session
        self.problems = {VIDEO: "", AUDIO: ""}
        self.paused = False
        self._picture: np.ndarray | None = None

    def pause(self, on: bool) -> None:
        """Release the devices for now, or open them again."""
        self.paused = on
        if on:
            self._picture = None

    def see(self, picture: np.ndarray) -> None:
        scale = LONG_SIDE / max(picture.shape[:2])
        self._picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else picture
        self.session.inbox.put(Frame(self._picture, 1000 * time.monotonic()), None)

    def hear(self, samples: np.ndarray) -> None:
        self.session.inbox.put(None, samples)

    def lose(self, modality: str, why: str) -> None:
        self.problems[modality] = why
        if modality == VIDEO:
            self._picture = None
        self.session.inbox.lose(modality)

    def view(self) -> dict[str, Any]:
        """For the page: the ``picture`` as base64 JPEG, or None; and the ``problems``, in words."""
        picture, encoded = self._picture, None
        if picture is not None:
            _, jpeg = cv2.imencode(".jpg", picture[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
            encoded = base64.b64encode(jpeg.tobytes()).decode()
        return {"picture": encoded, "microphone": not self.problems[AUDIO], "problems": " ".join(filter(None, self.problems.values()))}


def _keep_reading(read: Callable[[], Iterator[np.ndarray]], take: Callable[[np.ndarray], None], feed: Feed, modality: str) -> None:
    """Read until the session is closed; open the device again whenever it is gone."""
    while not feed.session.closed:
        if feed.paused:
            time.sleep(PAUSE_S)
            continue
        try:
            for item in read():
                if feed.session.closed:
                    return
                if feed.paused:
                    break
                feed.problems[modality] = ""
                take(item)
        except DeviceGone as gone:
            if feed.problems[modality] != str(gone):
                logger.warning("%s", gone)
            feed.lose(modality, str(gone))
        if not feed.paused:
            time.sleep(RETRY_S)


def camera_pictures(number: int) -> Iterator[np.ndarray]:
    """RGB pictures of a camera, ``PICTURES_HZ`` at most.

    Raises:
        DeviceGone: it cannot be opened, or has stopped.
    """
    camera = cv2.VideoCapture(number)
    try:
        if not camera.isOpened():
            raise DeviceGone(f"Camera {number} cannot be opened. Connect it, close what else uses it, or name another with --camera.")
        due = 0.0
        while True:
            there, picture = camera.read()
            if not there:
                raise DeviceGone(f"Camera {number} gives no pictures any more. Connect it again.")
            if time.monotonic() >= due:
                due = time.monotonic() + 1 / PICTURES_HZ
                yield picture[:, :, ::-1]
    finally:
        camera.release()


def microphone_blocks(name: str | None) -> Iterator[np.ndarray]:
    """Sound of a microphone, the system's own choice if it is not named.

    Raises:
        DeviceGone: it cannot be opened, or has stopped.
    """
    try:
        import sounddevice
    except OSError as error:
        raise DeviceGone("PortAudio is missing: install it (Debian: apt install libportaudio2).") from error
    heard: queue.Queue[np.ndarray] = queue.Queue()
    try:
        rate = _rate(sounddevice, name)
        resample = _resampling(rate)
        settings = {"device": name, "channels": 1, "samplerate": rate, "blocksize": rate // 10, "dtype": "float32"}
        with sounddevice.InputStream(**settings, callback=lambda data, *_: heard.put(data[:, 0].copy())):
            while True:
                yield from resample(heard.get(timeout=SILENT_S))
    except queue.Empty:
        raise DeviceGone("The microphone gives no sound any more. Connect it again.") from None
    except (sounddevice.PortAudioError, ValueError) as error:
        raise DeviceGone(f"The microphone cannot be used ({error}). Connect one, or name another with --microphone.") from error


def _rate(sounddevice: Any, name: str | None) -> int:
    """16 kHz where the device can do that, else its own rate."""
    try:
        sounddevice.check_input_settings(device=name, channels=1, samplerate=SAMPLE_RATE, dtype="float32")
    except sounddevice.PortAudioError:
        return int(sounddevice.query_devices(name, "input")["default_samplerate"])
    return SAMPLE_RATE


def _resampling(rate: int) -> Callable[[np.ndarray], Iterator[np.ndarray]]:
    """From this rate to 16 kHz, block by block."""
    if rate == SAMPLE_RATE:
        return lambda block: iter((block,))
    resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)

    def resample(block: np.ndarray) -> Iterator[np.ndarray]:
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block)[None], format="flt", layout="mono")
        frame.sample_rate = rate
        return (part.to_ndarray()[0] for part in resampler.resample(frame))

    return resample


def file_pictures(path: Path) -> Iterator[np.ndarray]:
    """The pictures of a video at its own pace; a still picture stays.

    Raises:
        DeviceGone: the file cannot be read, or has no pictures.
    """
    media = _opened(path)
    if not media.has_video:
        raise DeviceGone(f"{path} has no pictures. Name a video with --camera.")
    while True:
        yield from _paced(media.frames(PICTURES_HZ))
        time.sleep(1 / PICTURES_HZ)


def file_blocks(path: Path) -> Iterator[np.ndarray]:
    """The sound of a file at its own pace.

    Raises:
        DeviceGone: the file cannot be read, or is silent.
    """
    samples = _opened(path).samples
    if samples is None:
        raise DeviceGone(f"{path} has no sound. Name another file with --microphone.")
    while True:
        yield from _paced((start / SAMPLE_RATE, samples[start : start + BLOCK]) for start in range(0, len(samples), BLOCK))


def _paced(timed: Iterator[tuple[float, np.ndarray]]) -> Iterator[np.ndarray]:
    began = time.monotonic()
    for seconds, item in timed:
        time.sleep(max(0.0, began + seconds - time.monotonic()))
        yield item


def _opened(path: Path) -> Any:
    try:
        return open_media(path, PATIENT)
    except (MediaError, OSError) as error:
        raise DeviceGone(str(error)) from error


def local_capture(camera: str, microphone: str | None) -> LocalCapture:
    """The devices by what the command line calls them: a camera's number, a microphone's name, or the path of a file.

    Raises:
        ValueError: the camera is neither.
    """
    if camera.isdigit():
        pictures: Pictures = partial(camera_pictures, int(camera))
    elif Path(camera).is_file():
        pictures = partial(file_pictures, Path(camera))
    else:
        raise ValueError(f"--camera takes a camera's number or a file, and {camera!r} is neither.")
    stands_in = microphone is not None and Path(microphone).is_file()
    return LocalCapture(pictures, partial(file_blocks, Path(microphone)) if stands_in else partial(microphone_blocks, microphone))
