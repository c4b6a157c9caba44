"""What the guide of the lab and its steps say students should see is what today's weights show."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from app.live.phrases import relation
from app.pages.lab.exhibits import EXHIBITS
from app.pages.lab.introspection import qualities, seven
from app.pages.lab.moment import read_moments
from app.pages.lab.steps import EXERCISES
from comp_core.evaluation.curve import LATE, curve, load_conversations
from comp_core.evaluation.projection import projections
from comp_core.inference.degradation import Degradation
from comp_core.inference.media import open_media
from comp_core.modalities import AUDIO, MODALITIES, TEXT, VIDEO
from comp_core.modeling.registry import KINDS
from comp_core.predictor import Heard, Predictor
from comp_core.senses.speech.recognition import ENGLISH
from tests.places import ROOT, SAMPLES

RATES = (0.0, 0.6)
STEPS = [step for exercise in EXERCISES for step in exercise.steps]
Clip = tuple[list[Heard], int]


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor.load(list(KINDS), device="cpu", whisper="tiny.en")


def opened(predictor: Predictor, name: str) -> Clip:
    """The utterances of a sample as the lab reads them, and which one it opens."""
    heard, choices, *_ = read_moments(predictor, str(SAMPLES / name), "", ENGLISH, lambda *_, **__: None)
    return heard, choices.value


@pytest.fixture(scope="module")
def happy(predictor: Predictor) -> Clip:
    return opened(predictor, "happy.mp4")


@pytest.fixture(scope="module")
def mixed(predictor: Predictor) -> Clip:
    return opened(predictor, "mixed.mp4")


def told(predictor: Predictor, heard: Sequence[Heard], index: int) -> dict[str, dict[str, str]]:
    """What is given -> title of the model -> its prediction in words."""
    return {row.given: {title: cell.told for title, cell in row.cells.items()} for row in seven(predictor, heard, index)}


def fused(predictor: Predictor, moments: list[Any], without: Sequence[str] = ()) -> dict[str, Any]:
    return predictor.fusion("comp").fuse_last(moments, without).as_dict()


def top(probabilities: dict[str, float]) -> str:
    return max(probabilities, key=probabilities.__getitem__)


def test_happy_is_joy_with_the_face_and_late_fusion_cannot_tell_without(predictor: Predictor, happy: Clip) -> None:
    heard, index = happy
    rows = told(predictor, heard, index)
    assert all(said.startswith("joy") for given, row in rows.items() if "face" in given for said in row.values())
    voice_and_words = rows["voice and words"]
    assert voice_and_words["ComP"].startswith("joy")
    assert voice_and_words["PRLF"].startswith("joy")
    assert voice_and_words["PRLF"] < rows["voice, words and face"]["PRLF"]
    assert not voice_and_words[LATE].startswith("joy")


def test_the_voice_of_the_samples_is_neutral_and_conflicts(predictor: Predictor, happy: Clip, mixed: Clip) -> None:
    for heard, _ in (happy, mixed):
        for i, one in enumerate(heard):
            if one.moment[AUDIO].present:
                found = fused(predictor, [earlier.moment for earlier in heard[: i + 1]])
                assert top(found[AUDIO]) == "neutral"
                assert relation(found) == "conflict"


def test_mixed_opens_where_three_senses_name_three_expressions(predictor: Predictor, mixed: Clip) -> None:
    heard, index = mixed
    moments = [one.moment for one in heard[: index + 1]]
    found = fused(predictor, moments)
    assert {m: top(found[m]) for m in MODALITIES} == {AUDIO: "neutral", TEXT: "anger", VIDEO: "joy"}
    rows = seven(predictor, heard, index)
    full = rows[-1].cells
    assert full["ComP"].told.startswith("joy")
    assert full["PRLF"].told.startswith("joy")
    assert full[LATE].weights == pytest.approx(dict.fromkeys(MODALITIES, 1 / 3))
    assert all(max(full[name].weights.values()) == full[name].weights[VIDEO] > 0.5 for name in ("ComP", "PRLF"))
    assert top(fused(predictor, moments, [VIDEO])["fused"]) == "anger"


def test_without_a_face_comp_fills_in_the_one_before_and_joy_gains(predictor: Predictor, mixed: Clip) -> None:
    heard, _ = mixed
    index = max(i for i, one in enumerate(heard) if one.transcript)
    found = fused(predictor, [one.moment for one in heard[: index + 1]])
    assert not found["observed"][VIDEO]
    assert found["weights"][VIDEO] > 0.1
    before = fused(predictor, [earlier.moment for earlier in heard[:index]])
    assert before["observed"][VIDEO]
    assert top(before[VIDEO]) == "joy"
    alone = fused(predictor, [heard[index].moment])
    assert alone["weights"][VIDEO] == 0
    assert top(alone["fused"]) == top(found["fused"]) == "anger"
    assert alone["fused"]["anger"] > found["fused"]["anger"] > found["sure_from"]
    assert 0.03 < found["fused"]["joy"] - alone["fused"]["joy"] < 0.1


def degraded(predictor: Predictor, clip: Clip, degradation: Degradation) -> tuple[Heard, dict[str, Any]]:
    heard, index = clip
    media = degradation.media(open_media(SAMPLES / "happy.mp4"))
    again = predictor.read_again(media, heard[index], heard[index].transcript)
    return again, fused(predictor, [*(one.moment for one in heard[:index]), again.moment])


def test_a_covered_face_is_read_wrong_and_then_absent(predictor: Predictor, happy: Clip) -> None:
    half, found = degraded(predictor, happy, Degradation(cover=0.5))
    assert qualities(half)[VIDEO] == pytest.approx(1.0, abs=0.005)
    assert top(found[VIDEO]) == "surprise"
    covered, found = degraded(predictor, happy, Degradation(cover=0.9))
    assert not covered.moment[VIDEO].present
    assert found["weights"][AUDIO] + found["weights"][TEXT] > 0.95
    _, index = happy
    assert index == 0  # what is covered occurs nowhere else in the conversation


def test_a_noisy_voice_does_not_know_it(predictor: Predictor, happy: Clip) -> None:
    noisy, found = degraded(predictor, happy, Degradation(noise_db=-10.0))
    assert qualities(noisy)[AUDIO] == pytest.approx(1.0, abs=0.005)
    assert top(found[AUDIO]) == "fear"
    assert top(found["fused"]) == "joy"
    assert found["fused"]["joy"] > 0.95


def test_propagation_brings_labels_apart_and_with_gaps_fusion_closer_again(predictor: Predictor) -> None:
    conversations = load_conversations(ROOT / "assets" / "lab" / "lab_set.npz")
    apart = [
        [space.apart for space in projections(predictor.fusions["comp"].model, conversations, rate).values()] for rate in (0.0, 0.3, 0.6)
    ]
    assert all(after > before for before, after, _ in apart)
    (_, after, together), *gaps = apart
    assert together > after
    assert all(after > together for _, after, together in gaps)
    assert all(more > less for few, many in pairwise(apart) for more, less in zip(few, many, strict=True))


def test_on_mosi_the_conversation_pays_at_every_rate() -> None:
    report = json.loads((ROOT / "assets" / "reports" / "benchmark" / "mosi_reread.json").read_text(encoding="utf-8"))
    rates = report["rates"]
    figures = {
        name: [report["methods"][name]["conditions"][f"rate {rate}"]["accuracy"] for rate in rates]
        for name in ("comp", "prlf", "graph", "late", "concat")
    }
    for alone in ("late", "concat"):
        for asking in ("comp", "prlf", "graph"):
            gains = [a["mean"] - b["mean"] for a, b in zip(figures[asking], figures[alone], strict=True)]
            assert min(gains) > 0.01
            assert alone == "late" or gains[0] < gains[-1]
    # To a tenth of a point, which is more than the curve shows.
    pairs = zip(figures["comp"], figures["prlf"], strict=True)
    assert all(round(abs(a["mean"] - b["mean"]), 3) <= round(a["sd"] + b["sd"], 3) for a, b in pairs)


def test_the_imbalanced_case_costs_comp_at_once_and_its_lead_goes(predictor: Predictor) -> None:
    conversations = load_conversations(ROOT / "assets" / "lab" / "lab_set.npz")
    models = {name: fusion.model for name, fusion in predictor.fusions.items()}

    def means(gone: str | None, seed: int, *rates: float) -> list[dict[str, float]]:
        points = curve(models, conversations, rates, gone, seed)
        return [{name: float(np.mean(found)) for name, found in point.accuracy.items()} for point in points]

    whole = 0.0
    for seed in (0, 7):
        first, last = means(None, seed, RATES[0], RATES[-1])
        whole = first["comp"]
        assert max(first, key=first.__getitem__) == "comp"
        assert last["comp"] - last["prlf"] < 0.01
    for modality in MODALITIES:
        (first,) = means(modality, 0, RATES[0])
        assert 0.03 < whole - first["comp"] < 0.12


def test_every_step_names_the_test_that_checks_it_and_has_one_right_answer() -> None:
    assert len(STEPS) >= 12
    assert [step.claim for step in STEPS if not callable(globals().get(step.claim))] == []
    assert all(0 <= step.right < len(step.options) == len(set(step.options)) and step.exhibit in EXHIBITS for step in STEPS)
    assert all(step.seen for step in STEPS)


def test_the_guide_and_the_steps_have_the_same_exercises_and_no_sentence_twice() -> None:
    guide = (ROOT / "docs" / "lab.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## \d\. (.+) \((\d+) minutes\)$", guide, re.MULTILINE)
    assert headings == [(exercise.title, str(exercise.minutes)) for exercise in EXERCISES]
    flat = " ".join(guide.split())
    sentences = [
        part for step in STEPS for text in (step.do, step.look, step.question, step.told) for part in re.split(r"(?<=[.?])\s", text)
    ]
    assert [one for one in sentences if len(one.split()) > 5 and one in flat] == []
