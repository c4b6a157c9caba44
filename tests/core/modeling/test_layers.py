"""Layers that blocks share."""

import pytest
import torch
from torch import nn

from comp_core.modeling.layers import Dropout

SHAPES = {"contiguous": torch.randn(3, 4, 10, 8), "turned": torch.randn(3, 5, 7).transpose(0, 2), "single": torch.randn(1)}


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.9, 0.0, 1.0])
@pytest.mark.parametrize("name", SHAPES)
def test_dropout_drops_what_pytorchs_does(share, name):
    """And leaves its random numbers where that leaves them; so do the gradients."""
    found = []
    for kind in (nn.Dropout, Dropout):
        torch.manual_seed(0)
        x = SHAPES[name].clone().requires_grad_()
        dropped = kind(share)(x)
        dropped.sum().backward()
        found.append((dropped.detach(), x.grad, torch.rand(1)))
    for ours, theirs in zip(*found, strict=True):
        assert torch.equal(ours, theirs)


def test_dropout_drops_nothing_outside_of_training():
    x = torch.randn(9, 9)
    assert torch.equal(Dropout(0.5).eval()(x), x) and not torch.equal(Dropout(0.5)(x), x)
