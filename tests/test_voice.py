"""The voice sense and its augmentation."""

import numpy as np
import pytest
import torch

from comp_core.senses.base import SILENCE
from comp_core.senses.voice import VoiceSense
from comp_core.senses.voice_net import MELS, VoiceNet, VoiceNetConfig, log_mel, mel_filters
from comp_core.training import voice_augment
from comp_core.training.voice import pad, trimmed

RATE = 16000


@pytest.fixture(scope="module")
def sense():
    torch.manual_seed(0)
    return VoiceSense(VoiceNet(VoiceNetConfig(widths=(4, 8, 8, 8), feature_dim=6)).eval())


def tone(hz, seconds=1.0, level=0.3):
    return (level * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def test_a_tone_lands_in_its_mel_band():
    def loudest(hz):
        return int(log_mel(torch.from_numpy(tone(hz)), mel_filters()).mean(1).argmax())

    centre = lambda hz: 2595 * np.log10(1 + hz / 700)  # noqa: E731
    expected = (centre(1000) - centre(50)) / (centre(7600) - centre(50)) * (MELS + 1) - 1
    assert abs(loudest(1000) - expected) <= 1
    assert loudest(200) < loudest(1000) < loudest(4000)


@pytest.mark.parametrize("samples", [tone(300, 0.2), np.zeros(RATE, np.float32), np.full(RATE, np.nan, np.float32)])
def test_nothing_to_hear_is_silence(sense, samples):
    assert sense.read(samples).absent_because == SILENCE


def test_gain_hardly_matters(sense):
    noise = np.random.default_rng(0).normal(0, 0.2, RATE).astype(np.float32)
    loud, soft = sense.read(noise).feature, sense.read(noise * 0.1).feature
    np.testing.assert_allclose(loud, soft, atol=1e-2)


def test_long_sound_is_read_from_its_end(sense):
    ending = np.random.default_rng(1).normal(0, 0.1, 12 * RATE).astype(np.float32)
    np.testing.assert_array_equal(sense.read(ending).feature, sense.read(np.concatenate([tone(100, 5), ending])).feature)


def test_quality_grows_with_the_utterance(sense):
    assert sense.read(tone(200, 0.5)).quality == pytest.approx(0.5)
    assert sense.read(tone(200, 3)).quality == 1.0


def test_frames_marked_as_padding_do_not_count():
    torch.manual_seed(0)
    network = VoiceNet(VoiceNetConfig(widths=(4, 8, 8, 8), feature_dim=6)).eval()
    mel, valid = pad([torch.randn(MELS, 96)])
    rubbish = torch.cat([mel, torch.full((1, MELS, 64), 1e4)], 2)
    with_rubbish = network.features(rubbish, torch.cat([valid, torch.zeros(1, 64, dtype=torch.bool)], 1))
    with_zeros = network.features(torch.where(rubbish == 1e4, 0.0, rubbish), torch.cat([valid, torch.zeros(1, 64, dtype=torch.bool)], 1))
    torch.testing.assert_close(with_rubbish, with_zeros)
    assert with_rubbish.isfinite().all()


def test_trimming_removes_silence_and_keeps_a_margin():
    mel = torch.full((MELS, 200), -18.0)
    mel[:, 80:120] = 0.0
    assert trimmed(mel).shape[1] == 40 + 2 * 15


@pytest.mark.parametrize("seed", range(30))
def test_augmentation_gives_a_usable_variant(seed):
    mel = torch.randn(MELS, 150) * 2 - 5
    variant = voice_augment.augment(mel, np.random.default_rng(seed))
    assert variant.shape[0] == MELS
    assert 40 < variant.shape[1] < 200
    assert variant.isfinite().all()


def test_noise_has_the_asked_level():
    mel = torch.full((MELS, 400), -30.0)
    mel[:, :200] = 0.0
    noisy = voice_augment.add_noise(mel, snr_db=10, tilt=0.0, random=np.random.default_rng(0))
    speech, noise = mel.exp().mean(), noisy[:, 200:].exp().mean()
    assert 10 * torch.log10(speech / noise) == pytest.approx(10, abs=0.5)
