"""A head of one's own, on made-up features of which it is known what a lesson can do."""

from dataclasses import replace

import numpy as np
import pytest

from comp_core.inference.personal import Judgement, Tries, fit, joined, judge, without_lesson
from comp_core.modalities import AUDIO, LABELS, VIDEO

ALIKE = np.full((7, 7), 1 / 7)
OWN = ("joy", "bored", "anger")


def tries(noise=0.1, seed=0, scale=1.0, general=ALIKE, told=1.0):
    """A try at each label: what the person does for it, which is ``told`` by the features, and chance."""
    habits = np.random.default_rng(1).normal(size=(7, 16))
    return Tries(scale * (told * habits + noise * np.random.default_rng(seed).normal(size=(7, 16))), general)


def surely(wrong=()):
    """A general head that is sure of the right label, and of the next one where it is wrong."""
    named = [(i + 1) % 7 if label in wrong else i for i, label in enumerate(LABELS)]
    return 0.02 + 0.86 * np.eye(7)[named]


def test_a_lesson_helps_where_the_general_head_is_wrong_and_the_person_is_consistent():
    general = surely(wrong=("fear", "disgust", "surprise"))
    found = judge({VIDEO: tries(seed=2, general=general)}, {VIDEO: tries(seed=3, general=general)}, LABELS, strength=0.1)
    assert found == Judgement(tries=7, without=4, taught=7)


def test_a_lesson_does_not_help_where_the_features_say_nothing():
    general = surely(wrong=("fear", "disgust", "surprise"))
    found = [
        judge({VIDEO: tries(1.0, seed, general=general, told=0.0)}, {VIDEO: tries(1.0, seed + 100, general=general, told=0.0)}, LABELS, 0.1)
        for seed in range(10)
    ]
    assert {one.without for one in found} == {4}
    assert np.mean([one.taught for one in found]) < 4.5


def test_a_name_of_ones_own_is_learnt_and_the_seven_stay_where_they_were():
    rows = [1, 0, 3]
    first, second = (tries(seed=seed, general=surely())[rows] for seed in (2, 3))
    found = judge({VIDEO: first}, {VIDEO: second}, OWN)
    assert (found.without, found.taught) == (2, 3)  # to say the name that nobody told it would be luck
    before = np.exp(without_lesson(surely(), OWN))
    assert before.argmax(1).tolist()[1] == 0
    assert before.sum(1) == pytest.approx(1)


def test_the_stronger_the_ridge_the_nearer_to_the_general_head():
    given, labels = tries(general=surely(wrong=("fear",))), np.arange(7)
    apart = [
        np.abs(fit(given, labels, LABELS, strength).log_probabilities(given) - np.log(given.general)).max() for strength in (0.1, 10.0, 1e6)
    ]
    assert apart[0] > apart[1] > apart[2]
    assert apart[2] < 1e-4


def test_a_fit_is_where_the_loss_is_least():
    given, labels, strength = tries(noise=0.5), np.arange(7), 0.3
    head = fit(given, labels, LABELS, strength)

    def loss(weight):
        found = replace(head, weight=weight).log_probabilities(given)
        return -found[labels, labels].sum() + strength / 2 * np.square(weight).sum()

    least, random = loss(head.weight), np.random.default_rng(5)
    assert all(loss(head.weight + 1e-3 * random.normal(size=head.weight.shape)) > least for _ in range(50))


def test_the_unit_of_the_features_does_not_matter():
    labels = np.arange(7)
    one, thousand = tries(), tries(scale=1000.0)
    found = [fit(given, labels, LABELS).log_probabilities(given) for given in (one, thousand)]
    assert found[0] == pytest.approx(found[1], abs=1e-6)


def test_tries_that_are_all_the_same_teach_nothing_and_break_nothing():
    same = Tries(np.ones((7, 16)), surely())
    assert fit(same, np.arange(7), LABELS).log_probabilities(same).argmax(1).tolist() == list(range(7))


def test_modalities_join_as_a_product():
    face, voice = np.log([[0.8, 0.1, 0.1]]), np.log([[0.2, 0.4, 0.4]])
    assert np.exp(joined([face, voice])) == pytest.approx(np.array([[16, 4, 4]]) / 24)
    general = surely(wrong=("fear",))
    first, second = ({VIDEO: tries(seed=s, general=general), AUDIO: tries(seed=s + 50, general=ALIKE)} for s in (2, 3))
    assert judge(first, second, LABELS, strength=0.1).taught == 7


@pytest.mark.parametrize(("rows", "names"), [([0], ("joy",)), ([], LABELS)])
def test_what_cannot_be_fitted_is_said(rows, names):
    with pytest.raises(ValueError, match="two expressions"):
        fit(tries()[np.array(rows, int)], np.arange(len(rows)), names)


def test_where_tries_look_alike_something_new_is_no_surer_than_what_was_tried():
    alike = tries(noise=1e-3, told=0.0)
    head = fit(alike, np.arange(7), LABELS)
    new = Tries(alike.features + np.random.default_rng(5).normal(size=(7, 16)), ALIKE)
    assert np.exp(head.log_probabilities(alike)).max() < 0.9
    assert np.exp(head.log_probabilities(new)).max() < 0.9
