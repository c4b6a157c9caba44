"""The facade with the committed weights, on text, readings and the sample clips."""

from copy import copy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from comp_core.inference.budget import Budget, OverBudget
from comp_core.inference.fusion import Fusion, model_stem
from comp_core.inference.media import MediaError, open_media
from comp_core.inference.windows import CONTEXT
from comp_core.modalities import LABELS, MODALITIES, SUBSETS, TEXT
from comp_core.predictor import FACE_SLACK, WARM_UP, Predictor, Span
from comp_core.senses.reading import BEYOND, NO_FACE, NO_WORDS, NOT_GIVEN, SILENCE, SWITCHED_OFF, Reading
from comp_core.senses.speech.recognition import Recogniser, RecogniserError, Transcript
from comp_core.support.checkpoint import WEIGHTS_DIR, CheckpointError
from comp_core.support.devices import DeviceError
from tests.places import SAMPLES

KEYS = {"start", "end", "transcript", "observed", "absent_because", "fused", *MODALITIES, "weights", "dominant", "sure_from"}


@pytest.fixture(scope="module")
def predictor():
    torch.set_num_threads(1)
    return Predictor.load(device="cpu")


def assert_is_record(record):
    assert set(record) == KEYS
    assert set(record["observed"]) == set(MODALITIES)
    for modality, observed in record["observed"].items():
        assert observed == (modality not in record["absent_because"]) == (record[modality] is not None)
    for distribution in (record["fused"], *(record[m] for m in MODALITIES)):
        if distribution is not None:
            assert tuple(distribution) == LABELS
            assert sum(distribution.values()) == pytest.approx(1, abs=1e-4)
    if any(record["observed"].values()):
        assert sum(record["weights"].values()) == pytest.approx(1, abs=1e-4)
    else:
        assert record["fused"] is None
        assert record["weights"] is None


def moments(predictor, count, seed=0, missing=0.3):
    random = np.random.default_rng(seed)
    dims = {"audio": predictor.voice.feature_dim, "text": predictor.words.feature_dim, "video": predictor.face.feature_dim}

    def reading(modality):
        if random.random() < missing:
            return Reading.absent(SILENCE)
        return Reading(random.random(dims[modality], dtype=np.float32), quality=1.0)

    return [{m: reading(m) for m in MODALITIES} for _ in range(count)]


def top(distribution):
    return max(distribution, key=distribution.__getitem__)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("i am so happy today this is wonderful", "joy"),
        ("Leave me alone! I am really angry with you.", "anger"),
        ("I miss her so much, it breaks my heart.", "sadness"),
    ],
)
def test_words_alone(predictor, text, label):
    record = predictor.predict_text(text)
    assert_is_record(record)
    assert record["transcript"] == text
    assert record["observed"] == {"audio": False, "text": True, "video": False}
    assert top(record["fused"]) == label
    assert record["absent_because"] == {"audio": NOT_GIVEN, "video": NOT_GIVEN}


def test_each_of_several_models_can_be_asked():
    both = Predictor.load(["comp", "prlf"], device="cpu")
    comp, prlf = (both.predict_text("I am so happy today", model) for model in ("comp", "prlf"))
    assert (comp["dominant"], prlf["dominant"]) == (None, "text")
    assert both.predict_text("I am so happy today") == comp


def test_the_fused_answer_to_words_alone_is_the_words_senses(predictor):
    record, reading = predictor.predict_text("I am so happy today"), predictor.words.read("I am so happy today")
    assert list(record["fused"].values()) == pytest.approx(reading.probabilities.tolist())
    assert record["text"] == record["fused"]


@pytest.mark.parametrize("text", ["", "   ", "?!"])
def test_without_anything_there_is_nothing_to_go_on(predictor, text):
    record = predictor.predict_text(text)
    assert_is_record(record)
    assert record["fused"] is None
    assert record["absent_because"]["text"] == NO_WORDS


def test_ten_thousand_characters_are_fine(predictor):
    record = predictor.predict_text("what a lovely day " * 600)
    assert_is_record(record)
    assert record["fused"] is not None


def test_a_picture(predictor):
    (record,) = predictor.predict_file(SAMPLES / "face.jpg")
    assert_is_record(record)
    assert record["observed"] == {"audio": False, "text": False, "video": True}
    assert top(record["video"]) == "joy"


def test_a_sound(predictor):
    records = predictor.predict_file(SAMPLES / "voice_only.mp3")
    assert len(records) == 2
    for record in records:
        assert_is_record(record)
        assert record["observed"] == {"audio": True, "text": False, "video": False}
        assert record["end"] - record["start"] > 1


def test_given_words_make_one_utterance(predictor):
    (record,) = predictor.predict_file(SAMPLES / "voice_only.mp3", text="I hate this.")
    assert_is_record(record)
    assert record["observed"] == {"audio": True, "text": True, "video": False}


def test_a_video_with_pauses_and_an_empty_wall(predictor):
    steps = []
    records = predictor.predict_file(SAMPLES / "mixed.mp4", progress=lambda done, what: steps.append(done))
    for record in records:
        assert_is_record(record)
    assert steps == sorted(steps)
    assert steps[-1] == 1.0
    assert [r["start"] for r in records] == sorted(r["start"] for r in records)
    reasons = {(m, reason) for r in records for m, reason in r["absent_because"].items()}
    assert ("video", NO_FACE) in reasons
    assert ("audio", SILENCE) in reasons
    assert any(r["observed"]["audio"] and r["observed"]["video"] for r in records)


def test_one_utterance_is_read_again_without_the_rest_of_its_file(predictor, monkeypatch):
    media = open_media(SAMPLES / "mixed.mp4")
    second = list(predictor.hear_file(SAMPLES / "mixed.mp4", text=None))[1]
    decoded, seen, see = [], [], predictor.face.see
    frames = media.frames

    def watched(rate):
        for time, picture in frames(rate):
            decoded.append(time)
            yield time, picture

    monkeypatch.setattr(type(media), "frames", lambda _, rate: watched(rate))
    monkeypatch.setattr(predictor.face, "see", lambda picture, locator: seen.append(decoded[-1]) or see(picture, locator))
    again = predictor.read_again(media, second, second.transcript)
    assert second.start - WARM_UP <= seen[0] and seen[-1] <= second.end + FACE_SLACK
    assert decoded[-1] < media.duration - 1
    for modality, before in second.moment.items():
        assert again.moment[modality].present == before.present


def test_the_first_utterance_is_there_before_the_file_has_been_read(predictor):
    done = [0.0]
    parts = predictor.predict_parts(SAMPLES / "mixed.mp4", progress=lambda share, _: done.append(share))
    first = next(parts)
    assert done[-1] < 0.6
    rest = list(parts)
    assert done[-1] == 1.0
    assert [first, *rest] == predictor.predict_file(SAMPLES / "mixed.mp4")


class Bilingual(Recogniser):
    """Says in which language it was asked to listen."""

    def __init__(self):
        super().__init__("Bilingual", languages={"en": "english", "de": "german"})

    def _transcribe(self, samples, language):
        return Transcript(f"wonderful {language}", 1.0)


def test_the_recogniser_is_told_what_is_spoken(predictor, monkeypatch):
    monkeypatch.setattr(predictor, "recogniser", Bilingual())
    spoken = {language: predictor.predict_file(SAMPLES / "voice_only.mp3", language=language) for language in ("en", "de")}
    assert {r["transcript"] for r in spoken["de"]} == {"wonderful de"}
    assert {r["transcript"] for r in spoken["en"]} == {r["transcript"] for r in predictor.predict_file(SAMPLES / "voice_only.mp3")}
    with pytest.raises(RecogniserError, match="does not understand 'fr', only en, de"):
        predictor.predict_file("no such file", language="fr")
    # Nothing is recognised here.
    assert predictor.predict_file(SAMPLES / "face.jpg", text="joy", language="fr")
    assert predictor.predict_file(SAMPLES / "face.jpg", without=["text"], language="fr")


def test_without_switches_a_modality_off_everywhere(predictor):
    records = predictor.predict_file(SAMPLES / "happy.mp4", without=["video"])
    assert {r["absent_because"]["video"] for r in records} == {SWITCHED_OFF}
    assert all(r["video"] is None for r in records)


def test_a_switched_off_modality_has_no_influence(predictor):
    one, other = moments(predictor, 6, seed=1, missing=0), moments(predictor, 6, seed=2, missing=0)
    mixed = [{**a, "video": b["video"]} for a, b in zip(one, other, strict=True)]
    without = [predictor.fusion().fuse_last(m, without=["video"]) for m in (one, mixed)]
    assert without[0].fused == pytest.approx(without[1].fused)
    assert predictor.fusion().fuse_last(one).fused != pytest.approx(predictor.fusion().fuse_last(mixed).fused)


def test_each_modalitys_own_say_ignores_the_others(predictor):
    one, other = moments(predictor, 4, seed=1, missing=0), moments(predictor, 4, seed=2, missing=0)
    mixed = [{**a, "audio": b["audio"], "video": b["video"]} for a, b in zip(one, other, strict=True)]
    assert predictor.fusion().fuse_last(one).by_modality["text"] == pytest.approx(
        predictor.fusion().fuse_last(mixed).by_modality["text"], abs=1e-5
    )


def test_every_moment_is_predicted_from_itself_and_its_past(predictor):
    conversation = moments(predictor, 15)
    together = predictor.fusion().fuse(conversation)
    for n in (1, 7, 15):
        alone = predictor.fusion().fuse_last(conversation[:n])
        expected = together[n - 1]
        assert alone.observed == expected.observed
        if expected.fused is not None:
            assert alone.fused == pytest.approx(expected.fused, abs=1e-4)


@pytest.mark.parametrize("missing", [0, 0.5])
@pytest.mark.parametrize("model", ["comp", "prlf"])
def test_many_conversations_and_their_subsets_together_are_what_each_gives_alone(predictor, model, missing):
    fusion = Fusion.load(model)
    fusion.context = CONTEXT  # as many as a model may read
    asked = [(moments(predictor, n, seed=n, missing=missing), off) for n, off in ((15, ()), (1, ("audio",)), (6, ("text", "video")))]
    asked.append((asked[0][0], MODALITIES))
    for (conversation, off), (fused, subsets) in zip(asked, fusion.fuse_present(asked), strict=True):
        same(fused.as_dict(), fusion.fuse_last(conversation, without=off).as_dict())
        assert set(subsets) == set(SUBSETS)
        for name, subset in SUBSETS.items():
            same(subsets[name], fusion.fuse_last(conversation, without=set(MODALITIES) - set(subset)).fused)
    assert len({tuple(p.values()) for p in fusion.fuse_present(asked)[0][1].values() if p}) >= 3


def same(found, expected):
    """Numbers within rounding, all else equal."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for key, value in expected.items():
            same(found[key], value)
    else:
        assert found == (pytest.approx(expected, abs=1e-5) if isinstance(expected, float) else expected)


def test_no_moments_give_no_predictions(predictor):
    assert predictor.fusion().fuse([]) == []


def test_bad_files_say_so_and_nothing_is_broken_after(predictor, tmp_path):
    bad = tmp_path / "holiday.mp4"
    bad.write_text("this is no video")
    for path in (bad, tmp_path / "missing.wav"):
        with pytest.raises(MediaError, match=path.name):
            predictor.predict_file(path)
    assert predictor.predict_text("fine")["fused"] is not None


def test_what_was_read_before_the_budget_was_spent_is_given(predictor, monkeypatch):
    steps = []
    monkeypatch.setattr("comp_core.inference.budget.time", SimpleNamespace(monotonic=lambda: len(steps)))

    def step(*told):
        steps.append(told)

    whole = predictor.predict_file(SAMPLES / "mixed.mp4", progress=step)
    sparing, records = copy(predictor), []
    sparing.budget = Budget(seconds=len(steps) / 2)
    with pytest.raises(OverBudget, match=r"mixed\.mp4 takes longer than"):
        keep(records, sparing.predict_parts(SAMPLES / "mixed.mp4", progress=step))
    assert 0 < len(records) < len(whole) and records == whole[: len(records)]


def keep(records, parts):
    for part in parts:
        records.append(part)


def test_missing_weights_and_devices_are_explained(tmp_path):
    with pytest.raises(CheckpointError, match="not found"):
        Predictor.load(weights=tmp_path, device="cpu")
    with pytest.raises(CheckpointError, match="not found"):
        Predictor.load(["no-such-model"], device="cpu")
    with pytest.raises(DeviceError, match="--device cpu"):
        Predictor.load(device="cuda:99")


def test_a_model_is_a_name_or_a_path(tmp_path):
    assert model_stem("comp") == WEIGHTS_DIR / "comp"
    assert model_stem(tmp_path / "mine.safetensors") == model_stem(tmp_path / "mine.json") == tmp_path / "mine"
    assert model_stem("folder/mine") == Path("folder/mine")


def test_two_models_of_one_name_are_refused():
    with pytest.raises(CheckpointError, match="two models are called comp"):
        Predictor.load(["elsewhere/comp", "comp"], device="cpu", whisper="off")


def test_of_a_part_after_the_end_of_a_file_nothing_is_there_not_even_given_words(predictor):
    spans = [Span(0.5, 2.0, "how nice"), Span(100.0, 110.0, "how nice")]
    within, beyond = predictor.hear_spans(SAMPLES / "voice_only.mp3", spans)
    assert within.moment[TEXT].present
    assert {reading.absent_because for reading in beyond.moment.values()} == {BEYOND}
