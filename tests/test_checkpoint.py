"""Checkpoints survive the round trip, and anything wrong with them is refused with a sentence that helps."""

import json
from dataclasses import dataclass

import pytest
import torch
from torch import nn

from comp_core.checkpoint import CheckpointError, load_checkpoint, restore, save_checkpoint


@dataclass(frozen=True)
class Sizes:
    widths: tuple[int, ...] = (3, 2)


def network(config):
    return nn.Sequential(nn.Linear(*config.widths), nn.BatchNorm1d(config.widths[1]))


@pytest.fixture
def saved(tmp_path):
    torch.manual_seed(0)
    model = network(Sizes())
    save_checkpoint(tmp_path / "m", "face", model, Sizes(), {"data": "made up"})
    return tmp_path / "m", model


def test_round_trip(saved):
    stem, model = saved
    config, state, record = load_checkpoint(stem, {"face": Sizes})
    assert config == Sizes()
    assert record["data"] == "made up"
    other = restore(network, config, state)
    torch.testing.assert_close(other[0].weight, model[0].weight, rtol=1e-3, atol=1e-3)
    assert not other.training
    assert not other[0].weight.requires_grad


def test_missing_files_say_how_to_get_them(tmp_path):
    with pytest.raises(CheckpointError, match=r"not found.*train face"):
        load_checkpoint(tmp_path / "none", {"face": Sizes})


def test_another_kind_is_refused(saved):
    with pytest.raises(CheckpointError, match="'voice' model is needed"):
        load_checkpoint(saved[0], {"voice": Sizes})


def test_damaged_weights_are_refused(saved):
    path = saved[0].with_suffix(".safetensors")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="damaged"):
        load_checkpoint(saved[0], {"face": Sizes})


@pytest.mark.parametrize("content", ["", "not json", "[]", '{"kind": "face"}'])
def test_a_damaged_description_is_refused(saved, content):
    saved[0].with_suffix(".json").write_text(content)
    with pytest.raises(CheckpointError, match="not the description"):
        load_checkpoint(saved[0], {"face": Sizes})


def test_an_unknown_configuration_is_refused(saved):
    path = saved[0].with_suffix(".json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "config": {"heights": [1]}}))
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_checkpoint(saved[0], {"face": Sizes})


def test_weights_of_other_shapes_are_refused(saved):
    _, state, _ = load_checkpoint(saved[0], {"face": Sizes})
    with pytest.raises(CheckpointError, match="do not fit"):
        restore(lambda config: nn.Sequential(nn.Linear(4, 2), nn.BatchNorm1d(2)), Sizes(), state)
