"""Voice activity and the cutting of a stream into utterances."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comp_core.inference.media import open_media
from comp_core.senses.speech.utterances import OF_FILES, Segmenter, SegmenterConfig, segment
from comp_core.senses.speech.vad import CHUNK, SAMPLE_RATE, VoiceActivity
from tests.places import SAMPLES

STEP = CHUNK / SAMPLE_RATE


class Loudness:
    """A detector whose answer is plain: the mean of each chunk."""

    def push(self, samples: np.ndarray) -> list[float]:
        return samples.reshape(-1, CHUNK).mean(1).tolist()

    def reset(self) -> None:
        pass


def sound(*parts: tuple[float, int]) -> np.ndarray:
    """(level, number of chunks) pairs, one after the other."""
    return np.concatenate([np.full(count * CHUNK, level, np.float32) for level, count in parts])


def make(**config: float) -> Segmenter:
    return Segmenter(SegmenterConfig(**config), Loudness())


@pytest.fixture(scope="module")
def happy() -> np.ndarray:
    return open_media(SAMPLES / "happy.mp4").samples


def test_speech_is_likelier_than_silence_and_noise(happy: np.ndarray) -> None:
    noise = np.random.default_rng(0).normal(0, 0.01, SAMPLE_RATE).astype(np.float32)
    assert max(VoiceActivity().push(np.zeros(SAMPLE_RATE, np.float32))) < 0.3
    assert max(VoiceActivity().push(noise)) < 0.5
    assert np.mean(VoiceActivity().push(happy[SAMPLE_RATE : 3 * SAMPLE_RATE])) > 0.8


def test_activity_does_not_depend_on_how_the_stream_is_cut(happy: np.ndarray) -> None:
    whole = VoiceActivity().push(happy[: 3 * SAMPLE_RATE])
    pieces = VoiceActivity()
    assert len(whole) == 3 * SAMPLE_RATE // CHUNK
    assert [p for part in np.split(happy[: 3 * SAMPLE_RATE], [7, 700, 9001, 30000]) for p in pieces.push(part)] == pytest.approx(
        whole, abs=1e-5
    )


def test_streams_do_not_leak_into_each_other(happy: np.ndarray) -> None:
    alone = VoiceActivity().push(happy)
    first, second = VoiceActivity(), VoiceActivity()
    mixed = []
    for part in np.array_split(happy, 50):
        mixed += first.push(part)
        second.push(np.random.default_rng(1).normal(0, 0.3, 1600).astype(np.float32))
    assert mixed == pytest.approx(alone, abs=1e-5)
    with ThreadPoolExecutor(4) as pool:
        for result in pool.map(lambda _: VoiceActivity().push(happy), range(4)):
            assert result == pytest.approx(alone, abs=1e-5)


def test_reset_forgets_the_stream(happy: np.ndarray) -> None:
    activity = VoiceActivity()
    fresh = activity.push(happy)
    activity.push(happy[:300])
    activity.reset()
    assert activity.push(happy) == pytest.approx(fresh)


def test_two_sentences_are_two_utterances(happy: np.ndarray) -> None:
    first, second = segment(happy)
    assert 0.4 < first.start < 0.9
    assert 3.2 < first.end < 4.2
    assert first.end < second.start < 5
    assert second.end <= len(happy) / SAMPLE_RATE
    for utterance in (first, second):
        assert utterance.complete
        at = round(utterance.start * SAMPLE_RATE)
        assert np.array_equal(utterance.samples, happy[at : at + len(utterance.samples)])


def test_no_speech_no_utterance() -> None:
    assert segment(np.zeros(5 * SAMPLE_RATE, np.float32)) == []
    assert segment(np.zeros(0, np.float32)) == []


def test_padding_and_pause() -> None:
    segmenter = make()
    assert segmenter.push(sound((0.1, 20), (0.9, 20), (0.1, 18))) == []
    (utterance,) = segmenter.push(sound((0.1, 1)))
    pad = round(0.2 / STEP)
    assert utterance.start == pytest.approx((20 - pad) * STEP)
    assert utterance.end == pytest.approx((40 + pad) * STEP)
    assert len(utterance.samples) == (20 + 2 * pad) * CHUNK


def test_a_short_pause_does_not_end_an_utterance() -> None:
    utterances = make().push(sound((0.9, 10), (0.1, 15), (0.9, 10), (0.1, 30)))
    assert len(utterances) == 1


def test_a_click_is_no_utterance() -> None:
    segmenter = make()
    assert segmenter.push(sound((0.1, 10), (0.9, 4), (0.1, 40))) == []
    assert segmenter.finish() == []


def test_open_utterance_grows_and_is_then_closed() -> None:
    segmenter = make()
    segmenter.push(sound((0.1, 10), (0.9, 3)))
    assert segmenter.open is None
    assert segmenter.speaking
    segmenter.push(sound((0.9, 20)))
    growing = segmenter.open
    assert growing is not None
    assert not growing.complete
    assert growing.end == pytest.approx(33 * STEP)
    segmenter.push(sound((0.1, 10)))
    assert not segmenter.speaking
    assert segmenter.open is not None
    (done,) = segmenter.push(sound((0.1, 20)))
    assert done.complete
    assert done.start == growing.start
    assert segmenter.open is None


def test_what_paused_is_what_ends_if_nobody_speaks_on(happy: np.ndarray) -> None:
    segmenter, foreseen, ended = Segmenter(), [], []
    for piece in np.split(happy, range(1600, len(happy), 1600)):
        ended += segmenter.push(piece)
        if (paused := segmenter.paused) is not None:
            foreseen.append(paused)
            assert not segmenter.speaking
    assert len(ended) == 2
    for utterance in ended:
        first = next(paused for paused in foreseen if paused.end == utterance.end)
        assert first.start == utterance.start
        assert np.array_equal(first.samples, utterance.samples)


def test_long_speech_is_split_at_its_likeliest_pause_and_nothing_is_lost() -> None:
    speech = sound((0.9, 300), (0.6, 1), (0.9, 200))
    segmenter = make()
    utterances = segmenter.push(speech) + segmenter.finish()
    assert len(utterances) == 2
    assert utterances[0].end == pytest.approx(301 * STEP)
    assert all(u.end - u.start <= 12.0 + STEP for u in utterances)
    assert np.array_equal(np.concatenate([u.samples for u in utterances]), speech)


def test_memory_is_bounded() -> None:
    segmenter = make()
    for _ in range(400):
        segmenter.push(sound((0.9, 10)))
        assert segmenter.open is None or len(segmenter.open.samples) <= 12.1 * SAMPLE_RATE
    segmenter.reset()
    for _ in range(100):
        segmenter.push(sound((0.1, 100)))
    assert sum(len(chunk) for chunk in segmenter._before) <= SAMPLE_RATE
    assert all(chunk.base is None for chunk in segmenter._before), "a view would keep the pushed array alive"


def test_finish_completes_the_open_utterance_and_time_counts_all() -> None:
    segmenter = make()
    segmenter.push(np.concatenate([sound((0.9, 20)), np.zeros(100, np.float32)]))
    assert segmenter.time == pytest.approx((20 * CHUNK + 100) / SAMPLE_RATE)
    (utterance,) = segmenter.finish()
    assert utterance.complete
    assert utterance.end == pytest.approx(20 * STEP)
    assert segmenter.finish() == []


def test_bad_samples_do_not_poison_the_stream(happy: np.ndarray) -> None:
    segmenter = Segmenter()
    segmenter.push(np.full(CHUNK, np.nan, np.float32))
    segmenter.push(np.full(CHUNK, np.inf, np.float32))
    assert len(segmenter.push(happy) + segmenter.finish()) == 2
    with pytest.raises(ValueError, match="mono"):
        segmenter.push(np.zeros((10, 2), np.float32))


@pytest.mark.parametrize("bad", [{"begin": 0.1}, {"pause": 0.1}, {"longest": 1.0}, {"least_speech": 0.0}, {"pad": -1.0}])
def test_senseless_configurations_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        SegmenterConfig(**bad)


@settings(deadline=None, max_examples=60)
@given(
    levels=st.lists(st.tuples(st.sampled_from([0.1, 0.4, 0.6, 0.9]), st.integers(1, 90)), min_size=1, max_size=12),
    cut=st.integers(1, 20000),
)
def test_any_stream_gives_ordered_disjoint_slices_however_it_is_cut(levels: list[tuple[float, int]], cut: int) -> None:
    stream = sound(*levels)
    whole, pieces = make(), make()
    expected = whole.push(stream) + whole.finish()
    got = [u for at in range(0, len(stream), cut) for u in pieces.push(stream[at : at + cut])] + pieces.finish()
    assert [(u.start, u.end) for u in got] == [(u.start, u.end) for u in expected]
    reached = 0
    for utterance in expected:
        first, last = round(utterance.start * SAMPLE_RATE), round(utterance.end * SAMPLE_RATE)
        assert reached <= first < last <= len(stream)
        assert np.array_equal(utterance.samples, stream[first:last])
        reached = last


def test_speech_at_the_start_of_a_file_is_heard(happy):
    """A file cut to begin inside a sentence has as much speech as when silence is put before it."""
    inside = happy[int((segment(happy)[0].start + 0.5) * SAMPLE_RATE) :]
    (first, *_), (led, *_) = segment(inside, OF_FILES), segment(np.concatenate([np.zeros(SAMPLE_RATE, np.float32), inside]), OF_FILES)
    assert first.start == 0
    assert first.end == pytest.approx(led.end - 1, abs=0.1)


def test_a_sentence_of_a_file_is_not_cut_at_a_pause_for_thought(happy):
    one, *_ = segment(happy, OF_FILES)
    middle = len(one.samples) // 2
    said = np.concatenate([one.samples[:middle], np.zeros(int(0.6 * SAMPLE_RATE), np.float32), one.samples[middle:]])
    assert len(segment(said, OF_FILES)) == 1 < len(segment(said))
