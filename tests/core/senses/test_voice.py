"""The voice sense: what it hears, its network and its statistics."""

import numpy as np
import pytest
import torch

from comp_core.senses.reading import SILENCE
from comp_core.senses.voice.network import VoiceNet, VoiceNetConfig, speech_statistics
from comp_core.senses.voice.sense import VoiceSense
from comp_core.senses.voice.spectra import BANDS, HOP, LogMel, mel_filters

RATE = 16000


def small_net():
    torch.manual_seed(0)
    return VoiceNet(VoiceNetConfig(blocks=2, width=16, attention_heads=2, feature_dim=5)).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def sense():
    return VoiceSense(small_net())


def tone(hz, seconds=1.0, level=0.3):
    return (level * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def noise(seconds=1.0, seed=0):
    return np.random.default_rng(seed).normal(0, 0.1, round(seconds * RATE)).astype(np.float32)


def test_the_frames_are_whispers_but_for_the_level():
    whisper = pytest.importorskip("whisper")
    torch.testing.assert_close(mel_filters(), whisper.audio.mel_filters("cpu", BANDS), rtol=0, atol=1e-6)
    sound = noise(2) * np.linspace(0, 1, 2 * RATE, dtype=np.float32)
    theirs, ours = whisper.log_mel_spectrogram(sound), LogMel()(torch.from_numpy(sound))
    # Their first frames see the sound reflected at its beginning, ours silence.
    torch.testing.assert_close((ours - ours.max())[:, 2:-2], (theirs - theirs.max())[:, 2:-2], rtol=0, atol=2e-3)


def test_the_ear_is_the_beginning_of_whispers_encoder():
    model = pytest.importorskip("whisper.model")
    encoder = model.AudioEncoder(BANDS, 600, 16, 2, 3).eval()
    network = small_net().listen_like({f"encoder.{name}": value for name, value in encoder.state_dict().items()})
    mel = torch.randn(1, BANDS, 1200)
    handed_on = []
    encoder.blocks[1].register_forward_hook(lambda _part, _given, found: handed_on.append(found))
    with torch.no_grad():
        encoder(mel)
        states, _ = network.ear(mel, None)
    torch.testing.assert_close(states[-1], handed_on[0], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("samples", [tone(300, 0.2), np.zeros(RATE, np.float32), np.full(RATE, np.nan, np.float32)])
def test_nothing_to_hear_is_silence(sense, samples):
    assert sense.read(samples).absent_because == SILENCE


def test_gain_does_not_matter(sense):
    loud, soft = sense.read(noise()).feature, sense.read(noise() * 0.01).feature
    np.testing.assert_allclose(loud, soft, atol=1e-3)


@pytest.mark.parametrize("seconds", [0.3, 0.5, 1.234, 12.0, 15.0])
def test_utterances_of_any_length_are_read(sense, seconds):
    assert np.isfinite(sense.read(noise(seconds)).feature).all()


def test_long_sound_is_read_from_its_end(sense):
    ending = noise(12, seed=1)
    np.testing.assert_array_equal(sense.read(ending).feature, sense.read(np.concatenate([tone(100, 5), ending])).feature)


def test_quality_grows_with_the_utterance(sense):
    assert sense.read(tone(200, 0.5)).quality == pytest.approx(0.5)
    assert sense.read(tone(200, 3)).quality == 1.0


def test_in_a_batch_an_utterance_is_read_as_by_itself():
    network = small_net()
    mel = torch.randn(2, BANDS, 96).clamp(-1, 1)
    alone = network.statistics(mel[:1, :, :61])
    padded = mel.clone()
    padded[0, :, 61:] = 1e4
    torch.testing.assert_close(network.statistics(padded, torch.tensor([61, 96]))[:1], alone, rtol=1e-4, atol=1e-4)


def test_only_frames_of_speech_count():
    mel = torch.full((1, BANDS, 40), -1.0)
    mel[:, :, 20:] = 1.0
    states = torch.cat([torch.full((1, 10, 3), 10.0), torch.full((1, 10, 3), 2.0)], 1)
    mean, deviation = speech_statistics([states], mel, None).chunk(2, 1)
    torch.testing.assert_close(mean, torch.full((1, 3), 2.0), rtol=0, atol=1e-3)
    assert (deviation < 0.1).all()


def test_frames_follow_one_another_every_10_ms():
    assert LogMel()(torch.from_numpy(noise(0.5))).shape == (BANDS, RATE // 2 // HOP)
