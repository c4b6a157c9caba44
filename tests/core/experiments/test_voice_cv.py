"""Cross-validation by speaker, and from corpus to corpus, on made-up clips and a training that only remembers whom it was given."""

import json

import numpy as np
import pytest
import torch

from comp_core.data.speech import CLASSES, SPLITS, SpeechClip, SpeechSet
from comp_core.experiments import voice_cross, voice_cv
from comp_core.modalities import LABELS
from comp_core.senses.voice.network import VoiceNet, VoiceNetConfig
from comp_core.training.task import Task

SPEAKERS = sorted(speaker for split in SPLITS.values() for speaker in split)


@pytest.fixture
def folds(monkeypatch):
    """For each training, the speakers it was given and those it was asked about."""
    clips = [SpeechClip(np.zeros(1), label, who[:-3], who, label) for who in SPEAKERS for label in CLASSES[who[:-3]]]
    folds = []

    def fit_voice(train, valid, _config, _settings, device):
        assert valid is None
        folds.append({"heard": {speaker for speaker, _ in train}, "asked": []})
        return VoiceNet(VoiceNetConfig(widths=(4, 4, 4, 4), tower_dim=2)), []

    def answers(_network, speakers, head):
        folds[-1]["asked"] += speakers
        classes = len(CLASSES.get(head, LABELS))
        return torch.full((len(speakers), classes), 1 / classes).log()

    for module in (voice_cv, voice_cross):
        monkeypatch.setattr(module, "load_speech", lambda _data, _cache: SpeechSet(tuple(clips)))
        monkeypatch.setattr(module, "example", lambda clip: (clip.speaker, {clip.corpus: clip.class_index, "live": clip.live_index}))
        monkeypatch.setattr(module, "fit_voice", fit_voice)
        monkeypatch.setattr(module, "answers", answers)
    return folds


def run(folder):
    voice_cv.measure(Task(folder, folder, folder, folder / "reports", 0, "..."))
    return json.loads((folder / "reports" / "voice_cv.json").read_text())


def test_every_speaker_is_asked_about_in_one_fold_and_not_heard_in_it(folds, tmp_path):
    report = run(tmp_path)
    assert {name: figures["n"] for name, figures in report["metrics"].items()} == {"ravdess": 160, "emodb": 70}
    assert len(folds) == voice_cv.FOLDS
    assert sorted(who for fold in folds for who in set(fold["asked"])) == SPEAKERS
    for fold in folds:
        assert fold["heard"].isdisjoint(fold["asked"])
        assert fold["heard"] | set(fold["asked"]) == set(SPEAKERS)


def test_finished_folds_are_not_trained_again(folds, tmp_path):
    first = run(tmp_path)
    (tmp_path / "voice_cv_seed0_fold3.json").unlink()
    assert run(tmp_path)["metrics"] == first["metrics"]
    assert len(folds) == voice_cv.FOLDS + 1


def test_across_corpora_only_one_is_heard_and_both_are_asked_about(folds, tmp_path):
    voice_cross.measure(Task(tmp_path, tmp_path, tmp_path, tmp_path / "reports", 0, "..."))
    report = json.loads((tmp_path / "reports" / "voice_cross.json").read_text())
    for (source, by_test), fold in zip(report["metrics"].items(), folds, strict=True):
        assert {who[:-3] for who in fold["heard"]} == {source}
        assert fold["heard"].isdisjoint(fold["asked"])
        assert "surprise" not in by_test["across"]["recall"]
    assert report["metrics"]["emodb"]["across"]["n"] == 20 * 7
