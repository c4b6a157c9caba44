"""What ComP's default preset is trained to do, summed by hand (eq. 16-17)."""

from dataclasses import replace

import pytest
import torch

from comp_core.modeling.batch import Batch
from comp_core.modeling.comp import COORDINATOR, ComP
from comp_core.modeling.comp_loss import COORDINATION, comp_loss, reliability
from comp_core.modeling.modulators import GradientModulator, parts_of
from comp_core.modeling.objectives import Classes
from tests.core.modeling.made_up import TEXT, VIDEO, under

OBJECTIVE = Classes("abcd")


def batch_of():
    """One conversation without a face; of its last utterance nothing is there."""
    observed = torch.ones(1, 3, 3, dtype=torch.bool)
    observed[..., VIDEO] = False
    observed[0, 1, TEXT] = False
    observed[0, 2] = False
    return Batch(under(observed), torch.tensor([[0, 1, 2]]), torch.tensor([[[3, 2, 1]] * 3]), observed)


def expected_predictions(model, batch):
    """Of the utterances of which something is there: a modality that is there says what it shows itself, another what is meant."""
    output, found = model(batch.conversations), []
    for n, own in ((0, (3, 2, 0)), (1, (3, 1, 1))):
        found.append(-output.logits[0, n].log_softmax(0)[batch.labels[0, n]])
        found.append(-sum(output.modality_logits[0, n, m].log_softmax(0)[label] for m, label in enumerate(own)) / 3)
    return sum(found) / 2


def test_it_is_the_fused_the_modalities_and_the_coordinators_loss(model):
    batch = batch_of()
    share = reliability(model, batch.conversations, batch.labels, OBJECTIVE)[0, :2]
    weights = model(batch.conversations).weights[0, :2]
    apart = torch.where(share > 0, share * (share.clamp(min=1e-12).log() - weights.clamp(min=1e-8).log()), 0.0).sum() / 2
    torch.testing.assert_close(comp_loss(model, batch, OBJECTIVE), expected_predictions(model, batch) + COORDINATION * apart)


def test_without_a_coordinator_it_has_no_loss(model):
    less = ComP(replace(model.config, without=(COORDINATOR,))).eval()
    torch.testing.assert_close(comp_loss(less, batch_of(), OBJECTIVE), expected_predictions(less, batch_of()))


def test_reliability_is_each_modalitys_share_of_the_belief_in_the_truth(model):
    batch = batch_of()
    found = reliability(model, batch.conversations, batch.labels, OBJECTIVE)
    alone = [model(batch.conversations.only((name,))).modality_logits[0, 1, m] for m, name in enumerate(("audio", "text"))]
    belief = torch.stack([logits.softmax(0)[1] for logits in alone])
    torch.testing.assert_close(found[0, 1], torch.cat([belief / belief.sum(), torch.zeros(1)]), rtol=1e-4, atol=1e-5)
    assert not found.requires_grad


def test_the_modulator_is_told_the_errors_of_what_was_observed(model):
    modulator, batch = GradientModulator(parts_of(*model.by_modality)), batch_of()
    comp_loss(model, batch, OBJECTIVE, modulator)
    errors = 1 - model(batch.conversations).modality_logits.softmax(-1)
    audio, text = (errors[0, 0, 0, 3] + errors[0, 1, 0, 3]) / 2, errors[0, 0, 1, 2]
    mean = torch.stack([audio, text, (audio + text) / 2])  # of the face nothing is known
    expected = 1 + torch.tanh((mean - (mean.sum() - mean) / 2) / mean.mean())
    torch.testing.assert_close(modulator.scale, expected.detach())
    assert modulator.scale[VIDEO] == pytest.approx(1)
