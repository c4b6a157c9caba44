"""Who answers a visitor: one sense, the fusion model where it is worth its place, or a rule."""

import numpy as np
import pytest

from comp_core.data.paired import ALWAYS, Agreement
from comp_core.evaluation.answers import answer_threshold, answered, candidates, choose_rules
from comp_core.metrics.rules import MODEL, PEOPLE, RULES, as_people
from comp_core.modalities import AUDIO, LABELS, MODALITIES, SUBSETS, TEXT, VIDEO

TRUTH = np.tile(np.arange(7), 20)


def said(labels, sure=0.9):
    """Predictions (n, 7) that name these labels."""
    found = np.full((len(labels), 7), (1 - sure) / 6)
    found[np.arange(len(labels)), labels] = sure
    return found


def found_of(model):
    """What `predictions` returns of a model that says the same with every subset."""
    return {name: {"labels": TRUTH, "fused": np.log(said(model))} for name in SUBSETS}


def wrong(share, seed):
    random = np.random.default_rng(seed)
    return np.where(random.random(len(TRUTH)) < share, (TRUTH + 1 + random.integers(6, size=len(TRUTH))) % 7, TRUTH)


TEMPERATURE = {"fused": dict.fromkeys(SUBSETS, 1.0)}
BY_SENSE = {m: said(wrong(0.4, seed)) for seed, m in enumerate(MODALITIES)}


@pytest.mark.parametrize(("model", "answers"), [(TRUTH, True), (wrong(0.9, 9), False)])
def test_the_model_answers_where_it_beats_the_average_and_every_sense(model, answers):
    found = found_of(model)
    several = candidates(found, TEMPERATURE, BY_SENSE, ALWAYS.joint)
    rules = choose_rules(found, several, BY_SENSE)
    assert set(rules) == {"AT", "AV", "TV", "ATV"}
    assert all((rule == MODEL) == answers for rule in rules.values())
    given = answered(several, BY_SENSE, rules)
    assert list(given) == list(SUBSETS)
    np.testing.assert_array_equal(given["A"], BY_SENSE[AUDIO])
    np.testing.assert_array_equal(given["ATV"], several["ATV"][rules["ATV"]])


def test_a_rule_is_chosen_by_accuracy_and_uar_together():
    found = found_of(wrong(0.9, 9))
    several = candidates(found, TEMPERATURE, BY_SENSE, ALWAYS.joint)
    for name, rule in choose_rules(found, several, BY_SENSE).items():
        right = {other: np.mean(p.argmax(1) == TRUTH) for other, p in several[name].items()}
        assert right[rule] == max(right[other] for other in (*RULES, PEOPLE))


def test_as_people_do_a_neutral_voice_says_little_and_clear_words_stay():
    # Half of the emotional voices sound neutral, whatever is meant; faces show it.
    joint = Agreement.independent("...", {AUDIO: 0.5, VIDEO: 1.0}, neutral=1.0).joint
    neutral, anger = LABELS.index("neutral"), LABELS.index("anger")
    voice, words = said(np.array([neutral])), said(np.array([anger]), 0.6)
    assert as_people({AUDIO: voice, TEXT: words}, joint)[0].argmax() == anger
    assert RULES["product"](np.stack([voice, words]), np.full(7, 1 / 7))[0].argmax() == neutral
    np.testing.assert_allclose(as_people({TEXT: words}, joint), words)


def test_with_perfect_agreement_people_are_the_product():
    alone = {m: BY_SENSE[m] for m in MODALITIES}
    np.testing.assert_allclose(as_people(alone, ALWAYS.joint), RULES["product"](np.stack(list(alone.values())), np.full(7, 1 / 7)))


def test_answers_from_the_threshold_on_are_wrong_one_time_in_three():
    # Of the sure third all are right, of the unsure rest none: half of the rest may be answered.
    answers = np.concatenate([said(wrong(0.0, 0), 0.9), said(wrong(1.0, 1), 0.5)])
    assert answer_threshold(answers, np.tile(TRUTH, 2)) == pytest.approx(0.5)
    assert answer_threshold(said(wrong(1.0, 1), 0.5), TRUTH) == 1.0
    assert answer_threshold(said(TRUTH, 0.2), TRUTH) == pytest.approx(0.3)


def test_no_threshold_is_near_chance_however_few_labels_there_are():
    truth = np.tile([0, 1], 10)
    answers = np.where(np.eye(2, dtype=bool)[truth], 0.51, 0.49)
    assert answer_threshold(answers, truth) > 0.55
