"""What the evaluate and speed commands measure."""

import json

import cv2
import numpy as np
import pytest
import torch

from comp_core.cli import main
from comp_core.data.ferplus import FaceSet, framed
from comp_core.experiments import face, steadiness, voice, words
from comp_core.experiments.speed import PICTURE
from comp_core.inference.fusion import Fused
from comp_core.modalities import LABELS
from comp_core.senses.face.locator import FaceLocator
from comp_core.senses.face.network import FaceNet, FaceNetConfig
from comp_core.senses.face.sense import FaceFrame
from comp_core.senses.reading import Reading
from comp_core.senses.speech.vad import SAMPLE_RATE


@pytest.fixture(scope="module")
def portrait():
    """The sample's face as FER+ would hold it, (48, 48)."""
    picture = cv2.imread(str(PICTURE))
    locator = FaceLocator(tracking=False)
    left, top, right, bottom = locator.locate(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)).box
    locator.close()
    height, width = picture.shape[:2]
    cut = picture[round(top * height) : round(bottom * height), round(left * width) : round(right * width)]
    return cv2.cvtColor(cv2.resize(cut, (48, 48), interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)


@pytest.mark.parametrize("name", face.CONDITIONS)
def test_face_conditions_change_the_picture_and_nothing_else(name, portrait):
    picture = framed(portrait)
    before = picture.copy()
    worse = face.CONDITIONS[name](picture, np.random.default_rng(0))
    assert worse.dtype == np.uint8 and worse.ndim == 2
    np.testing.assert_array_equal(picture, before)
    changed = worse.shape != picture.shape or (worse != picture).any()
    assert changed == (name != "as released")


def test_conditions_are_scored_on_the_faces_that_are_found(portrait):
    images = np.stack([portrait, np.zeros_like(portrait)])
    labels = np.array([1, 1])
    faces = FaceSet(images, images, np.eye(8, dtype=np.float32)[labels], labels, *(np.ones((4, 2), bool)))
    torch.manual_seed(0)
    report = face.conditions_report(FaceNet(FaceNetConfig(widths=(4, 4), feature_dim=4)).eval(), 1.0, faces, np.random.default_rng(0))
    assert set(report) == set(face.CONDITIONS)
    assert (report["as released"]["found"], report["as released"]["n"]) == (0.5, 1)


@pytest.mark.parametrize("name", voice.CONDITIONS)
def test_voice_conditions_keep_the_sound_a_sound(name):
    time = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    sound = (0.3 * np.sin(2 * np.pi * 220 * time) * (time > 0.2)).astype(np.float32)
    worse = voice.CONDITIONS[name](sound, np.random.default_rng(0))
    assert np.isfinite(worse).all()
    assert SAMPLE_RATE // 2 <= len(worse) <= len(sound)
    assert (len(worse) == len(sound) and np.allclose(worse, sound)) == (name == "studio")


def test_noise_has_the_asked_level_and_the_telephone_its_band():
    sound = np.random.default_rng(0).normal(0, 0.1, SAMPLE_RATE)
    noise = voice.CONDITIONS["pink noise, 10 dB"](sound, np.random.default_rng(1)) - sound
    assert 10 * np.log10(np.mean(sound**2) / np.mean(noise**2)) == pytest.approx(10, abs=0.01)
    spectrum = np.abs(np.fft.rfft(voice.CONDITIONS["telephone band"](sound, None)))
    assert spectrum[3401:].max() < 1e-6 * spectrum.max()


def test_words_are_lost_and_misheard_at_the_asked_rate():
    text, lexicon = "Well, " * 2000, ["other"]
    heard = words.CONDITIONS["so, and a fifth of the words misheard"](text, lexicon, np.random.default_rng(0)).split()
    assert len(heard) == 2000
    assert heard.count("other") == pytest.approx(400, abs=60)
    left = words.CONDITIONS["so, and a fifth of the words lost"](text, lexicon, np.random.default_rng(0)).split()
    assert set(left) == {"well"}
    assert len(left) == pytest.approx(1600, abs=60)


class OneFace:
    """A predictor that is told what to say about each picture."""

    def __init__(self, joys):
        self.face, self._joys = self, iter(joys)

    def see(self, _picture, _locator):
        return FaceFrame((0.0, 0.0, 1.0, 1.0), np.array([next(self._joys)]), quality=1.0)

    def summarise(self, frames, freshness=None):
        return Reading(np.average([frame.feature for frame in frames], axis=0, weights=freshness))

    def fusion(self):
        return self

    def fuse_last(self, moments):
        joy = float(moments[-1]["video"].feature[0])
        fused = {**dict.fromkeys(LABELS, 0.0), "neutral": 1 - joy, "joy": joy}
        observed = {modality: reading.present for modality, reading in moments[-1].items()}
        return Fused(fused, dict.fromkeys(("audio", "text", "video")), None, None, observed, {}, answer_threshold=0.6)


def test_changes_of_the_shown_label_are_counted_with_and_without_smoothing(portrait, monkeypatch):
    monkeypatch.setattr(steadiness, "SECONDS", 4)
    flicker = [0.0, 1.0] * 20
    found = steadiness.watch(OneFace(flicker), portrait, np.random.default_rng(0))
    assert found["label_changes_unsmoothed"] == 39
    assert found["label_changes"] < 10
    assert found["strong_emotion"] == 0.0
    assert steadiness.watch(OneFace([0.0] * 40), portrait, np.random.default_rng(0))["label_changes"] == 0


def test_speed_writes_its_report(tmp_path, capsys):
    out = tmp_path / "speed.json"
    threads = torch.get_num_threads()
    try:
        assert main(["experiment", "speed", "--runs", "3", "--out", str(out)]) == 0
    finally:
        torch.set_num_threads(threads)
    written = json.loads(out.read_text())
    assert json.loads(capsys.readouterr().out)["metrics"]["median_ms"] == written["median_ms"]
    assert min(written["median_ms"].values()) > 0
    assert set(written["ratios"]) == {"face sense / mesh alone", "voice sense / frames alone"}
