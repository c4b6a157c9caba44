"""The coordinator's weights (ComP, eq. 12-13)."""

import torch

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
