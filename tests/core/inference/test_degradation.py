"""Degradation takes away what it says, and nothing at rest."""

import numpy as np
import pytest

from comp_core.inference.degradation import FILLERS, Degradation, band_limited, misheard, noisy
from comp_core.inference.media import open_media
from tests.places import SAMPLES

SAMPLE = SAMPLES / "happy.mp4"
RATE = 16_000


def tone(hertz, seconds=1.0):
    return 0.4 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE).astype(np.float32)


@pytest.fixture
def random():
    return np.random.default_rng(0)


def test_at_rest_nothing_changes(random):
    picture, samples = random.integers(0, 256, (40, 60, 3), dtype=np.uint8), tone(300)
    degradation = Degradation()
    assert np.array_equal(degradation.picture(picture, random), picture)
    assert np.array_equal(degradation.sound(samples, random), samples)
    assert degradation.words("What a  day!", random) == "What a day!"


def test_pictures_become_dark_blurred_and_covered(random):
    picture = random.integers(0, 256, (60, 80, 3), dtype=np.uint8)
    dark = Degradation(darkness=0.8).picture(picture, random)
    assert dark.dtype == np.uint8
    assert dark.mean() == pytest.approx(0.2 * picture.mean(), rel=0.1)
    blurred = Degradation(blur=0.5).picture(picture, random)
    assert np.abs(np.diff(blurred.astype(int), axis=1)).mean() < 0.2 * np.abs(np.diff(picture.astype(int), axis=1)).mean()
    covered = Degradation(cover=0.25).picture(picture, random)
    assert np.array_equal(covered[:45], picture[:45])
    assert np.ptp(covered[45:]) == 0


def test_noise_has_the_level_asked_for(random):
    samples = tone(500, 4)
    for db in (20.0, 0.0):
        noise = noisy(samples, db, 1.0, random) - samples
        assert 10 * np.log10(np.mean(samples**2) / np.mean(noise**2)) == pytest.approx(db, abs=0.1)
    assert Degradation(noise_db=0.0).sound(samples, random).dtype == np.float32


def test_a_band_keeps_what_is_inside():
    low, high = tone(500), tone(3000)
    kept = band_limited(low + high, 0, 1000)
    assert np.abs(kept - low).max() < 0.01


def test_clipping_cuts_the_peaks(random):
    clipped = Degradation(clipping=0.75).sound(tone(300), random)
    assert np.abs(clipped).max() == pytest.approx(0.1, abs=1e-3)


def test_words_are_lost_and_misheard_at_their_rates(random):
    text = " ".join(f"word{i}" for i in range(2000))
    assert len(Degradation(words_lost=0.3).words(text, random).split()) == pytest.approx(1400, abs=70)
    swapped = Degradation(words_misheard=0.4).words(text, random).split()
    assert len(swapped) == 2000
    assert sum(word in FILLERS for word in swapped) == pytest.approx(800, abs=80)
    assert Degradation(words_lost=1.0).words(text, random) == ""
    assert misheard(["a", "b"], 1.0, ["x"], random) == ["x", "x"]


def test_a_file_is_degraded_as_it_is_read_the_same_each_time():
    media = open_media(SAMPLE)
    degraded = Degradation(darkness=0.5, frames_lost=0.5, noise_db=10.0).media(media)
    first, again = ([(t, p.sum()) for t, p in degraded.frames(5.0)] for _ in range(2))
    assert first == again
    assert 0 < len(first) < len(list(media.frames(5.0)))
    assert not np.array_equal(degraded.samples, media.samples)
    assert Degradation(muted=True).media(media).samples is None
    assert media.has_audio


def test_of_a_files_sound_a_part_is_degraded_and_the_rest_stays():
    media = open_media(SAMPLE)
    first, last = 8000, 24000
    degraded = Degradation(noise_db=10.0, highest_hertz=1000.0, clipping=0.5).media(media, first / 16000, last / 16000).samples
    assert degraded.dtype == np.float32 and len(degraded) == len(media.samples)
    assert np.array_equal(degraded[:first], media.samples[:first]) and np.array_equal(degraded[last:], media.samples[last:])
    assert not np.array_equal(degraded[first:last], media.samples[first:last])
    beyond = Degradation(clipping=0.5).media(media, 1000.0, 2000.0).samples
    assert np.array_equal(beyond, media.samples)
