"""Graph completion: utterances tell those before and after, and what was missing is rebuilt."""

import torch

from comp_core.modeling.baselines.baseline import BaselineConfig
from comp_core.modeling.baselines.gcnet import REACH, GraphCompletion
from tests.core.modeling.made_up import DIMS


def net_of():
    torch.manual_seed(0)
    return GraphCompletion(BaselineConfig(DIMS, 2, width=4, dropout=0.0)).eval()


def test_a_layer_is_the_mean_over_each_relation_through_its_own_map():
    net, known = net_of(), torch.ones(3, 1, 3, dtype=torch.bool)
    known[:, 0, 1] = False  # sends nothing, and still hears
    states = torch.where(known.unsqueeze(-1), torch.randn(3, 1, 3, 4), 0.0)
    x = hidden = states[:, 0].permute(1, 0, 2).flatten(1)
    nothing = torch.zeros(12)
    for before, itself, after in net.layers:
        hidden = torch.stack(
            [
                itself(hidden[0]) + after(hidden[2]),
                before(hidden[0]) + itself(nothing) + after(hidden[2]),
                before(hidden[0]) + itself(hidden[2]),
            ]
        ).relu()
    torch.testing.assert_close(net.complete(states, known)[0], torch.cat([x, hidden], -1))


def test_it_hears_as_far_as_its_layers_reach():
    net, length = net_of(), 2 * REACH + 2
    states, known = torch.randn(3, 1, length, 4), torch.ones(3, 1, length, dtype=torch.bool)
    other = states.clone()
    other[:, :, 0] += 5.0
    moved = (net.fuse(other, known) - net.fuse(states, known)).abs().amax(-1)[0]
    assert (moved[: 2 * REACH + 1] > 0).all() and moved[2 * REACH + 1] == 0


def test_all_features_are_rebuilt_from_what_the_graph_knows():
    net, states = net_of(), torch.randn(3, 1, 5, 4)
    known = torch.ones(3, 1, 5, dtype=torch.bool)
    rebuilt = net.rebuilt(states, known)
    assert {m: tuple(x.shape) for m, x in rebuilt.items()} == {m: (1, 5, d) for m, d in DIMS.items()}
    hidden = net.complete(states, known)[..., 12:]
    torch.testing.assert_close(rebuilt["text"], net.decoders["text"](hidden))
