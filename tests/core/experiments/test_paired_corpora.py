"""Data whose modalities were recorded together, and what the command makes of them."""

import json

import numpy as np
import pytest

from comp_core.cli import main
from comp_core.data.mosi import MosiError, by_sign, load_mosi, reread_words
from comp_core.data.ravdess_takes import TakesError, load_takes
from comp_core.experiments import paired_corpora
from comp_core.modalities import AUDIO, TEXT, VIDEO


@pytest.fixture
def data(tmp_path):
    """Six MOSI videos of four utterances, and twenty actors with a take of each class; features show the label."""
    random = np.random.default_rng(0)
    sentiment = np.array([2.0, -1.0, 0.0, 3.0, -2.0, 1.0] * 4, np.float32)
    mosi = {
        "video": np.array([f"video{i % 6}" for i in range(24)]),
        "segment": np.arange(24)[::-1].copy(),
        "split": np.array([("train", "train", "train", "valid", "test", "test")[i % 6] for i in range(24)]),
        "sentiment": random.permutation(sentiment),
    }
    for name, dim in (("audio", 3), ("text", 4), ("visual", 5)):
        mosi[name] = (np.sign(mosi["sentiment"])[:, None] + random.normal(0, 0.1, (24, dim))).astype(np.float32)
    np.savez(tmp_path / "cmu_mosi_utterances.npz", **mosi)
    clips = [(emotion, actor) for actor in range(1, 21) for emotion in range(1, 9)]
    marks = np.eye(8, dtype=np.float32)[[emotion - 1 for emotion, _ in clips]]
    names = np.array([f"01-01-{emotion:02d}-01-01-01-{actor:02d}" for emotion, actor in clips])
    np.savez(tmp_path / "ravdess_au_mfcc.npz", clip=names, face_au=marks, voice_mfcc=marks * 100)
    return tmp_path


def test_mosi_videos_are_conversations_in_the_order_of_their_segments(data):
    splits = load_mosi(data)
    assert {name: len(videos) for name, videos in splits.items()} == {"train": 3, "valid": 1, "test": 2}
    videos = [video for some in splits.values() for video in some]
    assert sum(len(video) for video in videos) == 24
    for video in videos:
        name, segments = video.ids[0].split("_")[0], [int(i.split("_")[1]) for i in video.ids]
        assert all(i.startswith(name) for i in video.ids) and segments == sorted(segments)
        np.testing.assert_allclose(video.features[TEXT].mean(1), np.sign(video.labels), atol=0.3)


def test_by_sign_neutral_utterances_are_left_out(data):
    videos = [by_sign(video) for some in load_mosi(data).values() for video in some]
    assert sum(len(video) for video in videos) == 20
    for video in videos:
        assert len(video.ids) == len(video.labels) and set(video.features) == {AUDIO, TEXT, VIDEO}
        assert ((video.features[TEXT].mean(1) > 0) == video.labels).all()


def test_words_can_be_read_again_and_nothing_else_changes(data):
    path = data / "cmu_mosi_utterances.npz"
    with np.load(path) as arrays:
        released = dict(arrays)
    np.savez(path, **released, transcript=np.array([f"{v} {s}" for v, s in zip(released["video"], released["segment"], strict=True)]))
    before = load_mosi(data)
    after = reread_words(before, data, lambda text: np.array([float(text.split()[1])], np.float32))
    for split, videos in after.items():
        for old, new in zip(before[split], videos, strict=True):
            assert new.features[TEXT][:, 0].tolist() == [float(i.split("_")[1]) for i in old.ids]
            assert (new.features[AUDIO] == old.features[AUDIO]).all() and (new.labels == old.labels).all()


def test_takes_have_face_and_voice_of_the_same_clip(data):
    takes = load_takes(data)
    assert sorted(takes) == [f"ravdess-{n:02d}" for n in range(1, 21)]
    for take in takes["ravdess-07"]:
        assert take.features[AUDIO].argmax() == take.features[VIDEO].argmax() == take.labels[0]


@pytest.mark.parametrize(("load", "error"), [(load_mosi, MosiError), (load_takes, TakesError)])
def test_a_missing_file_is_explained(load, error, tmp_path):
    with pytest.raises(error, match="--data"):
        load(tmp_path)


def test_the_command_reports_every_subset_that_the_data_have(data, tmp_path, monkeypatch):
    monkeypatch.setattr(paired_corpora, "SEEDS", 2)
    reports = tmp_path / "reports"
    assert main(["experiment", "paired_corpora", "--data", str(data), "--reports", str(reports), "--epochs", "2"]) == 0
    metrics = json.loads((reports / "paired_corpora.json").read_text())["metrics"]
    assert set(metrics["ravdess"]) == {"A", "V", "AV"}
    assert len(metrics["mosi"]) == 7
    assert metrics["mosi"]["ATV"]["fused"]["accuracy"]["seeds"] == 2
    assert "late_average" in metrics["ravdess"]["AV"]


def test_no_actor_of_a_fold_is_in_its_training_or_validation_data(data):
    for fold in paired_corpora.experiments(paired_corpora.Task(data, data, data, data, 0, "..."))["ravdess"].folds:
        taken = [{id(take) for take in fold[split]} for split in ("train", "valid", "test")]
        assert [len(part) for part in taken] == [96, 32, 32]
        assert len(set.union(*taken)) == 160
