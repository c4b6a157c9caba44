"""Opening files: what works, and that everything else ends in one clear sentence."""

from __future__ import annotations

import os
import struct
import time
import wave
import zlib
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from comp_core.inference import media
from comp_core.inference.budget import PATIENT, Budget, OverBudget
from comp_core.inference.media import LIMIT_BYTES, MediaError, open_media
from tests.places import SAMPLES

RATE = 16000

VIDEO_CODECS = {"mp4": ("libx264", "aac"), "mov": ("libx264", "aac"), "mkv": ("libx264", "flac"), "webm": ("libvpx", "libopus")}
VIDEO_CODECS["avi"] = ("mpeg4", "mp3")
SOUND_CODECS = {"wav": "pcm_s16le", "mp3": "mp3", "flac": "flac", "ogg": "libopus", "m4a": "aac"}


def tone(seconds: float, rate: int = 48000) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def colour(index: int, count: int, size: tuple[int, int] = (96, 64)) -> np.ndarray:
    """A picture whose brightness tells which one it is; its upper left corner is red."""
    picture = np.full((size[1], size[0], 3), round(40 + 180 * index / count), np.uint8)
    picture[: size[1] // 2, : size[0] // 2] = (220, 20, 20)
    return picture


def write(
    path: Path,
    pictures: int = 0,
    sound: np.ndarray | None = None,
    codecs: tuple[str, str] = ("libx264", "aac"),
    size: tuple[int, int] = (96, 64),
    sound_delay: float = 0.0,
    sound_hole: tuple[int, float] | None = None,
) -> Path:
    """Write 10 pictures a second and 48 kHz sound; ``sound_hole`` (packet, seconds) delays the sound from that packet on."""
    with av.open(str(path), "w") as container:
        packets = []
        if pictures:
            video = container.add_stream(codecs[0], rate=10)
            video.width, video.height, video.pix_fmt = *size, "yuv420p"
            if codecs[0] == "libvpx":
                video.options = {"deadline": "realtime", "cpu-used": "8"}
        if sound is not None:
            audio = container.add_stream(codecs[1], rate=48000, layout="mono")
            frame = av.AudioFrame.from_ndarray(sound[None], format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 48000, 0
            for index, packet in enumerate([*audio.encode(frame), *audio.encode(None)]):
                delay = sound_delay + (sound_hole[1] if sound_hole and index >= sound_hole[0] else 0.0)
                packet.pts += round(delay / packet.time_base)
                packet.dts = packet.pts
                packets.append(packet)
        for index in range(pictures):
            packets += video.encode(av.VideoFrame.from_ndarray(colour(index, pictures, size), format="rgb24"))
        if pictures:
            packets += video.encode(None)
        for packet in sorted(packets, key=lambda p: p.dts * p.time_base):
            container.mux(packet)
    return path


def write_wav(path: Path, samples: np.ndarray, rate: int = RATE) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return path


@pytest.mark.parametrize("suffix", VIDEO_CODECS)
def test_videos(tmp_path: Path, suffix: str) -> None:
    clip = open_media(write(tmp_path / f"clip.{suffix}", 20, tone(2.0), VIDEO_CODECS[suffix]))
    assert (clip.kind, clip.has_video, clip.has_audio) == ("video", True, True)
    assert clip.duration == pytest.approx(2.0, abs=0.15)
    assert clip.samples.dtype == np.float32
    assert len(clip.samples) == pytest.approx(2 * RATE, abs=0.12 * RATE)
    assert np.sqrt(np.mean(clip.samples[RATE // 2 : RATE] ** 2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.1)
    times, pictures = zip(*clip.frames(5), strict=True)
    assert np.diff(times) == pytest.approx(0.2, abs=0.02)
    assert len(times) in (10, 11)  # AVI may show the last picture twice
    # One picture is 9 brighter than the one before it; MPEG-4 in AVI lags by one.
    assert all(picture.shape == (64, 96, 3) and picture.dtype == np.uint8 for picture in pictures)
    assert [round(float(picture[-8:].mean())) for picture in pictures[:10]] == pytest.approx([40 + 9 * i for i in range(0, 20, 2)], abs=13)


def test_video_without_duration_in_its_header(tmp_path: Path) -> None:
    """As a browser's MediaRecorder writes it: live WebM, of unknown length."""
    whole = write(tmp_path / "whole.webm", 20, tone(2.0), VIDEO_CODECS["webm"])
    live = tmp_path / "live.webm"
    with av.open(str(whole)) as source, av.open(str(live), "w", format="webm", container_options={"live": "1"}) as target:
        streams = {stream: target.add_stream_from_template(stream) for stream in source.streams}
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream]
                target.mux(packet)
    with av.open(str(live)) as container:
        assert container.duration is None, "the test needs a file that does not say how long it is"
    assert open_media(live).duration == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize("suffix", SOUND_CODECS)
def test_sounds(tmp_path: Path, suffix: str) -> None:
    clip = open_media(write(tmp_path / f"clip.{suffix}", sound=tone(1.5), codecs=("", SOUND_CODECS[suffix])))
    assert (clip.kind, clip.has_video, clip.has_audio) == ("audio", False, True)
    assert clip.duration == pytest.approx(1.5, abs=0.1)
    assert list(clip.frames(10)) == []
    spectrum = np.abs(np.fft.rfft(clip.samples[:RATE]))
    assert int(spectrum.argmax()) == pytest.approx(440, abs=2)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "bmp"])
def test_pictures(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"face.{suffix}"
    cv2.imwrite(str(path), colour(1, 2, (1280, 800))[:, :, ::-1])
    clip = open_media(path)
    assert (clip.kind, clip.has_video, clip.has_audio, clip.duration) == ("image", True, False, 0.0)
    ((time, picture),) = clip.frames(10)
    assert time == 0
    assert picture.shape == (400, 640, 3)
    assert picture[50, 50] == pytest.approx((220, 20, 20), abs=12)


def test_picture_with_transparency_and_grey_ones_become_rgb(tmp_path: Path) -> None:
    for mode in ("RGBA", "L", "P", "1"):
        Image.new(mode, (32, 20)).save(tmp_path / "x.png")
        assert next(open_media(tmp_path / "x.png").frames(1))[1].shape == (20, 32, 3)


def test_the_kind_is_told_by_content_not_by_name(tmp_path: Path) -> None:
    path = tmp_path / "song.jpg"
    write(tmp_path / "clip.mp4", 5, tone(0.5)).rename(path)
    assert open_media(path).kind == "video"


def test_sound_alone_in_a_video_file_and_video_without_sound(tmp_path: Path) -> None:
    assert open_media(write(tmp_path / "sound.mp4", sound=tone(1.0))).kind == "audio"
    silent = open_media(write(tmp_path / "silent.mp4", 12))
    assert silent.kind == "video"
    assert silent.samples is None
    assert silent.duration == pytest.approx(1.2, abs=0.05)


def test_cover_picture_of_a_song_is_no_video(tmp_path: Path) -> None:
    cover, path = tmp_path / "cover.jpg", tmp_path / "song.mp3"
    cv2.imwrite(str(cover), colour(0, 1))
    write(tmp_path / "plain.mp3", sound=tone(1.0), codecs=("", "mp3"))
    jpeg = cover.read_bytes()
    body = b"\0image/jpeg\0\3\0" + jpeg
    frame = b"APIC" + struct.pack(">I", len(body)) + b"\0\0" + body
    size = bytes((len(frame) >> shift) & 127 for shift in (21, 14, 7, 0))
    path.write_bytes(b"ID3\3\0\0" + size + frame + (tmp_path / "plain.mp3").read_bytes())
    with av.open(str(path)) as container:
        assert container.streams.video, "the test needs a song with a cover"
    clip = open_media(path)
    assert clip.kind == "audio"
    assert clip.duration == pytest.approx(1.0, abs=0.1)


def test_sound_that_begins_late_stays_in_step_with_the_pictures(tmp_path: Path) -> None:
    clip = open_media(write(tmp_path / "late.mkv", 20, tone(1.0), ("libx264", "flac"), sound_delay=0.8))
    assert np.flatnonzero(np.abs(clip.samples) > 0.1)[0] / RATE == pytest.approx(0.8, abs=0.05)
    assert next(clip.frames(10))[0] == pytest.approx(0, abs=0.01)


def test_a_hole_in_the_sound_becomes_silence(tmp_path: Path) -> None:
    path = write(tmp_path / "hole.mkv", sound=tone(2.0), codecs=("", "aac"), sound_hole=(47, 1.5))
    clip = open_media(path)
    assert clip.duration == pytest.approx(3.5, abs=0.1)
    assert np.abs(clip.samples[round(1.3 * RATE) : round(2.2 * RATE)]).max() < 0.01
    assert np.abs(clip.samples[round(2.8 * RATE) : round(3.2 * RATE)]).max() > 0.3


def test_large_pictures_are_made_smaller(tmp_path: Path) -> None:
    clip = open_media(write(tmp_path / "large.mp4", 3, size=(720, 1280)))
    assert next(clip.frames(1))[1].shape == (640, 360, 3)


def test_pictures_of_a_phone_held_upright_are_turned(tmp_path: Path) -> None:
    path = write(tmp_path / "phone.mp4", 5)
    content = path.read_bytes()
    lying = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    turned = struct.pack(">9i", 0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000)  # a quarter turn clockwise
    at = content.index(lying, content.index(b"tkhd"))
    path.write_bytes(content[:at] + turned + content[at + len(turned) :])
    picture = next(open_media(path).frames(1))[1]
    assert picture.shape == (96, 64, 3)
    red = [name for name, corner in (("left", picture[5, 5]), ("right", picture[5, -5])) if corner[0] > 150 and corner[1] < 90]
    assert red == ["right"]


def test_pictures_of_a_camera_held_upright_are_turned(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # shown after a quarter turn clockwise
    Image.fromarray(colour(0, 1)).save(tmp_path / "photo.jpg", exif=exif, quality=95)
    picture = next(open_media(tmp_path / "photo.jpg").frames(1))[1]
    assert picture.shape == (96, 64, 3)
    assert picture[5, -5][1] < 90
    assert picture[5, -5][0] > 150


def test_loud_and_senseless_samples_are_tamed(tmp_path: Path) -> None:
    path = tmp_path / "float.wav"
    body = np.array([0.5, 7.0, -np.inf, np.nan] * 2000, "<f4").tobytes()
    header = struct.pack("<4sI8sIHHIIHH4sI", b"RIFF", 36 + len(body), b"WAVEfmt ", 16, 3, 1, RATE, RATE * 4, 4, 32, b"data", len(body))
    path.write_bytes(header + body)
    samples = open_media(path).samples
    assert np.isfinite(samples).all()
    assert np.abs(samples).max() <= 1


def refused(path: Path) -> str:
    with pytest.raises(MediaError) as caught:
        open_media(path)
    message = str(caught.value)
    assert path.name in message
    assert "\n" not in message
    assert len(message) < 250
    return message


def test_missing_empty_and_other_than_files(tmp_path: Path) -> None:
    assert "not found" in refused(tmp_path / "nothing.mp4")
    (tmp_path / "empty.mp4").touch()
    assert "empty" in refused(tmp_path / "empty.mp4")
    assert "not a file" in refused(tmp_path)
    os.mkfifo(tmp_path / "pipe.mp4")
    assert "not a file" in refused(tmp_path / "pipe.mp4")


def test_text_is_no_media(tmp_path: Path) -> None:
    path = tmp_path / "letter.mp4"
    path.write_text("Dear Sir or Madam, this is not a film. " * 200)
    assert "use a video" in refused(path)


@pytest.mark.parametrize("suffix", ["mp4", "m3u8", "wav"])
def test_a_playlist_cannot_reach_other_files(tmp_path: Path, suffix: str) -> None:
    other = write_wav(tmp_path / "other.wav", tone(1.0, RATE))
    for text in (f"#EXTM3U\n#EXTINF:1,\n{other}\n#EXT-X-ENDLIST\n", f"ffconcat version 1.0\nfile '{other}'\n"):
        path = tmp_path / f"list.{suffix}"
        path.write_text(text)
        refused(path)


def test_0_seconds_of_sound(tmp_path: Path) -> None:
    assert "0 seconds" in refused(write_wav(tmp_path / "nothing.wav", np.zeros(0)))


def test_too_many_bytes_are_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "huge.mp4"
    with path.open("wb") as file:
        file.truncate(2 * LIMIT_BYTES)
    assert "the limit is 100 MB" in refused(path)


def test_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "LIMIT_SECONDS", 2)
    open_media(write(tmp_path / "short.mp4", 15, tone(1.5)))
    assert "longer than" in refused(write_wav(tmp_path / "long.wav", tone(2.5, RATE)))
    assert "longer than" in refused(write(tmp_path / "long.mp4", 30))


def test_a_hole_of_years_costs_no_memory(tmp_path: Path) -> None:
    path = write(tmp_path / "years.mkv", sound=tone(1.0), codecs=("", "aac"), sound_hole=(20, 1e8))
    assert "longer than 30 minutes" in refused(path)


@pytest.mark.parametrize("side", [9_000, 60_000])
def test_decompression_bombs(tmp_path: Path, side: int) -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    path = tmp_path / "bomb.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1_000_000))) + chunk(b"IEND", b""))
    assert "million pixels" in refused(path)


def test_a_picture_of_too_many_scans(tmp_path: Path) -> None:
    """Each is a few bytes and takes as long as a whole picture."""
    path = tmp_path / "scans.jpg"
    Image.new("L", (64, 64), 90).save(path, progressive=True)
    content = path.read_bytes()
    assert open_media(path).kind == "image"
    path.write_bytes(content[:-2] + media.MOST_SCANS * content[content.rindex(b"\xff\xda") : -2] + content[-2:])
    assert "scans" in refused(path)


def test_video_of_too_many_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "LIMIT_VIDEO_PIXELS", 96 * 64 - 1)
    assert "pixels" in refused(write(tmp_path / "wide.mp4", 3))


def test_too_many_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = open_media(write(tmp_path / "clip.mp4", 20))
    monkeypatch.setattr(media, "LIMIT_FRAMES", 10)
    with pytest.raises(MediaError, match="pictures"):
        list(clip.frames(10))


def write_bomb(path: Path, width: int = 4096, height: int = 2160) -> Path:
    """300 black pictures of 4K, made of ten that are repeated."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        video.options = {"preset": "ultrafast", "g": "10", "x264-params": "bframes=0:cabac=1"}
        black = av.VideoFrame.from_ndarray(np.zeros((height, width, 3), np.uint8), format="rgb24").reformat(format="yuv420p")
        packets = [packet for pts in range(10) for packet in encoded(video, black, pts)] + video.encode(None)
        contents = [(bytes(packet), packet.is_keyframe) for packet in packets]
        for number in range(300):
            content, key = contents[number % 10]
            packet = av.Packet(content)
            packet.stream, packet.time_base, packet.is_keyframe = video, packets[1].time_base, key
            packet.pts = packet.dts = number * packets[1].pts
            packet.duration = packets[1].pts
            container.mux(packet)
    return path


def encoded(video: av.VideoStream, frame: av.VideoFrame, pts: int) -> list[av.Packet]:
    frame.pts = pts
    return video.encode(frame)


def look_through(clip: media.Media, times: list[float]) -> None:
    for seconds, _ in clip.frames(5):
        times.append(seconds)


def test_hours_of_work_in_a_few_bytes_end_soon(tmp_path: Path) -> None:
    path = write_bomb(tmp_path / "black.mp4")
    assert path.stat().st_size < 500_000
    times: list[float] = []
    with pytest.raises(OverBudget, match="only its beginning was read"):
        look_through(open_media(path), times)
    # Of its 12 seconds.
    assert 2 < times[-1] < 8


@pytest.mark.parametrize("suffix", ["flv", "ts"])
def test_formats_without_a_header_are_read_for_their_owner_only(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path / f"clip.{suffix}", 20, tone(2.0))
    assert open_media(path, PATIENT).has_video
    assert "use a video" in refused(path)


def test_pictures_of_which_a_decoder_would_keep_gigabytes_are_refused(tmp_path: Path) -> None:
    assert "more than 9 million pixels" in refused(write_bomb(tmp_path / "black.mp4", 7680, 4320))


def test_time_is_bounded_between_pictures_that_nobody_asks_for_and_those_before_are_good(tmp_path: Path) -> None:
    path = write(tmp_path / "clip.mp4", 20, tone(2.0))
    pictures = open_media(path, Budget(seconds=1.0)).frames(10)
    assert next(pictures)[0] == 0
    time.sleep(1.1)
    with pytest.raises(OverBudget, match="longer than 1 s"):
        next(pictures)
    with pytest.raises(OverBudget):
        open_media(path, Budget(seconds=-1.0))
    assert len(list(open_media(path, PATIENT).frames(10))) == 20


def test_truncated_files(tmp_path: Path) -> None:
    """An MP4 has its index at the end, so half of one is lost; half of a Matroska file plays."""
    for suffix in ("mp4", "jpg"):
        path = tmp_path / f"half.{suffix}"
        if suffix == "mp4":
            write(path, 20, tone(2.0))
        else:
            cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8))
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        assert "damaged" in refused(path)
    path = write(tmp_path / "half.mkv", 40, tone(4.0), VIDEO_CODECS["mkv"])
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    clip = open_media(path)
    assert 0.5 < clip.duration < 3.5
    assert len(list(clip.frames(10))) > 3


HEADS = [b"", b"RIFF\0\0\0\0WAVEfmt ", b"\0\0\0\x18ftypmp42", b"\x1aE\xdf\xa3", b"OggS", b"fLaC", b"ID3\3", b"\xff\xd8\xff", b"GIF89a"]
SEEDS = [SAMPLES / name for name in ("happy.mp4", "voice_only.mp3", "face.jpg")]


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.binary(max_size=600),
    head=st.sampled_from(HEADS),
    suffix=st.sampled_from(["mp4", "wav", "mp3", "webm", "ogg", "png", "txt", ""]),
)
@example(body=b"", head=b"\x89PNG\r\n\x1a\n", suffix="png")
def test_random_bytes_never_raise_anything_else(tmp_path: Path, body: bytes, head: bytes, suffix: str) -> None:
    path = tmp_path / f"random.{suffix}"
    path.write_bytes(head + body or b"x")
    try:
        clip = open_media(path)
    except MediaError:
        return
    assert all(picture.ndim == 3 for _, picture in clip.frames(10))


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.sampled_from(SEEDS), damage=st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=40)), min_size=1, max_size=8))
def test_damaged_files_never_raise_anything_else(tmp_path: Path, seed: Path, damage: list[tuple[float, bytes]]) -> None:
    content = bytearray(seed.read_bytes())
    for where, junk in damage:
        at = int(where * (len(content) - len(junk)))
        content[at : at + len(junk)] = junk
    path = tmp_path / f"damaged{seed.suffix}"
    path.write_bytes(content)
    try:
        clip = open_media(path)
        for time, picture in clip.frames(2):
            assert time >= 0
            assert picture.dtype == np.uint8
    except MediaError:
        return
    assert clip.samples is None or np.isfinite(clip.samples).all()
