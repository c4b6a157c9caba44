"""Whether PRLF's reliabilities matter, on models that a test has made to know."""

from dataclasses import replace

import pytest
import torch

from comp_core.evaluation.dominance import dominance_report
from comp_core.evaluation.interventions import SHUFFLED_RELIABILITIES, interventions
from comp_core.modalities import MODALITIES
from comp_core.modeling.batch import Batch, Conversations
from comp_core.modeling.objectives import Classes
from comp_core.modeling.prlf import PRLF, PRLFConfig

DIMS = dict.fromkeys(MODALITIES, 4)
CLASSES = Classes("ab")


@pytest.fixture
def model():
    torch.manual_seed(0)
    return PRLF(PRLFConfig(DIMS, outputs=2, width=8)).eval()


def batch_of_random(count=3, length=6):
    generator = torch.Generator().manual_seed(2)
    features = {m: torch.randn(count, length, 4, generator=generator) for m in MODALITIES}
    everything = torch.ones(count, length, 3, dtype=torch.bool)
    valid = torch.ones(count, length, dtype=torch.bool)
    labels = torch.randint(2, (count, length), generator=generator)
    return Batch(Conversations(features, everything, valid), labels, labels.unsqueeze(-1).expand(-1, -1, 3), everything)


def shuffled(model, conversations):
    with interventions(model)[SHUFFLED_RELIABILITIES].on(model, conversations, torch.Generator().manual_seed(0)):
        return model(conversations).logits


def test_permuting_changes_predictions_only_where_reliabilities_differ(model):
    conversations = batch_of_random().conversations
    dealt = shuffled(model, conversations)
    assert (dealt - model(conversations).logits).abs().max() > 1e-5
    model.reliability.temperature = 1e9  # all alike, but for who leads by a hair
    model.config = replace(model.config, leader="text")
    torch.testing.assert_close(shuffled(model, conversations), model(conversations).logits)


def test_reliabilities_are_dealt_among_utterances_of_which_the_same_is_known(model):
    conversations = batch_of_random().conversations
    one_blind = conversations.observed.clone()
    one_blind[1, :, 2] = False
    conversations = conversations.observe(one_blind)
    used = []
    fuse = model.fuse
    model.fuse = lambda *given: used.append(given[3]) or fuse(*given)
    shuffled(model, conversations)
    (dealt,) = used
    assert ((dealt[..., 2] == 0) == ~conversations.known[..., 2]).all()
    judged = model(conversations).weights
    torch.testing.assert_close(dealt[1].sort(0).values, judged[1].sort(0).values)


def test_the_leader_is_compared_with_the_modality_that_was_right(model):
    batch = batch_of_random()
    unimodal = model(batch.conversations).modality_logits
    error = 1 - unimodal.softmax(-1).gather(-1, batch.labels[..., None, None].expand(*unimodal.shape[:-1], 1)).squeeze(-1)
    best, leads = error.argmin(-1), model(batch.conversations).dominant
    found = dominance_report(model, batch, CLASSES)
    assert found["leader_is_best"] == pytest.approx((best == leads).double().mean().item())
    assert found["always_the_same_is_best"] == pytest.approx(best.flatten().bincount(minlength=3).max().item() / best.numel())
    assert found["led"] == pytest.approx({m: (leads == i).double().mean().item() for i, m in enumerate(MODALITIES)}, abs=1e-4)


def test_only_what_counts_is_counted(model):
    batch = batch_of_random()
    last = torch.zeros_like(batch.conversations.valid)
    last[:, -1] = True
    assert dominance_report(model, batch, CLASSES, last)["as_judged"]["n"] == 3
    assert dominance_report(model, batch, CLASSES)["as_judged"]["n"] == 18
