"""A look inside ComP agrees with what the model does."""

import pytest
import torch

from comp_core.evaluation.introspection import introspect
from comp_core.modalities import MODALITIES
from comp_core.modeling.batch import Conversations
from comp_core.modeling.comp import ComP, ComPConfig
from comp_core.modeling.prompts import similarity

DIMS = dict.fromkeys(MODALITIES, 4)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return ComP(ComPConfig(DIMS, outputs=3, width=8, prompt=4, prototypes=5, blocks=3)).eval()


def conversation(observed):
    observed = torch.tensor([observed], dtype=torch.bool)
    generator = torch.Generator().manual_seed(1)
    features = {m: torch.randn(*observed.shape[:2], 4, generator=generator) for m in MODALITIES}
    return Conversations(features, observed, torch.ones(observed.shape[:2], dtype=torch.bool))


def test_shares_of_prototypes_are_those_of_equation_7(model):
    given = conversation([[1, 1, 1], [1, 1, 0]])
    found = introspect(model, given)
    encoded = model.encoders(given.features, given.by_modality)
    expected = similarity(encoded, model.prototypes(encoded, given.by_modality), model.generators[0].log_sharpness.exp())[:, 0, 1]
    assert found.similarity["audio"] == pytest.approx(expected[0].tolist())
    assert sum(found.similarity["text"]) == pytest.approx(1)
    assert found.similarity["video"] is None


def test_a_filled_in_state_is_compared_with_the_one_that_was_switched_off(model):
    given = conversation([[1, 1, 1], [1, 1, 1]])
    found = introspect(model, given)
    without = given.observed.clone()
    without[0, 1, 2] = False
    real, made = (model.propagate(c)[2, 0, 1] for c in (given, given.observe(without)))
    assert found.filled["video"] == pytest.approx(torch.cosine_similarity(real, made, dim=0).item())
    assert set(found.filled) == set(MODALITIES)


def test_what_is_alone_or_absent_cannot_be_compared(model):
    found = introspect(model, conversation([[1, 0, 0]]))
    assert found.filled == dict.fromkeys(MODALITIES)
    assert found.neighbour == dict.fromkeys(MODALITIES)


def test_prompts_are_counted_in_every_block(model):
    found = introspect(model, conversation([[1, 1, 1], [1, 0, 1]]))
    assert len(found.received) == 3
    assert all(size > 0 for by_modality in found.received for size in by_modality.values())
