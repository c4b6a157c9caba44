"""Late fusion: modalities meet in the mean of their predictions only."""

import torch

from comp_core.modeling.baselines.baseline import BaselineConfig
from comp_core.modeling.baselines.late import LateFusion
from tests.core.modeling.made_up import AUDIO, DIMS, TEXT, VIDEO, under


def test_the_prediction_is_the_mean_of_those_that_are_there():
    torch.manual_seed(0)
    net = LateFusion(BaselineConfig(DIMS, 2, width=8, dropout=0.0)).eval()
    output = net(under(torch.tensor([[[True, True, False], [False, False, True]]])))
    own = output.modality_logits[0]
    torch.testing.assert_close(output.logits[0, 0], (own[0, AUDIO] + own[0, TEXT]) / 2)
    torch.testing.assert_close(output.logits[0, 1], own[1, VIDEO])
