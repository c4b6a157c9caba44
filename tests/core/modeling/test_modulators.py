"""Modulators really act, and as their equations say."""

import pytest
import torch
from torch import nn

from comp_core.modalities import MODALITIES
from comp_core.modeling.comp import ComP, ComPConfig
from comp_core.modeling.encoders import Encoders
from comp_core.modeling.layers import PerModalityLinear
from comp_core.modeling.modulators import DominanceModulator, GradientModulator, parts_of
from comp_core.modeling.paper_preset import PositionPrototypes, PrintedGradientModulator
from comp_core.training.fit import FitConfig, fit

DIMS = {"audio": 5, "text": 7, "video": 3}
ALL = torch.ones(4, 3, dtype=torch.bool)


def step(modulator, layer):
    """One step of plain gradient descent on a loss whose gradient is 1 everywhere; returns how far each parameter went."""
    before = {name: p.detach().clone() for name, p in layer.named_parameters()}
    for parameter in layer.parameters():
        parameter.grad = torch.ones_like(parameter)
    with modulator():
        torch.optim.SGD(layer.parameters(), lr=0.1).step()
    return {name: before[name] - p.detach() for name, p in layer.named_parameters()}


def test_the_weaker_modality_takes_larger_steps_within_bounds():
    layer = PerModalityLinear(4, 2)
    modulator = GradientModulator(parts_of(layer))
    modulator.watch(torch.tensor([[3.0, 1.0, 2.0]]).expand(4, 3), ALL)
    moved = step(modulator, layer)["weight"].mean((1, 2))
    assert 0.1 < moved[0] < 0.2 and moved[1] < 0.1
    torch.testing.assert_close(moved, 0.1 * (1 + torch.tanh(torch.tensor([1.5, -1.5, 0.0]) / 2)))


def test_equal_errors_leave_the_step_alone_and_unknown_ones_do_not_count():
    layer = PerModalityLinear(4, 2)
    modulator = GradientModulator(parts_of(layer))
    errors = torch.tensor([[2.0, 2.0, 99.0]]).expand(4, 3)
    modulator.watch(errors, ALL & torch.tensor([True, True, False]))
    torch.testing.assert_close(step(modulator, layer)["weight"], torch.full((3, 4, 2), 0.1))


def test_a_layer_of_one_modality_is_that_modalitys_part():
    encoders = Encoders(DIMS, 6, 0.0)
    modulator = GradientModulator(parts_of(encoders))
    modulator.watch(torch.tensor([[1.0, 3.0, 2.0]]).expand(4, 3), ALL)
    moved = step(modulator, encoders)
    scale = modulator.scale
    for i, modality in enumerate(MODALITIES):
        torch.testing.assert_close(moved[f"widen.{modality}.weight"], torch.full((6, DIMS[modality]), 0.1 * scale[i].item()))
        torch.testing.assert_close(moved["mix.weight"][i], torch.full((6, 6), 0.1 * scale[i].item()))
    with pytest.raises(ValueError, match="belongs to no modality"):
        parts_of(nn.Linear(2, 2))


def test_the_dominant_modality_is_slowed_and_shaken():
    torch.manual_seed(0)
    layer = PerModalityLinear(40, 40)
    modulator = DominanceModulator(parts_of(layer))
    modulator.watch(torch.tensor([[0.5, 2.0, 2.0]]).expand(4, 3), ALL)
    moved = step(modulator, layer)["weight"]
    assert modulator.scale[0] < 0.1 and (modulator.scale[1:] == 1).all()
    torch.testing.assert_close(moved[1:], torch.full((2, 40, 40), 0.1))
    assert moved[0].mean() < 0.05 and moved[0].std() > 0


def test_printed_weights_are_equation_10():
    torch.manual_seed(0)
    prototypes = PositionPrototypes(length=6, count=2)
    modulator = PrintedGradientModulator(prototypes)
    errors = torch.rand(2, 4, 3)
    modulator.watch(errors)
    by_position = errors.sum(0)
    for u in range(3):
        for i in range(4):
            expected = 0.0
            for v in range(3):
                if v != u:
                    gap = by_position[:, u] - by_position[:, v]
                    expected += 0.5 * (sum(gap[j] for j in range(4) if j != i) / gap.sum())
            torch.testing.assert_close(modulator.scale[u, i], expected, rtol=1e-3, atol=1e-4)
    assert (modulator.scale[:, 4:] == 0).all()
    prototypes.positions.weight.grad = torch.ones_like(prototypes.positions.weight)
    with modulator():
        pass
    torch.testing.assert_close(prototypes.positions.weight.grad, modulator.scale.unsqueeze(-1).expand(3, 6, 2))


def test_parameters_end_elsewhere_with_the_modulator_than_without():
    def trained(modulated):
        torch.manual_seed(0)
        model = ComP(ComPConfig(dims=DIMS, outputs=2, width=8, prompt=2, prototypes=2, dropout=0.0))
        modulator = GradientModulator(parts_of(model.encoders))
        modulator.watch(torch.tensor([[1.0, 3.0, 2.0]]).expand(4, 3), ALL)
        around = {"around_step": modulator} if modulated else {}
        target = torch.ones(3, 2, 4, 8)
        features = {m: torch.ones(2, 4, d) for m, d in DIMS.items()}

        def loss_of(net, _):
            return (net.encoders(features, torch.ones(3, 2, 4, dtype=torch.bool)) - target).square().mean()

        fit(model, lambda _: range(3), 3, loss_of, None, FitConfig(epochs=2, learning_rate=0.01, average=0.0), **around)
        return model.encoders.mix.weight.detach()

    gap = (trained(True) - trained(False)).abs().amax((1, 2))
    assert (gap[:2] > 1e-4).all()
