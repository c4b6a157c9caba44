"""What PRLF is trained to do."""

import copy
from dataclasses import replace

import pytest
import torch

from comp_core.modeling.batch import Batch
from comp_core.modeling.objectives import Classes, Scores
from comp_core.modeling.prlf_loss import prlf_loss
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
