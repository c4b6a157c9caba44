"""Folding batch normalisation away changes nothing but the time."""

import torch
from torch import nn

from comp_core.senses.face.network import FaceNet, FaceNetConfig
from comp_core.senses.fold_batchnorm import folded

FACES = (torch.randint(0, 256, (2, 48, 48)),)


def test_the_features_stay_the_same():
    network = FaceNet(FaceNetConfig(widths=(4, 8, 8)))
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            for values in (part.weight, part.bias, part.running_mean, part.running_var):
                nn.init.uniform_(values, 0.5, 1.5)
    network.eval()
    with torch.inference_mode():
        expected = network(*FACES)[0]
        found = folded(network)(*FACES)[0]
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    assert not any(isinstance(part, nn.BatchNorm2d) for part in network.modules())
