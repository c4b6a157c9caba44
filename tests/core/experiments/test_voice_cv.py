"""Cross-validation by speaker, from corpus to corpus, and for the fusion model: on made-up clips, whom was each network given?"""

import json

import numpy as np
import pytest
import torch

from comp_core.data.speech import CLASSES, FOLDS, SPLITS, TEST_FOLD, SpeechClip, fold_of
from comp_core.experiments import voice_cross, voice_cv
from comp_core.modalities import LABELS
from comp_core.senses.voice.network import Reader, VoiceNet, VoiceNetConfig
from comp_core.support.checkpoint import CheckpointError, save_checkpoint
from comp_core.training import voice_folds
from comp_core.training.task import Task
from comp_core.training.voice_fit import VoiceFit
from comp_core.training.voice_heard import NOISE, STUDIO, TELEPHONE, VARIANTS, Heard

SPEAKERS = sorted(speaker for split in SPLITS.values() for speaker in split)
CONFIG = VoiceNetConfig(blocks=1, width=4, attention_heads=2, positions=9, feature_dim=3)


@pytest.fixture
def trained(monkeypatch):
    """For each training the speakers it was given."""
    clips = tuple(SpeechClip(np.zeros(1), f"{who}-{label}", who[:-3], who, label) for who in SPEAKERS for label in CLASSES[who[:-3]])
    versions = {version: np.zeros((len(clips), 16), np.float16) for version in (STUDIO, TELEPHONE, NOISE, *VARIANTS)}
    trained = []

    def fit_voice(heard, rows, config, _settings, _device):
        trained.append({heard.clips[row].speaker for row in rows})
        return Reader(config).eval(), []

    monkeypatch.setattr(voice_folds, "fit_voice", fit_voice)
    for module in (voice_cv, voice_cross):
        monkeypatch.setattr(module, "prepared", lambda _task, _epochs: (Heard(clips, versions), CONFIG, VoiceFit(), {}))
    trained.append(Heard(clips, versions))
    return trained


def report_of(measure, name, folder):
    measure(Task(folder, folder, folder, folder / "reports", 0, "..."))
    return json.loads((folder / "reports" / f"{name}.json").read_text())


def test_every_speaker_is_asked_about_by_networks_that_never_heard_it(trained, tmp_path):
    report = report_of(voice_cv.measure, "voice_cv", tmp_path)
    assert {name: figures[STUDIO]["n"] for name, figures in report["metrics"].items()} == {"ravdess": 160, "emodb": 70}
    runs = trained[1:]
    assert len(runs) == FOLDS * voice_cv.SEEDS
    for number, run in enumerate(runs):
        assert run == {who for who in SPEAKERS if fold_of(who) != number % FOLDS}


def test_across_corpora_only_one_is_heard(trained, tmp_path):
    report = report_of(voice_cross.measure, "voice_cross", tmp_path)
    for run, source in zip(trained[1:], np.repeat(list(CLASSES), voice_cv.SEEDS), strict=True):
        assert {who[:-3] for who in run} == {source}
    assert report["metrics"]["emodb"]["n"] == 20 * 7
    assert "surprise" not in report["metrics"]["emodb"]["recall"]


def test_features_for_the_fusion_model_are_of_unheard_speakers_and_of_these_weights(trained, tmp_path):
    final = Reader(CONFIG).eval()
    found = voice_folds.unheard(trained[0], final, CONFIG, VoiceFit(), "cpu")
    for fold, run in enumerate(trained[1:]):
        assert run == {who for who in SPEAKERS if fold_of(who) not in (fold, TEST_FOLD)}
    assert {clip.speaker for clip in found.clips} == {*SPLITS["train"], *SPLITS["valid"]}
    assert found.of("live")[0].shape == (16 * 8 + 8 * 6, len(LABELS))

    torch.manual_seed(0)
    task = Task(tmp_path, tmp_path, tmp_path, tmp_path, 0, "...")
    save_checkpoint(tmp_path / "voice", "voice", VoiceNet(CONFIG), CONFIG, {})
    with pytest.raises(CheckpointError, match="train voice"):
        voice_folds.kept_features(task)
    voice_folds.keep_features(tmp_path, found, json.loads((tmp_path / "voice.json").read_text())["sha256"])
    kept = voice_folds.kept_features(task)
    assert kept["ravdess", "ravdess-01-calm"].shape == (1 + len(VARIANTS), CONFIG.feature_dim)
    save_checkpoint(tmp_path / "voice", "voice", VoiceNet(CONFIG), CONFIG, {})
    with pytest.raises(CheckpointError, match="train voice"):
        voice_folds.kept_features(task)
