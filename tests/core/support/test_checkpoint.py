"""Checkpoints survive the round trip, and anything wrong with them is refused with a sentence that helps."""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from comp_core.inference.fusion import Fusion
from comp_core.support.checkpoint import WEIGHTS_DIR, CheckpointError, load_checkpoint, restore, save_checkpoint, sha256_of
from tests.places import ROOT


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


def test_in_eight_bits_each_row_keeps_its_size(tmp_path):
    """The largest number of a row is off by half of a 254th at most, however small the row is; vectors stay in half precision."""
    torch.manual_seed(0)
    model = nn.Linear(50, 8)
    with torch.no_grad():
        model.weight.mul_(10.0 ** -torch.arange(8).unsqueeze(1) * 100)
        model.weight[3] = 0
    save_checkpoint(tmp_path / "m", "face", model, Sizes(), {}, eight_bits=True)
    _, state, _ = load_checkpoint(tmp_path / "m", {"face": Sizes})
    assert set(state) == {"weight", "bias"}
    largest = model.weight.abs().amax(1, keepdim=True)
    assert ((state["weight"] - model.weight).abs() <= largest / 127 + 2**-18).all()
    torch.testing.assert_close(state["bias"], model.bias.detach(), rtol=1e-3, atol=1e-4)
    size = (tmp_path / "m.safetensors").stat().st_size
    save_checkpoint(tmp_path / "m", "face", model, Sizes(), {})
    assert size < (tmp_path / "m.safetensors").stat().st_size


def test_eight_bits_without_their_scales_are_refused(tmp_path):
    stem = tmp_path / "m"
    save_checkpoint(stem, "face", nn.Linear(50, 8), Sizes(), {}, eight_bits=True)
    tensors = load_file(stem.with_suffix(".safetensors"))
    del tensors["weight.scale"]
    save_file(tensors, stem.with_suffix(".safetensors"))
    record = json.loads(stem.with_suffix(".json").read_text())
    stem.with_suffix(".json").write_text(json.dumps({**record, "sha256": sha256_of(stem.with_suffix(".safetensors"))}))
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_checkpoint(stem, {"face": Sizes})


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


@pytest.mark.parametrize("content", ["", "not json", "[]", '{"kind": "face"}', '{"kind": "face", "config": 3}', "[" * 100_000, "\xff"])
def test_a_damaged_description_is_refused(saved, content):
    saved[0].with_suffix(".json").write_text(content, encoding="latin1")
    with pytest.raises(CheckpointError, match="not the description"):
        load_checkpoint(saved[0], {"face": Sizes})


def test_an_unknown_configuration_is_refused(saved):
    path = saved[0].with_suffix(".json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "config": {"heights": [1]}}))
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_checkpoint(saved[0], {"face": Sizes})


@pytest.mark.parametrize("widths", [[3, 10**12], [[2, {"a": -(2**62)}]]])
def test_layers_beyond_all_proportion_are_refused_before_they_are_built(saved, widths):
    path = saved[0].with_suffix(".json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "config": {"widths": widths}}))
    with pytest.raises(CheckpointError, match="larger layers"):
        load_checkpoint(saved[0], {"face": Sizes})


@pytest.mark.parametrize("widths", [(), ("3", "2"), (-3, 2), (3, 0.5)])
def test_a_configuration_of_which_nothing_can_be_built_is_refused(saved, widths):
    _, state, _ = load_checkpoint(saved[0], {"face": Sizes})
    with pytest.raises(CheckpointError, match="no model can be built"):
        restore(network, Sizes(widths), state)


def test_weights_of_other_shapes_are_refused(saved):
    _, state, _ = load_checkpoint(saved[0], {"face": Sizes})
    with pytest.raises(CheckpointError, match="do not fit"):
        restore(lambda config: nn.Sequential(nn.Linear(4, 2), nn.BatchNorm1d(2)), Sizes(), state)


def test_a_model_that_does_not_fit_takes_no_memory(saved):
    """Its layers are in proportion to the weights each, but not together."""
    _, state, _ = load_checkpoint(saved[0], {"face": Sizes})
    with pytest.raises(CheckpointError, match="far larger"):
        restore(lambda config: nn.Linear(2**20, 2**20), Sizes(), state)


def test_a_fusion_model_that_does_not_say_what_it_needs_is_refused(tmp_path):
    record = json.loads((WEIGHTS_DIR / "prlf.json").read_text(encoding="utf-8"))
    del record["temperature"]
    (tmp_path / "prlf.json").write_text(json.dumps(record))
    shutil.copy(WEIGHTS_DIR / "prlf.safetensors", tmp_path)
    with pytest.raises(CheckpointError, match="temperature"):
        Fusion.load("prlf", tmp_path)


@pytest.mark.parametrize("scale", [torch.ones(1, 3), torch.ones(3, 2)])
def test_a_scale_that_would_spread_a_matrix_out_is_refused(saved, scale):
    stem, _ = saved
    _replace(stem, {"0.weight": torch.ones(3, 1, dtype=torch.int8), "0.weight.scale": scale})
    with pytest.raises(CheckpointError, match="another shape"):
        load_checkpoint(stem, {"face": Sizes})


def test_weights_that_are_no_numbers_are_refused(saved):
    stem, _ = saved
    _replace(stem, {"0.weight": torch.full((2, 3), torch.nan)})
    with pytest.raises(CheckpointError, match="no finite numbers"):
        load_checkpoint(stem, {"face": Sizes})


def test_a_file_far_larger_than_any_weights_is_refused_unread(saved):
    stem, _ = saved
    with stem.with_suffix(".safetensors").open("r+b") as file:
        file.truncate(3 * 10**9)  # it takes no place on the disk
    with pytest.raises(CheckpointError, match="larger than 500 MB"):
        load_checkpoint(stem, {"face": Sizes})


def _replace(stem, tensors):
    save_file(tensors, stem.with_suffix(".safetensors"))
    record = json.loads(stem.with_suffix(".json").read_text())
    stem.with_suffix(".json").write_text(json.dumps({**record, "sha256": sha256_of(stem.with_suffix(".safetensors"))}))


def test_loading_weights_does_not_load_the_compiler():
    """It would take seconds at every start, and leave a folder among the temporary files."""
    code = (
        "import sys; from comp_core.predictor import Predictor; Predictor.load(['comp', 'prlf']); print('torch._inductor' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "False"
