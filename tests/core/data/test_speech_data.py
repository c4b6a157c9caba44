"""The speech corpora: names, labels, splits, cache."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from comp_core.data.speech import CLASSES, EMODB, RAVDESS, SPLITS, SpeechDataError, load_speech, parse_name
from comp_core.modalities import LABELS


def write_flac(path: Path, samples: np.ndarray, rate: int = 16000) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("flac", rate=rate, layout="mono")
        frame = av.AudioFrame.from_ndarray((samples * 32767).astype(np.int16)[None], format="s16", layout="mono")
        frame.sample_rate = rate
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)


@pytest.fixture
def corpora(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    for folder, stem in (
        ("ravdess_speech", "03-01-02-01-01-01-15"),
        ("ravdess_speech", "03-01-05-02-02-01-07"),
        ("emodb", "13a02Lb"),
        ("emodb", "16b10Wa"),
    ):
        write_flac(tmp_path / "data" / folder / f"{stem}.flac", random.uniform(-0.5, 0.5, 4000 + random.integers(1000)))
    return tmp_path / "data"


@pytest.mark.parametrize(
    ("corpus", "stem", "expected"),
    [
        (RAVDESS, "03-01-01-01-02-01-15", ("ravdess-15", "neutral")),
        (RAVDESS, "03-01-08-01-01-02-11", ("ravdess-11", "surprise")),
        (RAVDESS, "03-01-03-02-01-02-02", ("ravdess-02", "joy")),
        (EMODB, "03a01Fa", ("emodb-03", "joy")),
        (EMODB, "16b10Wb", ("emodb-16", "anger")),
        (EMODB, "08a05Lc", ("emodb-08", "boredom")),
    ],
)
def test_names(corpus: str, stem: str, expected: tuple[str, str]) -> None:
    assert parse_name(corpus, stem) == expected


@pytest.mark.parametrize(
    ("corpus", "stem"),
    [(RAVDESS, "03-01-09-01-02-01-15"), (RAVDESS, "03-01-00-01-02-01-15"), (RAVDESS, "notes"), (EMODB, "03a01Xa"), (EMODB, "x")],
)
def test_other_names_are_refused(corpus: str, stem: str) -> None:
    with pytest.raises(SpeechDataError, match=stem):
        parse_name(corpus, stem)


def test_no_speaker_is_in_two_splits() -> None:
    speakers = [speaker for split in SPLITS.values() for speaker in split]
    assert len(speakers) == len(set(speakers)) == 30


def test_every_class_but_boredom_has_a_live_label(corpora: Path, tmp_path: Path) -> None:
    clips = {clip.name: clip for clip in load_speech(corpora, tmp_path / "cache")}
    assert clips["03-01-02-01-01-01-15"].class_name == "calm"
    assert clips["03-01-02-01-01-01-15"].live_label == "neutral"
    assert clips["13a02Lb"].live_label is None
    assert clips["13a02Lb"].live_index is None
    assert clips["16b10Wa"].live_index == LABELS.index("anger")
    assert clips["16b10Wa"].class_index == CLASSES[EMODB].index("anger")


def test_samples_survive_decoding_and_the_cache(corpora: Path, tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    wave = random.uniform(-0.5, 0.5, 5001)
    write_flac(corpora / "ravdess_speech" / "03-01-04-01-01-01-20.flac", wave)
    for _ in range(2):
        clips = {clip.name: clip for clip in load_speech(corpora, tmp_path / "cache")}
        assert clips["03-01-04-01-01-01-20"].samples == pytest.approx(wave, abs=1e-4)
        assert clips["03-01-04-01-01-01-20"].samples.dtype == np.float32
        assert len(clips) == 5


def test_a_new_file_makes_the_cache_anew(corpora: Path, tmp_path: Path) -> None:
    assert len(load_speech(corpora, tmp_path / "cache")) == 4
    write_flac(corpora / "emodb" / "03a01Na.flac", np.full(3000, 0.25))
    speech = load_speech(corpora, tmp_path / "cache")
    (added,) = speech.where(lambda clip: clip.name == "03a01Na")
    assert added.samples == pytest.approx(np.full(3000, 0.25), abs=1e-3)


def test_splits_select_speakers(corpora: Path, tmp_path: Path) -> None:
    speech = load_speech(corpora, tmp_path / "cache")
    assert {split: {clip.speaker for clip in speech.split(split)} for split in SPLITS} == {
        "train": {"ravdess-07"},
        "valid": {"ravdess-15", "emodb-13"},
        "test": {"emodb-16"},
    }


def test_other_rates_are_resampled(corpora: Path, tmp_path: Path) -> None:
    write_flac(corpora / "emodb" / "03a01Na.flac", np.zeros(8000), rate=8000)
    (clip,) = load_speech(corpora, tmp_path / "cache").where(lambda clip: clip.name == "03a01Na")
    assert len(clip.samples) == pytest.approx(16000, abs=32)


def test_missing_corpora_are_explained(tmp_path: Path) -> None:
    with pytest.raises(SpeechDataError, match="ravdess_speech"):
        load_speech(tmp_path, tmp_path / "cache")
