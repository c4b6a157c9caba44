"""What baselines share: how they read a conversation, and the record that they return."""

import torch

from comp_core.modalities import MODALITIES
from comp_core.modeling.baselines.baseline import BaselineConfig, Reader, output_of
from comp_core.modeling.baselines.concat import Concat
from tests.core.modeling.made_up import DIMS, TEXT, VIDEO, conversations, under


def config_of(**changes):
    return BaselineConfig(DIMS, 2, width=8, dropout=0.0, **changes)


def test_without_context_a_state_is_its_encoders_and_zero_where_nothing_is():
    torch.manual_seed(0)
    reader, batch = Reader(config_of()), conversations(2, 4)
    states, known = reader.read(batch)
    assert torch.equal(known, batch.by_modality)
    assert (states[~known] == 0).all()
    torch.testing.assert_close(states, reader.encoders(batch.features, batch.by_modality))


def test_with_context_a_missing_state_is_what_the_modality_says_elsewhere():
    torch.manual_seed(0)
    observed = torch.ones(1, 4, 3, dtype=torch.bool)
    observed[0, 0, TEXT] = False
    observed[..., VIDEO] = False
    reader, batch = Reader(config_of(context=1)), under(observed)
    states, known = reader.read(batch)
    assert known[TEXT].all() and not known[VIDEO].any()
    assert states[TEXT, 0, 0].abs().sum() > 0 and (states[VIDEO] == 0).all()


def test_what_a_baseline_makes_of_one_modality_is_its_answer_to_that_alone():
    torch.manual_seed(0)
    net, batch = Concat(config_of()), conversations(2, 4)
    output = net(batch)
    for m, name in enumerate(MODALITIES):
        torch.testing.assert_close(output.modality_logits[:, :, m], net(batch.only((name,))).logits)


def test_what_counts_counts_alike():
    batch = under(torch.tensor([[[True, False, True], [False, False, False]]]))
    output = output_of(torch.zeros(1, 2, 2), torch.zeros(1, 2, 3, 2), batch, batch.by_modality)
    torch.testing.assert_close(output.weights, torch.tensor([[[0.5, 0.0, 0.5], [1 / 3] * 3]]))
    assert output.grounded.tolist() == [[True, False]]
