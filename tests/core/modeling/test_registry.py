"""Fusion models by name: each kind is built, trained, saved and found again without anybody asking which it is."""

import pytest
import torch

from comp_core.modeling.batch import Batch
from comp_core.modeling.objectives import Classes
from comp_core.modeling.registry import KINDS, build, kind_of, load_fusion
from comp_core.support.checkpoint import CheckpointError, save_checkpoint
from tests.core.modeling.made_up import DIMS, conversations


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_goes_from_its_sizes_to_its_loss_and_back_from_its_file(name, tmp_path):
    torch.manual_seed(0)
    config, batch = KINDS[name].config(DIMS, 4, width=8), conversations(2, 3)
    model = build(config)
    assert kind_of(config) is KINDS[name]
    labels = torch.randint(4, (2, 3))
    loss = KINDS[name].loss(model, Batch(batch, labels, labels.unsqueeze(-1).expand(2, 3, 3), batch.observed), Classes("abcd"))
    loss.backward()
    assert loss.isfinite() and sum(p.grad is not None for p in model.parameters()) > 10
    save_checkpoint(tmp_path / "some", name, model, config, {"data": "made up"})
    again, record = load_fusion(tmp_path / "some")
    assert type(again) is type(model) and again.config == config and record["data"] == "made up"
    torch.testing.assert_close(again.eval()(batch).logits, model.eval()(batch).logits, rtol=1e-2, atol=1e-2)  # half precision


def test_what_is_no_fusion_model_is_refused(tmp_path):
    config = KINDS["comp"].config(DIMS, 4, width=8)
    save_checkpoint(tmp_path / "some", "face", build(config), config, {})
    with pytest.raises(CheckpointError):
        load_fusion(tmp_path / "some")
