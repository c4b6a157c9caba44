"""Who answers: the sense where it is alone, the model or a rule where several are there, as the model's JSON says."""

import json
import shutil

import numpy as np
import pytest

from comp_core.data.paired import ALWAYS
from comp_core.inference.fusion import Fusion
from comp_core.metrics.rules import MODEL, PEOPLE, RULES
from comp_core.modalities import LABELS, MODALITIES, SUBSETS, TEXT
from comp_core.modeling.registry import load_fusion
from comp_core.senses.reading import Reading
from comp_core.support.checkpoint import WEIGHTS_DIR, CheckpointError

MODEL_OF, DESCRIPTION = load_fusion(WEIGHTS_DIR / "comp")
ALIKE = np.full(7, 1 / 7)
ANSWERED = [name for name, subset in SUBSETS.items() if len(subset) > 1]


def fusion(rule, **more):
    return Fusion(MODEL_OF, {**DESCRIPTION, "rules": dict.fromkeys(ANSWERED, rule), "joint": ALWAYS.joint.tolist(), **more})


@pytest.fixture(scope="module")
def moment():
    random, dims = np.random.default_rng(0), MODEL_OF.config.dims
    return {m: Reading(random.random(dims[m], dtype=np.float32), probabilities=random.dirichlet(np.ones(7))) for m in MODALITIES}


def values(distribution):
    return list(distribution.values())


@pytest.mark.parametrize("modality", MODALITIES)
def test_alone_a_sense_says_what_it_says_whoever_fuses(moment, modality):
    for rule in (MODEL, PEOPLE, *RULES):
        fused = fusion(rule).fuse_last([moment], without=[m for m in MODALITIES if m != modality])
        assert values(fused.fused) == pytest.approx(moment[modality].probabilities)
        assert fused.fused == fused.by_modality[modality]


@pytest.mark.parametrize("subset", ANSWERED)
@pytest.mark.parametrize("rule", [*RULES, PEOPLE])
def test_a_rule_joins_the_senses_own_predictions(moment, subset, rule):
    one, tiles = fusion(rule).fuse_present([([moment], [m for m in MODALITIES if m not in SUBSETS[subset]])])[0]
    alone = np.stack([moment[m].probabilities for m in SUBSETS[subset]])[:, None]
    # Where voice and face always show what is meant, people's rule is the product.
    assert values(one.fused) == pytest.approx(RULES["product" if rule == PEOPLE else rule](alone, ALIKE)[0])
    assert one.fused == tiles[subset]


def test_the_model_answers_where_it_is_named_and_where_no_rule_is(moment):
    by_model = fusion(MODEL).fuse_last([moment]).fused
    assert values(by_model) != pytest.approx(values(fusion("late_average").fuse_last([moment]).fused))
    assert Fusion(MODEL_OF, {**DESCRIPTION, "rules": {}}).fuse_last([moment]).fused == by_model


def test_of_a_sense_without_a_prediction_the_model_says_what_it_makes(moment):
    bare = {**moment, TEXT: Reading(moment[TEXT].feature)}
    fused = fusion("late_average").fuse_last([bare])
    assert values(fused.fused) == pytest.approx(values(fusion(MODEL).fuse_last([bare]).fused))
    assert tuple(fused.by_modality[TEXT]) == LABELS


@pytest.mark.parametrize("damaged", [{"rules": {"AT": "vote"}}, {"joint": [[0.5]]}])
def test_rules_that_are_not_known_are_refused(damaged):
    with pytest.raises(CheckpointError, match=r"vote|damaged"):
        fusion(PEOPLE, **damaged)


def test_a_checkpoint_of_before_0_19_is_refused_when_it_is_loaded(tmp_path):
    shutil.copy(WEIGHTS_DIR / "comp.safetensors", tmp_path)
    described = json.loads((WEIGHTS_DIR / "comp.json").read_text(encoding="utf-8"))
    described["temperature"]["own"] = described["temperature"].pop("unimodal")
    (tmp_path / "comp.json").write_text(json.dumps(described), encoding="utf-8")
    with pytest.raises(CheckpointError, match="unimodal"):
        Fusion.load("comp", tmp_path)


@pytest.mark.parametrize(
    "damaged",
    [
        {"labels": ["joy"] * 7},
        {"labels": [*LABELS[:6], "\ud800"]},
        {"labels": [{}] * 7},
        {"sure_from": {**DESCRIPTION["sure_from"], "A": "0.3"}},
        {"sure_from": {**DESCRIPTION["sure_from"], "A": float("nan")}},
        {"temperature": {**DESCRIPTION["temperature"], "fused": {**DESCRIPTION["temperature"]["fused"], "AT": 0}}},
        {"context": -1},
        {"context": "2"},
        {"rules": []},
        {"made_of": 5},
        {"learnt": ["smell"]},
        {"name": "two\nlines"},
    ],
)
def test_a_description_with_wrong_values_is_refused_by_name(damaged):
    (name,) = damaged
    with pytest.raises(CheckpointError, match=name):
        Fusion(MODEL_OF, {**DESCRIPTION, **damaged})


def of_its_own(rule=MODEL, **more):
    """The committed ComP, as if its outputs had other names."""
    named = {"labels": list("abcdefg"), "by_senses": False, "rules": dict.fromkeys(ANSWERED, rule)}
    return Fusion(MODEL_OF, {**DESCRIPTION, **named, **more})


def test_a_model_with_its_own_labels_asks_no_sense_what_one_modality_says(moment):
    one, tiles = of_its_own().fuse_present([([moment], [])])[0]
    assert list(one.fused) == list("abcdefg")
    for m in MODALITIES:
        assert one.by_modality[m] == tiles[m[0].upper()]
        assert values(one.by_modality[m]) != pytest.approx(moment[m].probabilities)


def test_its_rules_join_its_own_heads(moment):
    one = of_its_own("late_average").fuse_last([moment])
    assert values(one.fused) == pytest.approx(np.mean([values(one.by_modality[m]) for m in MODALITIES], 0), abs=1e-6)


def test_it_reads_no_more_than_it_has_learnt(moment):
    told = of_its_own(learnt=[TEXT], context=1).fuse([moment, {m: moment[m] for m in MODALITIES if m != TEXT}, moment])
    assert told[0].observed == {m: m == TEXT for m in MODALITIES}
    assert told[1].fused is None
    # With a context of one nothing that was said before counts.
    assert told[2].fused == told[0].fused == of_its_own(learnt=[TEXT], context=1).fuse_last([moment, moment]).fused


def test_the_lab_is_answered_as_the_page_is(moment):
    own = of_its_own("product")
    with_lab = own.together(own.model(own.window([moment])), [own.left([moment])])[0]
    assert values(with_lab) == pytest.approx(values(own.fuse_last([moment]).fused), abs=1e-6)


@pytest.mark.parametrize("damaged", [{"labels": ["a", "b"]}, {"by_senses": True}, {"labels": []}])
def test_labels_that_are_not_those_of_the_weights_are_refused(damaged):
    with pytest.raises(CheckpointError, match="labels"):
        of_its_own(**damaged)
