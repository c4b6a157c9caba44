"""What PRLF is trained to do."""

import copy
from dataclasses import replace

import pytest
import torch

from comp_core.modeling.batch import Batch
from comp_core.modeling.objectives import Classes, Scores
from comp_core.modeling.prlf_loss import ALIGNMENT, prlf_loss
from tests.core.modeling.made_up import prlf_of, under


@pytest.mark.parametrize("objective", [Scores(), Classes("abcd")], ids=["scores", "classes"])
def test_the_loss_lets_phi_follow_and_ignores_padding(objective):
    torch.manual_seed(5)
    whole = under(torch.ones(2, 4, 3, dtype=torch.bool))
    labels = torch.randn(2, 4) if objective.outputs == 1 else torch.randint(4, (2, 4))
    valid = torch.tensor([[True] * 4, [True, True, False, False]])
    padded = replace(whole, valid=valid)
    model = prlf_of(objective.outputs, dropout=0.0)

    def loss_of(targets):
        batch = Batch(padded, targets, targets.unsqueeze(-1).expand(2, 4, 3), padded.observed)
        # In a copy: phi moves, and the next loss with it.
        return prlf_loss(copy.deepcopy(model), batch, objective).item()

    changed = torch.where(valid, labels, labels.flip(-1) + (1 if objective.outputs == 1 else 0))
    assert not torch.equal(changed, labels)
    assert loss_of(labels) == pytest.approx(loss_of(changed))
    before = model.reliability.log_phi.clone()
    prlf_loss(model, Batch(whole, labels, labels.unsqueeze(-1).expand(2, 4, 3), whole.observed), objective)
    assert (model.reliability.log_phi != before).all()


def test_it_is_the_fused_the_heads_and_the_alignment_that_counts_more_with_each_step():
    observed = torch.ones(1, 2, 3, dtype=torch.bool)
    observed[0, 1, 1] = False
    conversations, labels, shown = under(observed), torch.tensor([[1.0, -2.0]]), torch.tensor([[[0.5, 2.0, -1.0]] * 2])
    model = prlf_of(1, steps=2)
    output = model(conversations)
    fused = (output.logits.squeeze(-1) - labels).square().mean()
    own = []
    for n, wanted in enumerate(((0.5, 2.0, -1.0), (0.5, -2.0, -1.0))):  # what is missing can only know the utterance's label
        for m, target in enumerate(wanted):
            mean, log_variance = output.unimodal[0, n, m]
            likelihood = 0.5 * (log_variance + (mean - target) ** 2 / log_variance.exp())
            own.append(likelihood * log_variance.exp() ** 0.5)
    apart = ((1 - output.alignment[..., 1]) * 0.5 + (1 - output.alignment[..., 2])).sum(-1).mean()
    found = prlf_loss(model, Batch(conversations, labels, shown, observed), Scores())
    torch.testing.assert_close(found, fused + torch.stack(own).mean() + ALIGNMENT * apart)
