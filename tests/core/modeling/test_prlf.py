"""PRLF: who leads, and that reliability is an estimate and no lever."""

import pytest
import torch

from comp_core.modalities import TEXT
from comp_core.modeling.prlf import IN_TURN, PRLFConfig
from tests.core.modeling.made_up import DIMS, prlf_of, under
from tests.core.modeling.made_up import TEXT as WORDS


def test_what_it_tells_beside_the_contract():
    output = prlf_of(steps=3)(under(torch.ones(2, 5, 3, dtype=torch.bool)))
    assert output.alignment.shape == (2, 5, 3, 4)
    assert torch.equal(output.dominant, output.weights.argmax(-1))
    ahead = output.alignment.gather(2, output.dominant[..., None, None].expand(2, 5, 1, 4))
    torch.testing.assert_close(ahead, torch.ones_like(ahead))


@pytest.mark.parametrize("outputs", [1, 4])
def test_a_modality_speaks_for_its_neighbours_but_not_for_a_conversation_without_it(outputs):
    observed = torch.ones(2, 4, 3, dtype=torch.bool)
    observed[0, 2, WORDS] = False  # missing once
    observed[1, :, WORDS] = False  # missing throughout
    output = prlf_of(outputs)(under(observed))
    assert output.weights[0, 2, WORDS] > 0
    assert (output.weights[1, :, WORDS] == 0).all()
    assert (output.dominant[1] != WORDS).all()


def test_who_leads_can_be_fixed():
    batch = under(torch.ones(1, 6, 3, dtype=torch.bool))
    assert prlf_of(leader=IN_TURN)(batch).dominant[0].tolist() == [0, 1, 2, 0, 1, 2]
    assert prlf_of(leader=IN_TURN)(batch.only(("audio", "video"))).dominant[0].tolist() == [0, 2, 2, 0, 2, 2]
    assert (prlf_of(leader=TEXT)(batch).dominant == WORDS).all()


def test_without_steps_states_stay_as_they_were_read():
    batch, model = under(torch.ones(1, 4, 3, dtype=torch.bool)), prlf_of(steps=0)
    assert model(batch).alignment.shape[-1] == 1
    assert not any(name.startswith("interact") for name, _ in model.named_parameters())


def test_reliabilities_can_be_replaced_to_see_what_they_do():
    batch, model = under(torch.ones(2, 4, 3, dtype=torch.bool)), prlf_of()
    states, unimodal = model.read(batch)
    as_judged = model.reliability(unimodal, batch.known)
    torch.testing.assert_close(model.fuse(batch, states, unimodal, as_judged).logits, model(batch).logits)
    assert (model.fuse(batch, states, unimodal, as_judged.flip(-1)).logits - model(batch).logits).abs().max() > 1e-4


def test_the_fused_loss_does_not_teach_a_head_to_look_sure():
    model = prlf_of().train()
    model(under(torch.ones(2, 4, 3, dtype=torch.bool))).logits.square().sum().backward()
    assert model.heads.weight.grad is None or model.heads.weight.grad.abs().sum() == 0
    assert model.classifier[0].weight.grad.abs().sum() > 0


def test_unknown_cues_and_leaders_are_refused():
    with pytest.raises(ValueError, match="confidence and fisher"):
        PRLFConfig(DIMS, 4, cues=("luck",))
    with pytest.raises(ValueError, match="leader"):
        PRLFConfig(DIMS, 4, leader="audio")
