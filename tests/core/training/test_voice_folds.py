"""Fold networks of the voice: a stopped run goes on, and folds of an older network are not taken for finished."""

import pytest
import torch

from comp_core.data.speech import SpeechSet
from comp_core.senses.voice.network import VoiceNet, VoiceNetConfig
from comp_core.support.checkpoint import save_checkpoint
from comp_core.training import voice_folds
from comp_core.training.task import Task

CONFIG = VoiceNetConfig(widths=(4, 4, 4, 4), tower_dim=2)


@pytest.fixture
def trained(monkeypatch):
    """The folds that were trained, in order."""
    trained = []

    def one_fold(_corpus, _final, fold, _settings, _device):
        trained.append(fold)
        return VoiceNet(CONFIG), {}

    monkeypatch.setattr(voice_folds, "load_speech", lambda _data, _cache: SpeechSet(()))
    monkeypatch.setattr(voice_folds, "_one_fold", one_fold)
    return trained


def train(folder, seed):
    torch.manual_seed(seed)
    save_checkpoint(folder / "voice", "voice", VoiceNet(CONFIG), CONFIG, {})
    voice_folds.train_voice_folds(Task(folder, folder, folder, folder, 0, "..."))


def test_finished_folds_are_kept_while_the_network_is_the_same(trained, tmp_path):
    train(tmp_path, seed=0)
    assert trained == [0, 1, 2]
    (tmp_path / "voice_fold1.json").unlink()
    train(tmp_path, seed=0)
    assert trained == [0, 1, 2, 1]
    train(tmp_path, seed=1)
    assert trained == [0, 1, 2, 1, 0, 1, 2]
    assert isinstance(voice_folds.load_fold(tmp_path, 2), VoiceNet)
