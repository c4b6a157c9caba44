"""Checkpoints: weights as safetensors (half precision) beside a JSON that says how they came to be. Never pickle."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from comp_core.shipped import ASSETS
from comp_core.whole_files import whole_file

WEIGHTS_DIR = ASSETS / "weights"

Config = TypeVar("Config")


class CheckpointError(Exception):
    """A checkpoint is missing, damaged or of another kind; the message says what to do."""


def save_checkpoint(stem: Path, kind: str, model: nn.Module, config: Any, about: dict[str, Any]) -> None:
    """Write ``stem.safetensors`` and ``stem.json``.

    Args:
        stem: path without suffix.
        kind: what the weights are for ("face", "voice", "words", "comp", ...); checked when they are loaded.
        model: its state dict is stored in half precision.
        config: the dataclass from which the model was built.
        about: data, command, metrics, date: whatever a reader of the JSON needs to judge the weights.

    Raises:
        NotWritten: the disk is full, or the folder cannot be written to; the checkpoint that was there before still is.
    """
    tensors = {
        name: (tensor.half() if tensor.is_floating_point() else tensor).contiguous().cpu() for name, tensor in model.state_dict().items()
    }
    with whole_file(stem.with_suffix(".safetensors")) as weights, whole_file(stem.with_suffix(".json")) as description:
        save_file(tensors, weights)
        record = {"kind": kind, "config": asdict(config), "sha256": sha256_of(weights), **about}
        description.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def load_checkpoint(stem: Path, configs: Mapping[str, type[Config]]) -> tuple[Config, dict[str, torch.Tensor], dict[str, Any]]:
    """Read what `save_checkpoint` wrote.

    Args:
        configs: the kinds that will do, each with the type of its configuration; the record's ``kind`` tells which it was.

    Returns:
        The configuration, the float32 state dict, and the whole JSON record.

    Raises:
        CheckpointError: a file is missing, is not what its JSON says, or was made for something else.
    """
    weights, description = stem.with_suffix(".safetensors"), stem.with_suffix(".json")
    for path in (weights, description):
        if not path.is_file():
            raise CheckpointError(
                f"weights file not found: {path}. Take assets/weights/ from the repository again, "
                f"or make it with `python -m comp_core train {stem.name if stem.name in configs else next(iter(configs))}`."
            )
    try:
        record = json.loads(description.read_text(encoding="utf-8"))
        found, fields = record["kind"], record["config"]
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{description} is not the description of a checkpoint: {error}") from error
    if found not in configs:
        needed = " or ".join(repr(kind) for kind in configs)
        raise CheckpointError(f"{description} describes a {found!r} model, but a {needed} model is needed here.")
    if sha256_of(weights) != record.get("sha256"):
        raise CheckpointError(f"{weights} is damaged or was replaced: its hash is not the one in {description.name}. Get both files again.")
    try:
        config = configs[found](**{name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()})
        tensors = load_file(weights)
    except (TypeError, ValueError, SafetensorError) as error:
        raise CheckpointError(f"{stem.name} cannot be read by this version: {error}") from error
    state = {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}
    return config, state, record


def restore(model: nn.Module, state: dict[str, torch.Tensor]) -> nn.Module:
    """Put a loaded state into a model built from its configuration, ready for inference.

    Raises:
        CheckpointError: names or shapes differ.
    """
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        raise CheckpointError(f"the weights do not fit {type(model).__name__}: {error}") from error
    return model.eval().requires_grad_(False)


def sha256_of(path: Path) -> str:
    """The hash of a file, in hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
