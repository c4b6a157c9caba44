"""Adapters by combination: each combination of modalities changes the joint map in a way of its own."""

import torch

from comp_core.modeling.baselines.baseline import BaselineConfig
from comp_core.modeling.baselines.mculora import Combinations
from tests.core.modeling.made_up import DIMS


def test_combinations_adapt_each_for_itself():
    torch.manual_seed(0)
    net = Combinations(BaselineConfig(DIMS, 2, width=8, dropout=0.0)).eval()
    states = torch.randn(3, 1, 2, 8)
    both = torch.ones(3, 1, 2, dtype=torch.bool)
    usual = net.fuse(states, both)
    net.up.data[3] += 1.0  # voice and words
    torch.testing.assert_close(net.fuse(states, both), usual)
    two = both.clone()
    two[2] = False
    states = torch.where(two.unsqueeze(-1), states, 0.0)
    changed = net.fuse(states, two)
    net.up.data.zero_()
    assert (changed - net.fuse(states, two)).abs().min() > 1e-4
