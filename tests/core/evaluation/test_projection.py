"""Where ComP puts utterances."""

import re

import numpy as np
import pytest
import torch

from app.pages.lab.projection import MARKS, draw_projections, projection_html
from comp_core.evaluation.curve import load_conversations
from comp_core.evaluation.projection import AFTER, BEFORE, FUSED, _project, projections
from comp_core.inference.fusion import Fusion
from comp_core.modeling.registry import KINDS
from comp_core.support.checkpoint import WEIGHTS_DIR
from tests.app.doubles import ScriptedPredictor

HELD_OUT = WEIGHTS_DIR.parent / "lab" / "lab_set.npz"


def test_variance_between_labels_and_on_the_two_axes():
    random = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 50)
    corners = np.array([[3.0, 0], [-3, 0], [0, 5]])
    values = np.concatenate([corners[labels], np.zeros((150, 4))], 1) + random.normal(0, 0.1, (150, 6))
    found = _project(values, labels)
    assert found.apart > 0.99 and found.kept > 0.99
    mixed = _project(values, random.permutation(labels))
    assert mixed.apart < 0.05
    gaps = np.linalg.norm(found.points[:, None] - found.points[None], axis=-1)
    assert gaps[labels[:, None] != labels[None]].min() > gaps[labels[:, None] == labels[None]].max()


@pytest.fixture(scope="module")
def comp():
    torch.set_num_threads(1)
    return Fusion.load("comp")


def test_every_stage_has_every_utterance_and_propagation_tells_the_labels_further_apart(comp):
    conversations = load_conversations(HELD_OUT)
    found = projections(comp.model, conversations, 0.3)
    assert list(found) == [BEFORE, AFTER, FUSED]
    assert {len(space.points) for space in found.values()} == {sum(len(c) for c in conversations)}
    assert found[AFTER].apart > found[BEFORE].apart
    assert all(0 < space.kept <= 1 and np.isfinite(space.points).all() for space in found.values())


def test_what_is_missing_has_no_influence(comp):
    conversations = load_conversations(HELD_OUT)[:3]
    again = projections(comp.model, conversations, 0.6)
    for stage, space in projections(comp.model, conversations, 0.6).items():
        np.testing.assert_array_equal(space.points, again[stage].points)
    assert not np.array_equal(projections(comp.model, conversations, 0.0)[BEFORE].points, again[BEFORE].points)


def test_it_is_drawn_with_a_mark_for_each_label(comp):
    predictor = ScriptedPredictor()
    assert 'role="alert"' in draw_projections(predictor, 0.3)
    predictor.fusions["comp"].model, predictor.fusions["comp"].kind = comp.model, KINDS["comp"]
    html = draw_projections(predictor, 0.3)
    assert html.count("<figure>") == 3
    places = [float(x) for x in re.findall(r'<text x="([\d.-]+)"', html)] + [float(y) for y in re.findall(r' y="([\d.-]+)"', html)]
    assert 0 < min(places) < max(places) < 300
    assert all(mark in html for _, mark in MARKS.values())
    stage = projections(comp.model, load_conversations(HELD_OUT)[:3], 0.0)[FUSED]
    assert projection_html("<b>", stage).count("&lt;b&gt;") == 2
