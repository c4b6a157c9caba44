"""The voice's training: how sounds are changed, drawn, trimmed and cut, and what fits a reader to them."""

import numpy as np
import pytest
import torch

from comp_core.data.speech import FOLDS, SPLITS, TEST_FOLD, SpeechClip, fold_of
from comp_core.metrics.calibration import fit_temperature_and_shift
from comp_core.senses.voice.network import VoiceNetConfig
from comp_core.senses.voice.spectra import BANDS, LogMel
from comp_core.training.voice_augment import Chances, Changes
from comp_core.training.voice_fit import VoiceFit, answers, fit_voice
from comp_core.training.voice_heard import NOISE, SHORTEST, STUDIO, TELEPHONE, VARIANTS, Heard, cut
from comp_core.training.voice_sounds import Sounds, trimmed

RATE = 16000
NEVER = Chances(room=0, noise=0, colour=0, band=0, clipping=0, coarse=0)


def noise(seconds, seed=0):
    return np.random.default_rng(seed).normal(0, 0.1, round(seconds * RATE)).astype(np.float32)


def changed(waves, chances, seed=0):
    torch.manual_seed(seed)
    return Changes(torch.device("cpu"), np.random.default_rng(seed), chances)(*Sounds(waves, "cpu").batch(np.arange(len(waves))))


@pytest.mark.parametrize("seed", range(8))
def test_changes_give_usable_variants(seed):
    waves = [noise(seconds, seed) for seconds in (0.5, 1.3, 2.0)]
    mel, frames = changed(waves, Chances(*[0.5] * 7), seed)
    assert mel.shape[:2] == (3, BANDS)
    assert mel.isfinite().all()
    # Faster or slower by at most 9 and 18 %.
    assert all(0.75 < count / seconds / 100 < 1.35 for count, seconds in zip(frames.tolist(), (0.5, 1.3, 2.0), strict=True))


def test_a_narrow_line_leaves_nothing_outside():
    mel, _ = changed([noise(1)] * 8, Chances(room=0, noise=0, colour=0, band=1, clipping=0, coarse=0))
    # At least below 50 Hz, and for a microphone that passes less than 7 kHz above it.
    assert (mel.mean(2)[:, -1] < -0.5).any()
    assert (mel.mean(2)[:, 30] > 0).all()


def test_noise_is_heard_where_there_was_silence():
    wave = np.concatenate([noise(1), np.zeros(RATE, np.float32)])
    with_noise, frames = changed([wave] * 6, Chances(room=0, noise=1, babble=0, colour=0, band=0, clipping=0, coarse=0))
    without, _ = changed([wave] * 6, NEVER)
    ends = [slice(int(0.75 * count), int(0.95 * count)) for count in frames]
    for row, end in enumerate(ends):
        assert with_noise[row, :, end].mean() > without[row, :, end].mean() + 0.5


def test_batches_hold_the_sounds_and_zeros():
    waves = [noise(0.5, 1), noise(0.7, 2)]
    batch, lengths = Sounds(waves, "cpu").batch(np.array([1, 0]))
    np.testing.assert_array_equal(batch[0].numpy(), waves[1])
    np.testing.assert_array_equal(batch[1, : len(waves[0])].numpy(), waves[0])
    assert not batch[1, len(waves[0]) :].any()
    assert lengths.tolist() == [len(waves[1]), len(waves[0])]
    part, _ = Sounds(waves, "cpu").batch(np.array([1]), np.array([100]), np.array([50]))
    np.testing.assert_array_equal(part[0].numpy(), waves[1][100:150])


def test_trimming_removes_silence_and_keeps_a_margin():
    quiet = np.full(RATE, 1e-6, np.float32)
    kept = trimmed(np.concatenate([quiet, noise(0.6), quiet]))
    assert len(kept) == pytest.approx((0.6 + 2 * 0.15) * RATE, abs=0.03 * RATE)


def test_cuts_lie_within_the_utterance_and_are_not_too_short():
    lengths = np.array([4000, 8000, 30000, 120000])
    for seed in range(50):
        begin, taken = cut(lengths, 1.0, np.random.default_rng(seed))
        assert (begin >= 0).all()
        assert (begin + taken <= lengths).all()
        assert (taken >= np.minimum(lengths, SHORTEST)).all()


def test_folds_share_out_the_speakers_and_the_last_is_the_test_split():
    speakers = {fold: {who for split in SPLITS.values() for who in split if fold_of(who) == fold} for fold in range(FOLDS)}
    assert speakers[TEST_FOLD] == set(SPLITS["test"])
    assert all(len(whose) == 6 for whose in speakers.values())


def made_up(count=120):
    """Clips whose class can be read from their statistics, whatever the version."""
    config = VoiceNetConfig(blocks=1, width=4, feature_dim=8, heads={"ravdess": 8, "live": 7}, dropout=(0.1, 0.1))
    random = np.random.default_rng(0)
    clips = tuple(
        SpeechClip(np.zeros(1), str(i), "ravdess", f"ravdess-{1 + i % 20:02d}", ("neutral", "anger", "surprise")[i % 3])
        for i in range(count)
    )
    kinds = np.eye(3, 16)[np.arange(count) % 3] * 4
    versions = {version: (kinds + random.normal(0, 1, kinds.shape)).astype(np.float16) for version in (STUDIO, TELEPHONE, NOISE, *VARIANTS)}
    return Heard(clips, versions), config


def test_a_reader_learns():
    heard, config = made_up()
    reader, _ = fit_voice(heard, np.arange(60), config, VoiceFit(epochs=40, batch=16, learning_rate=1e-2), "cpu")
    _, said = answers(reader, heard.versions[STUDIO][60:])
    assert (said["live"].argmax(1) == np.array([clip.live_index for clip in heard.clips[60:]])).mean() > 0.8


def test_calibration_finds_the_temperature_and_undoes_an_uneven_share():
    random = np.random.default_rng(0)
    true = random.normal(0, 1.5, (6000, 3))
    probabilities = np.exp(true) / np.exp(true).sum(1, keepdims=True)
    labels = np.array([random.choice(3, p=row) for row in probabilities])
    temperature, shift = fit_temperature_and_shift(true * 2 + np.array([0, 1.0, 0]), labels, strength=0)
    assert temperature == pytest.approx(2, rel=0.1)
    assert shift - shift.mean() == pytest.approx(np.array([1, -2, 1]) / 6, abs=0.1)


def test_variants_of_silence_and_speech_are_levelled_alike():
    assert LogMel()(torch.from_numpy(noise(1))).max() == 1.0
