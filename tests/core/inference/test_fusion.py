"""Who answers: the sense where it is alone, the model or a rule where several are there, as the model's JSON says."""

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
