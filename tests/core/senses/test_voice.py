"""The voice sense and its augmentation."""

import numpy as np
import pytest
import torch

from comp_core.senses.reading import SILENCE
from comp_core.senses.voice.network import VoiceNet, VoiceNetConfig, together
from comp_core.senses.voice.sense import VoiceSense
from comp_core.senses.voice.spectra import BANDS, HOP, SHORT, VIEWS, Spectra, centres
from comp_core.training import voice_augment
from comp_core.training.voice import pad, trimmed

RATE = 16000


@pytest.fixture(scope="module")
def sense():
    return VoiceSense(small_net())


def small_net():
    torch.manual_seed(0)
    return VoiceNet(VoiceNetConfig(widths=(4, 8, 8, 8), tower_dim=3)).eval()


def tone(hz, seconds=1.0, level=0.3):
    return (level * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("hz", [90, 150, 440, 1000])
def test_a_tone_lands_in_the_band_around_it(view, hz):
    spectra = Spectra()(torch.from_numpy(tone(hz)))
    middle = centres()[VIEWS.index(view)]
    assert abs(int(spectra[VIEWS.index(view)].mean(1).argmax()) - int((middle - hz).abs().argmin())) <= 1


def test_frames_of_both_views_have_the_same_middle():
    sound = torch.zeros(RATE)
    sound[RATE // 2] = 1.0
    timbre, melody = Spectra()(sound).exp().mean(1)
    assert len(timbre) == len(melody) == (RATE - SHORT) // HOP + 1
    frames = torch.arange(len(timbre))
    assert abs((timbre * frames).sum() / timbre.sum() - (melody * frames).sum() / melody.sum()) < 0.5


def test_the_melody_tells_a_voices_harmonics_apart():
    harmonics = sum(tone(120 * k, level=0.1) for k in range(1, 9))
    melody = Spectra()(torch.from_numpy(harmonics))[1].mean(1)
    peaks = [float(centres()[1][i]) for i in range(1, BANDS - 1) if melody[i] > melody[i - 1] and melody[i] > melody[i + 1]]
    assert [round(hz / 120) for hz in peaks[:3]] == [1, 2, 3]


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
    network = small_net()
    spectra, valid = pad([torch.randn(len(VIEWS), BANDS, 96)])
    rubbish = torch.cat([spectra, torch.full((1, len(VIEWS), BANDS, 64), 1e4)], 3)
    longer = torch.cat([valid, torch.zeros(1, 64, dtype=torch.bool)], 1)
    with_rubbish = network.features(rubbish, longer)
    torch.testing.assert_close(with_rubbish, network.features(torch.where(rubbish == 1e4, 0.0, rubbish), longer))
    assert with_rubbish.isfinite().all()


def test_a_tower_sees_its_views_only_and_learns_apart():
    network = small_net()
    spectra, valid = pad([torch.randn(len(VIEWS), BANDS, 96)])
    spectra.requires_grad_()
    _, logits = network(spectra, valid)
    first, second = logits["ravdess"].unbind(1)
    seen = [torch.autograd.grad(part.sum(), spectra, retain_graph=True)[0].abs().sum((0, 2, 3)) > 0 for part in (first, second)]
    assert [row.tolist() for row in seen] == [[True, False], [True, True]]
    first.sum().backward()
    learns = [max(p.grad.abs().max() for p in tower.parameters() if p.grad is not None) > 0 for tower in network.towers]
    assert learns == [True, False]


def test_towers_answer_by_the_mean_of_their_probabilities():
    probabilities = torch.tensor([[[0.9, 0.1], [0.3, 0.7]]])
    torch.testing.assert_close(together(probabilities.log()).exp(), torch.tensor([[0.6, 0.4]]))


def test_trimming_removes_silence_and_keeps_a_margin():
    spectra = torch.full((len(VIEWS), BANDS, 200), -18.0)
    spectra[0, :, 80:120] = 0.0
    assert trimmed(spectra).shape == (len(VIEWS), BANDS, 40 + 2 * 15)


@pytest.mark.parametrize("seed", range(30))
def test_augmentation_gives_a_usable_variant(seed):
    spectra = torch.randn(len(VIEWS), BANDS, 150) * 2 - 5
    variant = voice_augment.augment(spectra, np.random.default_rng(seed))
    assert variant.shape[:2] == spectra.shape[:2]
    assert 40 < variant.shape[2] < 200
    assert variant.isfinite().all()


def test_noise_has_the_asked_level():
    spectra = torch.full((len(VIEWS), BANDS, 400), -30.0)
    spectra[:, :, :200] = 0.0
    noisy = voice_augment.add_noise(spectra, snr_db=10, tilt=0.0, random=np.random.default_rng(0))
    speech, noise = spectra.exp().mean(), noisy[:, :, 200:].exp().mean()
    assert 10 * torch.log10(speech / noise) == pytest.approx(10, abs=0.5)


def test_a_telephone_leaves_both_views_its_band_only():
    spectra = voice_augment.band_limit(torch.zeros(len(VIEWS), BANDS, 10), 300, 3400)
    inside = (centres() >= 300) & (centres() <= 3400)
    assert (spectra[inside] == 0).all()
    assert (spectra[~inside] < -10).all()


def test_a_warp_moves_bands_by_as_much_as_it_says():
    view = torch.arange(float(BANDS)).unsqueeze(1)
    torch.testing.assert_close(voice_augment.warp(view, 1.0, 2.0)[:10, 0], torch.arange(10.0) + 2)
    torch.testing.assert_close(voice_augment.warp(view, 0.5, 0.0)[:, 0], torch.arange(BANDS) / 2)
