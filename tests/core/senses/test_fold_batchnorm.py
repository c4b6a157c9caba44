"""Folding batch normalisation away changes nothing but the time."""

import pytest
import torch
from torch import nn

from comp_core.senses.face.network import FaceNet, FaceNetConfig
from comp_core.senses.fold_batchnorm import folded
from comp_core.senses.voice.network import VoiceNet, VoiceNetConfig
from comp_core.senses.voice.spectra import BANDS, VIEWS

FACES = (torch.randint(0, 256, (2, 48, 48)),)
VOICES = (torch.randn(2, len(VIEWS), BANDS, 96), torch.ones(2, 96, dtype=torch.bool))


@pytest.mark.parametrize(
    ("network", "given"),
    [(FaceNet(FaceNetConfig(widths=(4, 8, 8))), FACES), (VoiceNet(VoiceNetConfig(widths=(4, 8, 8, 8))), VOICES)],
    ids=["face", "voice"],
)
def test_the_features_stay_the_same(network, given):
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            for values in (part.weight, part.bias, part.running_mean, part.running_var):
                nn.init.uniform_(values, 0.5, 1.5)
    network.eval()
    with torch.inference_mode():
        expected = network(*given)[0]
        found = folded(network)(*given)[0]
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    assert not any(isinstance(part, nn.BatchNorm2d) for part in network.modules())
