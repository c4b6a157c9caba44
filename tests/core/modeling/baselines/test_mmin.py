"""Imagination: absent states come from those that are there."""

import torch

from comp_core.modeling.baselines.baseline import BaselineConfig
from comp_core.modeling.baselines.mmin import Imagination
from tests.core.modeling.made_up import DIMS, TEXT


def net_of():
    torch.manual_seed(0)
    return Imagination(BaselineConfig(DIMS, 2, width=4, dropout=0.0))


def test_each_autoencoder_goes_on_from_what_those_before_have_made():
    net, states = net_of(), torch.randn(3, 1, 2, 4)
    x = torch.cat([states[m, 0, 1] for m in range(3)])
    first = net.cascade[0](x)
    second = net.cascade[1](x + first)
    third = net.cascade[2](x + first + second)
    torch.testing.assert_close(net.imagine(states)[:, 0, 1].flatten(), first + second + third)


def test_only_what_is_not_known_is_imagined():
    net, states, known = net_of(), torch.randn(3, 1, 1, 4), torch.ones(3, 1, 1, dtype=torch.bool)
    torch.testing.assert_close(net.fuse(states, known)[0, 0], net.classifier(states.flatten()))
    known[TEXT] = False
    states[TEXT] = 0.0
    whole = states.clone()
    whole[TEXT] = net.imagine(states)[TEXT]
    torch.testing.assert_close(net.fuse(states, known)[0, 0], net.classifier(whole.flatten()))
