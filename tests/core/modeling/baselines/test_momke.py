"""Experts: each learns on its own modality, and all of them read each state."""

import torch

from comp_core.modeling.baselines.baseline import BaselineConfig
from comp_core.modeling.baselines.momke import Experts
from tests.core.modeling.made_up import DIMS, TEXT, VIDEO


def net_of():
    torch.manual_seed(0)
    return Experts(BaselineConfig(DIMS, 2, width=4, dropout=0.0))


def test_alone_a_modality_is_read_by_its_own_expert():
    net, states = net_of(), torch.randn(3, 1, 2, 4)
    for m in range(3):
        state = states[m, 0, 1]
        expected = (state + net.experts[m](state)) @ net.heads.weight[m] + net.heads.bias[m, 0]
        torch.testing.assert_close(net.alone(states)[0, 1, m], expected)


def test_a_router_mixes_what_all_experts_make_of_a_state():
    net, states, known = net_of(), torch.randn(3, 1, 1, 4), torch.ones(3, 1, 1, dtype=torch.bool)
    known[TEXT] = False
    mixed = []
    for m in range(3):
        state = states[m, 0, 0]
        shares = net.router(state).softmax(-1)
        mixed.append(sum(shares[e] * (state + expert(state)) for e, expert in enumerate(net.experts)))
    mixed[TEXT] = torch.zeros(4)
    torch.testing.assert_close(net.fuse(states, known)[0, 0], net.classifier(torch.cat(mixed)))
    assert len(net.experts) == VIDEO + 1
