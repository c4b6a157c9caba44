"""Concatenation, and the same losing modalities in training."""

import torch

from comp_core.modeling.baselines.baseline import BaselineConfig
from comp_core.modeling.baselines.concat import Concat, ModalityDropout
from tests.core.modeling.made_up import DIMS, TEXT


def net_of(kind):
    torch.manual_seed(0)
    return kind(BaselineConfig(DIMS, 2, width=8, dropout=0.0))


def test_states_stand_side_by_side_with_a_bit_that_says_whether_they_are_known():
    net, states, known = net_of(Concat), torch.randn(3, 1, 1, 8), torch.ones(3, 1, 1, dtype=torch.bool)
    known[TEXT] = False
    states[TEXT] = 0.0
    bits = [torch.tensor([1.0]), torch.tensor([0.0]), torch.tensor([1.0])]
    row = torch.cat([part for m in range(3) for part in (states[m, 0, 0], bits[m])])
    torch.testing.assert_close(net.fuse(states, known)[0, 0], net.classifier(row))


def test_modality_dropout_loses_a_modality_now_and_then_but_never_the_last():
    net, seen = net_of(ModalityDropout), []
    net.classifier.register_forward_pre_hook(lambda _, given: seen.append(given[0].unflatten(-1, (3, 9))))
    states, known = torch.ones(3, 20, 30, 8), torch.ones(3, 20, 30, dtype=torch.bool)
    net.train().fuse(states, known)
    bits, kept = seen[0][..., 8], seen[0][..., :8]
    # Where all three would go, at 0.3 each, all stay.
    assert abs(bits.mean().item() - (0.7 + 0.3**3)) < 0.03 and bits.any(-1).all()
    assert torch.equal(kept.mean(-1), bits)
    net.eval().fuse(states, known)
    assert seen[1][..., 8].all()
