"""What the paper's preset of ComP is trained to do, summed by hand (eq. 2, 16-17)."""

from dataclasses import replace

import pytest
import torch

from comp_core.modalities import MODALITIES
from comp_core.modeling.batch import Batch
from comp_core.modeling.comp import ComP, as_printed
from comp_core.modeling.objectives import Scores
from comp_core.modeling.paper_loss import printed_loss, printed_stage_one
from tests.core.modeling.made_up import DIMS, VIDEO, under


def batch_of():
    """Two utterances; the face is nowhere, the second has nothing."""
    observed = torch.tensor([[[True, True, False], [False, False, False]]])
    return Batch(under(observed), torch.tensor([[1.5, -2.0]]), torch.zeros(1, 2, 3), observed)


@pytest.fixture
def printed():
    torch.manual_seed(0)
    return ComP(replace(as_printed(DIMS, 1, length=3), width=16, prompt=4, prototypes=3)).eval()


def test_in_the_first_stage_each_modality_predicts_and_gives_its_features_back(printed):
    batch = batch_of()
    conversations = batch.conversations
    states = printed.encoders(conversations.features, conversations.by_modality)
    predicted, restored = printed.stage_one(states)
    expected = ((predicted[0, 0, :VIDEO, 0] - 1.5).square()).mean()
    for m in MODALITIES[:VIDEO]:
        expected = expected + (restored[m][0, 0] - conversations.features[m][0, 0]).square().mean()
    torch.testing.assert_close(printed_stage_one(printed, batch, Scores()), expected)


def test_in_the_second_stage_all_are_asked_for_the_utterances_label(printed):
    batch = batch_of()
    output = printed(batch.conversations)
    loss, errors = printed_loss(printed, batch, Scores())
    fused, unimodal = (output.logits[0, 0, 0] - 1.5).square(), (output.modality_logits[0, 0, :, 0] - 1.5).square().mean()
    torch.testing.assert_close(loss, fused + unimodal)
    torch.testing.assert_close(errors[0, 0], (output.modality_logits[0, 0, :, 0] - 1.5).abs().detach())
    assert (errors[0, 1] == 0).all()  # of which nothing is there
