"""Video, sound and picture files -> mono samples and a stream of pictures, on one clock.

Files come from strangers. So: only demuxers of plain media formats may run (a playlist could fetch other files or addresses),
and bytes, pixels and time are all limited before memory is spent on them.
"""

from __future__ import annotations

import math
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream
from PIL import Image, ImageOps, UnidentifiedImageError

from comp_core.inference.budget import Budget, MediaError, Meter
from comp_core.senses.speech.vad import SAMPLE_RATE

LIMIT_BYTES = 100 * 2**20
LIMIT_SECONDS = 30 * 60
LIMIT_PIXELS = 64_000_000
# Of a video's pictures, 4096 by 2160 among them: a decoder keeps up to sixteen.
LIMIT_VIDEO_PIXELS = 9_000_000
# Half an hour at 120 pictures a second: a file can hold far more if each is nearly empty.
LIMIT_FRAMES = LIMIT_SECONDS * 120
LONG_SIDE = 640
# Progressive JPEGs have some ten. A scan may be a few bytes long and is still decoded over the whole picture.
MOST_SCANS = 64

_PICTURE_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF")
_DEMUXERS = "mov,mp4,m4a,3gp,matroska,webm,avi,wav,mp3,flac,ogg,aac,aiff,asf"
# They do not say in a header what streams they have: pictures are decoded before their size can be refused.
_HEADERLESS = "mpegts,mpeg,flv"
_WHAT_WORKS = "use a video (mp4, mov, webm, mkv, avi), a sound (wav, mp3, m4a, flac, ogg) or a picture (jpg, png, webp)"

# Shorter holes in the sound are rounding of time stamps.
_GAP_SECONDS = 0.1


@dataclass(frozen=True)
class Media:
    """What a file holds.

    Attributes:
        path: where it is.
        kind: ``"video"``, ``"audio"`` or ``"image"``.
        duration: seconds; 0 for a picture.
        samples: (n,) float32 mono 16 kHz in [-1, 1] from time 0, or None without sound.
        budget: what each pass over its pictures may cost.
        tell: called with the time in seconds of each picture that is asked for; what it raises ends the pass.
    """

    path: Path
    kind: str
    duration: float
    samples: np.ndarray | None
    _origin: float = field(default=0.0, repr=False)  # time stamp of the file at which our time starts
    _picture: np.ndarray | None = field(default=None, repr=False)
    budget: Budget = field(default=Budget(), repr=False)
    tell: Callable[[float], None] = field(default=lambda _: None, repr=False)

    @property
    def has_video(self) -> bool:
        """Whether there are pictures; a still picture counts as a video of one frame."""
        return self.kind != "audio"

    @property
    def has_audio(self) -> bool:
        return self.samples is not None

    def frames(self, rate_hz: float) -> Iterator[tuple[float, np.ndarray]]:
        """Decode at most ``rate_hz`` pictures a second, as they are asked for.

        Yields:
            Time in seconds, and the upright RGB picture, (H, W, 3) uint8 with its long side at most 640.

        Raises:
            MediaError: a picture is larger than the limit, or there are more than the limit.
            OverBudget: they cost too much; those before are good.
        """
        if rate_hz <= 0:
            raise ValueError("rate_hz must be positive")
        if self.kind == "image":
            yield 0.0, cast(np.ndarray, self._picture)
        elif self.kind == "video":
            due = 0.0
            with _open_container(self.path, self.budget) as container:
                for stamp, frame in _decode_video(container, _video_stream(container), Meter(self.path, self.budget)):
                    time = max(0.0, stamp - self._origin)
                    # Half a millisecond of mercy: 0.0999 s is on time for 0.1 s.
                    if time + 5e-4 >= due:
                        self.tell(time)
                        yield time, _to_rgb(frame)
                        due = (math.floor(time * rate_hz + 1e-2) + 1) / rate_hz


def open_media(path: Path | str, budget: Budget = Budget()) -> Media:  # noqa: B008
    """Open a video, sound or picture file, decode its sound and check that its pictures can be decoded.

    A damaged file is used as far as it can be read.

    Args:
        budget: what opening it may cost, and then each pass over its pictures.

    Raises:
        MediaError: the file is missing, empty, too large, too long, not media, or nothing in it can be decoded.
        OverBudget: to open it costs too much.
    """
    path = Path(path)
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        raise MediaError(f"{path.name} was not found: check the path.") from error
    if not stat.S_ISREG(status.st_mode):
        raise MediaError(f"{path.name} is not a file: {_WHAT_WORKS}.")
    if status.st_size == 0:
        raise MediaError(f"{path.name} is empty (0 bytes): record or upload it again.")
    if status.st_size > LIMIT_BYTES:
        raise MediaError(f"{path.name} has {status.st_size / 2**20:.0f} MB; the limit is {LIMIT_BYTES // 2**20} MB: cut or compress it.")
    picture = _read_picture(path)
    if picture is not None:
        return Media(path, "image", 0.0, None, _picture=picture)
    return _read_streams(path, budget)


def jpeg_scans(content: bytes) -> int:
    """How many scans a JPEG is made of, at most: the marker of one stands nowhere else but in a thumbnail or a comment."""
    return content.count(b"\xff\xda")


def _read_picture(path: Path) -> np.ndarray | None:
    """The upright picture, or None if the file is of no picture format."""
    Image.init()  # without it, formats that Pillow has not met yet are a KeyError
    try:
        with Image.open(path, formats=_PICTURE_FORMATS) as image:
            _check_pixels(path, image.width, image.height, LIMIT_PIXELS)
            if image.format in ("JPEG", "MPO") and jpeg_scans(path.read_bytes()) > MOST_SCANS:
                raise MediaError(f"{path.name} is a JPEG of more than {MOST_SCANS} scans: save it again as an ordinary one.")
            image.thumbnail((LONG_SIDE, LONG_SIDE))
            return np.array(ImageOps.exif_transpose(image).convert("RGB"))
    except UnidentifiedImageError:
        return None
    except Image.DecompressionBombError as error:
        raise _too_many_pixels(path, LIMIT_PIXELS) from error
    except MediaError:
        raise
    except PermissionError as error:
        raise MediaError(f"{path.name} may not be read: check its permissions.") from error
    except Exception as error:  # the decoders raise many kinds on damaged pictures
        raise _damaged(path) from error


def _read_streams(path: Path, budget: Budget) -> Media:
    meter = Meter(path, budget)
    with _open_container(path, budget) as container:
        video = _video_stream(container)
        sound = next(iter(container.streams.audio), None)
        if video is None and sound is None:
            raise MediaError(f"{path.name} has neither sound nor pictures: {_WHAT_WORKS}.")
        track = _SoundTrack(path)
        first_picture, last_picture = math.inf, -math.inf
        for packet in _packets(container, [stream for stream in (video, sound) if stream]):
            meter.spend()
            if packet.stream is sound:
                track.add(packet)
            elif packet.pts is not None:
                stamp = float(packet.pts * packet.time_base)
                first_picture = min(first_picture, stamp)
                last_picture = max(last_picture, stamp + float((packet.duration or 0) * packet.time_base))
                _check_length(path, last_picture - first_picture)
        track.finish()
    if video is not None and not _has_picture(path, budget, meter):
        video = None
    if video is None:
        first_picture, last_picture = math.inf, -math.inf
    if track.empty and video is None:
        if sound is not None and not track.failed:
            raise MediaError(f"{path.name} has a sound of 0 seconds: record it again.")
        raise _damaged(path)
    # A raw stream may carry no time stamps at all; its pictures are then counted from 0.
    origin = min(track.start, first_picture)
    origin = 0.0 if math.isinf(origin) else origin
    samples = None if track.empty else track.samples(origin)
    duration = max(0.0 if samples is None else len(samples) / SAMPLE_RATE, last_picture - origin)
    _check_length(path, duration)
    return Media(path, "audio" if video is None else "video", duration, samples, _origin=origin, budget=budget)


class _SoundTrack:
    """Decodes packets of sound to mono 16 kHz and keeps them on the clock of the file: holes become silence."""

    def __init__(self, path: Path) -> None:
        self.start = math.inf
        self.failed = False
        self._path = path
        self._parts: list[np.ndarray] = []
        self._length = 0
        self._resampler = _resampler()

    @property
    def empty(self) -> bool:
        return self._length == 0

    def add(self, packet: av.Packet) -> None:
        try:
            frames = cast(list[av.AudioFrame], packet.decode())
        except (av.FFmpegError, ValueError):
            self.failed = True
            return
        for frame in frames:
            try:
                resampled = self._resampler.resample(frame)
            except (av.FFmpegError, ValueError):  # rate or channels changed in mid-stream
                self._resampler = _resampler()
                try:
                    resampled = self._resampler.resample(frame)
                except (av.FFmpegError, ValueError):
                    self.failed = True
                    continue
            self._place(None if frame.pts is None else frame.time, frame.samples / max(1, frame.sample_rate))
            self._append(resampled)

    def finish(self) -> None:
        with suppress(av.FFmpegError, ValueError):
            self._append(self._resampler.resample(None))

    def samples(self, origin: float) -> np.ndarray:
        """All samples, from time stamp ``origin`` on."""
        lead = 0 if math.isinf(self.start) else round((self.start - origin) * SAMPLE_RATE)
        _check_length(self._path, (lead + self._length) / SAMPLE_RATE)
        joined = np.concatenate([np.zeros(lead, np.float32), *self._parts])
        return np.clip(np.nan_to_num(joined), -1, 1)

    def _place(self, stamp: float | None, seconds: float) -> None:
        """Fill up with silence to where the next frame, ``seconds`` long, belongs."""
        if stamp is None:
            return
        if math.isinf(self.start):
            self.start = stamp - self._length / SAMPLE_RATE
        # The resampler holds back up to a frame, so what has come out lags behind by that much.
        gap = stamp - self.start - self._length / SAMPLE_RATE
        if gap > _GAP_SECONDS + seconds:
            _check_length(self._path, stamp - self.start)
            self._keep(np.zeros(round(gap * SAMPLE_RATE), np.float32))

    def _append(self, frames: list[av.AudioFrame]) -> None:
        for frame in frames:
            self._keep(frame.to_ndarray().reshape(-1))

    def _keep(self, part: np.ndarray) -> None:
        self._parts.append(part)
        self._length += len(part)
        _check_length(self._path, self._length / SAMPLE_RATE)


def _resampler() -> av.AudioResampler:
    return av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)


def _open_container(path: Path, budget: Budget) -> InputContainer:
    try:
        # The decoder itself refuses larger pictures, when it first looks at the file and when their size changes in mid-stream.
        formats = f"{_DEMUXERS},{_HEADERLESS}" if budget.headerless else _DEMUXERS
        limits = {"format_whitelist": formats, "protocol_whitelist": "file", "max_pixels": str(LIMIT_VIDEO_PIXELS)}
        return av.open(str(path), options=limits)
    except (av.FFmpegError, OSError, ValueError) as error:
        raise MediaError(f"{path.name} is damaged or is no video, sound or picture: {_WHAT_WORKS}.") from error


def _video_stream(container: InputContainer) -> VideoStream | None:
    """The first real video; the cover picture of a song is none."""
    return next((stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic), None)


def _packets(container: InputContainer, streams: list) -> Iterator[av.Packet]:
    """Packets up to the end of the file, or to where it is damaged."""
    # Streams without a decoder have no context; there is nothing to be had from them.
    usable = [stream for stream in streams if stream.codec_context is not None]
    if usable:
        with suppress(av.FFmpegError):
            yield from container.demux(usable)


def _decode_video(container: InputContainer, stream: VideoStream | None, meter: Meter) -> Iterator[tuple[float, av.VideoFrame]]:
    """Time stamp in seconds and picture; what cannot be decoded is left out."""
    if stream is None or stream.codec_context is None:
        return
    path = Path(container.name)
    _check_pixels(path, stream.codec_context.width, stream.codec_context.height, LIMIT_VIDEO_PIXELS)
    stream.codec_context.options = {"max_pixels": str(LIMIT_VIDEO_PIXELS)}
    rate = float(stream.average_rate or 25)
    count = 0
    for packet in _packets(container, [stream]):
        meter.spend()
        try:
            frames = cast(list[av.VideoFrame], packet.decode())
        except (av.FFmpegError, ValueError):
            continue
        for frame in frames:
            meter.spend(frame.width * frame.height)
            yield (count / rate if frame.pts is None else frame.time), frame
            count += 1
            if count > LIMIT_FRAMES:
                raise MediaError(f"{path.name} has more than {LIMIT_FRAMES:,} pictures: cut it.")


def _has_picture(path: Path, budget: Budget, meter: Meter) -> bool:
    with _open_container(path, budget) as container:
        for _, frame in _decode_video(container, _video_stream(container), meter):
            _to_rgb(frame)
            return True
    return False


def _to_rgb(frame: av.VideoFrame) -> np.ndarray:
    scale = min(1.0, LONG_SIDE / max(frame.width, frame.height))
    width, height = (max(1, round(side * scale)) for side in (frame.width, frame.height))
    picture = frame.reformat(width=width, height=height, format="rgb24").to_ndarray()
    # Phones store upright pictures lying down, with the angle beside them.
    return np.ascontiguousarray(np.rot90(picture, round(frame.rotation / 90) % 4))


def _check_pixels(path: Path, width: int, height: int, most: int) -> None:
    if width * height > most:
        raise _too_many_pixels(path, most)


def _check_length(path: Path, seconds: float) -> None:
    if seconds > LIMIT_SECONDS:
        raise MediaError(f"{path.name} is longer than {LIMIT_SECONDS // 60} minutes: cut it.")


def _too_many_pixels(path: Path, most: int) -> MediaError:
    return MediaError(f"{path.name} has pictures of more than {most // 1_000_000} million pixels: make them smaller.")


def _damaged(path: Path) -> MediaError:
    return MediaError(f"{path.name} is damaged, nothing in it can be decoded: record or export it again.")
