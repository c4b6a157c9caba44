"""The fused prediction (ComP, eq. 12-15)."""

import torch
import torch.nn.functional as F

from comp_core.modeling.classifier import FusedPrediction
from tests.core.modeling.made_up import conversations


def test_the_fused_output_is_equations_12_to_15(model):
    batch = conversations(2, 5)
    states, output = model.propagate(batch), model(batch)
    layers = model.coordinator.score
    for b, n in [(0, 0), (1, 4)]:
        side_by_side = torch.cat([states[m, b, n] for m in range(3)])
        weights = layers(torch.cat([side_by_side, batch.observed[b, n].float()])).softmax(0)
        side_by_side = torch.cat([3 * weights[m] * states[m, b, n] for m in range(3)])
        departs = model.fused.out(model.fused.join(side_by_side))
        unimodal = sum(weights[m] * (states[m, b, n] @ model.heads.weight[m] + model.heads.bias[m, 0]) for m in range(3))
        torch.testing.assert_close(output.weights[b, n], weights, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(output.logits[b, n], departs + unimodal, rtol=1e-4, atol=1e-5)


def test_the_fused_prediction_teaches_the_heads_nothing(model):
    model.train()
    output = model(conversations(2, 5))
    output.logits[output.grounded].sum().backward()
    assert model.heads.weight.grad is None
    assert model.norm.gain.grad.abs().sum() > 0


def test_it_departs_from_the_weighted_mean_of_the_modalities_and_equal_weights_leave_states_as_they_are():
    torch.manual_seed(0)
    block, states, unimodal = FusedPrediction(4, 3, 2, 0.0), torch.randn(1, 1, 3, 4), torch.randn(1, 1, 3, 2)
    equal = torch.full((1, 1, 3), 1 / 3)
    departs = block.out(F.gelu(block.join[0](states.flatten(2))))
    torch.testing.assert_close(block(states, equal, unimodal), departs + unimodal.mean(2))
    torch.nn.init.zeros_(block.out.weight), torch.nn.init.zeros_(block.out.bias)
    weights = torch.tensor([[[0.5, 0.5, 0.0]]])
    torch.testing.assert_close(block(states, weights, unimodal), (unimodal[:, :, 0] + unimodal[:, :, 1]) / 2)
