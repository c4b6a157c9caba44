"""The coordinator's weights (ComP, eq. 12-13)."""

import torch

from comp_core.modeling.coordinator import Coordinator, EqualWeights
from tests.core.modeling.made_up import TEXT, VIDEO, conversations


def test_a_modality_that_never_occurs_has_no_weight_and_one_that_is_missing_once_may_have(model):
    batch = conversations(1, 4, rate=0.0)
    batch.observed[0, 3, TEXT] = False
    batch.observed[0, :, VIDEO] = False
    weights = model(batch).weights[0]
    assert (weights[:, VIDEO] == 0).all()
    assert weights[3, TEXT] > 0
    nothing = batch.observe(torch.zeros_like(batch.observed))
    torch.testing.assert_close(model(nothing).weights, torch.full((1, 4, 3), 1 / 3))


def test_it_is_told_what_is_observed_and_bends_no_state():
    torch.manual_seed(0)
    block, states = Coordinator(8, 3, 0.0), torch.randn(1, 2, 3, 8, requires_grad=True)
    observed, known = torch.tensor([[[True, True, False], [True, False, False]]]), torch.tensor([[[True, True, False]] * 2])
    weights = block(states, observed, known)
    for n in range(2):
        scores = block.score(torch.cat([states[0, n].flatten(), observed[0, n].float()]))
        torch.testing.assert_close(weights[0, n], torch.cat([scores[: TEXT + 1].softmax(0), torch.zeros(1)]))
    assert (block(states, ~observed, known) - weights).abs().max() > 1e-4
    weights[..., TEXT].sum().backward()
    assert states.grad is None and block.score[0].weight.grad.abs().sum() > 0


def test_without_it_all_count_alike():
    found = EqualWeights()(torch.randn(1, 2, 3, 8), torch.zeros(1, 2, 3, dtype=torch.bool), torch.zeros(1, 2, 3, dtype=torch.bool))
    torch.testing.assert_close(found, torch.full((1, 2, 3), 1 / 3))
