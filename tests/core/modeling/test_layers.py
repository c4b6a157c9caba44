"""What the layers that blocks share compute."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from comp_core.modeling.layers import Dropout, PerModalityLinear, PerModalityNorm, feed_forward, from_others, perceptron

SHAPES = {"contiguous": torch.randn(3, 4, 10, 8), "turned": torch.randn(3, 5, 7).transpose(0, 2), "single": torch.randn(1)}


def test_a_linear_map_for_each_modality():
    torch.manual_seed(1)
    layer, x = PerModalityLinear(5, 4), torch.randn(3, 2, 6, 5)
    for m in range(3):
        torch.testing.assert_close(layer(x)[m], x[m] @ layer.weight[m] + layer.bias[m])


def test_a_norm_for_each_modality():
    torch.manual_seed(1)
    layer, x = PerModalityNorm(5), torch.randn(3, 2, 6, 5)
    torch.nn.init.normal_(layer.gain), torch.nn.init.normal_(layer.bias)
    for m in range(3):
        centred = x[m] - x[m].mean(-1, keepdim=True)
        expected = centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt() * layer.gain[m] + layer.bias[m]
        torch.testing.assert_close(layer(x)[m], expected)


def test_a_modality_receives_what_the_others_have_in_their_order():
    prompts = torch.randn(3, 2, 4, 5)
    for m in range(3):
        expected = torch.cat([prompts[other] for other in range(3) if other != m], -1)
        torch.testing.assert_close(from_others(prompts)[m], expected)


def test_two_layers_for_each_modality_and_for_all():
    torch.manual_seed(1)
    block, x = feed_forward(4, 0.0), torch.randn(3, 1, 2, 4)
    for m in range(3):
        hidden = F.gelu(x[m] @ block[0].weight[m] + block[0].bias[m])
        torch.testing.assert_close(block(x)[m], hidden @ block[3].weight[m] + block[3].bias[m])
    joint = perceptron(4, 6, 2, 0.0)
    torch.testing.assert_close(joint(x), joint[3](F.gelu(joint[0](x))))
    assert joint(x).shape == (3, 1, 2, 2)


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
