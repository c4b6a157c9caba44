"""Checkpoints: weights as safetensors (half precision or 8 bits) beside a JSON that says how they came to be. Never pickle."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn
from torch.overrides import TorchFunctionMode

from comp_core.support.assets import ASSETS
from comp_core.support.atomic_files import whole_file
from comp_core.support.errors import CompCoreError

WEIGHTS_DIR = ASSETS / "weights"

# The end of the name of an 8-bit matrix's scales.
_SCALE = ".scale"
# Before anything of a file is read.
MOST_BYTES, MOST_JSON_BYTES = 500 * 10**6, 10 * 10**6

Config = TypeVar("Config")


Network = TypeVar("Network", bound=nn.Module)


class CheckpointError(CompCoreError):
    """A checkpoint is missing, damaged or of another kind; the message says what to do."""


def save_checkpoint(stem: Path, kind: str, model: nn.Module, config: Any, about: dict[str, Any], eight_bits: bool = False) -> None:
    """Write ``stem.safetensors`` and ``stem.json``.

    Args:
        stem: path without suffix.
        kind: what the weights are for ("face", "voice", "words", "comp", ...); checked when they are loaded.
        model: its state dict is stored in half precision.
        eight_bits: store matrices as whole numbers of 8 bits, with a scale for each row.
        config: the dataclass from which the model was built.
        about: data, command, metrics, date: whatever a reader of the JSON needs to judge the weights.

    Raises:
        NotWritten: the disk is full, or the folder cannot be written to; the checkpoint that was there before still is.
    """
    tensors = {
        name: (tensor.half() if tensor.is_floating_point() else tensor).contiguous().cpu() for name, tensor in model.state_dict().items()
    }
    if eight_bits:
        for name, tensor in model.state_dict().items():
            if tensor.ndim == 2:
                tensors |= _in_eight_bits(name, tensor.float().cpu())
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
    if description.stat().st_size > MOST_JSON_BYTES:
        raise CheckpointError(f"{description} is larger than {MOST_JSON_BYTES // 10**6} MB: it is not the description of a checkpoint.")
    try:
        record = json.loads(description.read_text(encoding="utf-8"))
        found, fields = str(record["kind"]), dict(record["config"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CheckpointError(f"{description} is not the description of a checkpoint: {error}") from error
    if found not in configs:
        needed = " or ".join(repr(kind) for kind in configs)
        raise CheckpointError(f"{description} describes a {found!r} model, but a {needed} model is needed here.")
    if weights.stat().st_size > MOST_BYTES:
        raise CheckpointError(f"{weights} is larger than {MOST_BYTES // 10**6} MB: it is no model of this program.")
    if sha256_of(weights) != record.get("sha256"):
        raise CheckpointError(f"{weights} is damaged or was replaced: its hash is not the one in {description.name}. Get both files again.")
    try:
        config = configs[found](**{name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()})
        tensors = load_file(weights)
        # From 8 bits back to numbers.
        scaled = {name: _unscaled(tensor, tensors.pop(name + _SCALE)) for name, tensor in _whole_matrices(tensors)}
    except SafetensorError as error:
        raise CheckpointError(f"{weights} cannot be read: it is no safetensors file ({error}). Pickles are never opened.") from error
    except (TypeError, ValueError, KeyError, AttributeError, RuntimeError, OSError) as error:
        raise CheckpointError(f"{stem.name} cannot be read by this version: {error}") from error
    # A model is built before its weights fill it: what the JSON asks for must be in proportion to what is there.
    most = max([len(tensors), *(size for tensor in tensors.values() for size in tensor.shape)])
    if any(abs(number) > most for number in _whole_numbers(fields)):
        raise CheckpointError(f"{description} asks for larger layers than its weights have. Get both files again.")
    state = {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()} | scaled
    if not all(tensor.isfinite().all() for tensor in state.values()):
        raise CheckpointError(f"{weights} holds weights that are no finite numbers. Get both files again.")
    return config, state, record


def restore(make: Callable[[Any], Network], config: Any, state: dict[str, torch.Tensor]) -> Network:
    """Build a model from its loaded configuration and put the state into it, ready for inference.

    Raises:
        CheckpointError: names or shapes differ, or no model can be built so.
    """
    try:
        with _Bounded(sum(tensor.numel() for tensor in state.values())):
            model = make(config)
    except CheckpointError:
        raise
    except Exception as error:  # a configuration from a file can be wrong in any way
        raise CheckpointError(f"no model can be built from this configuration: {error}") from error
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        raise CheckpointError(f"the weights do not fit {type(model).__name__}: {error}") from error
    return model.eval().requires_grad_(False)


def _in_eight_bits(name: str, matrix: torch.Tensor) -> dict[str, torch.Tensor]:
    """The matrix (N, M) as -127..127 under its name, and beside it (N, 1) what each row is to be multiplied with."""
    # Rounded up to half precision, so that no row overflows.
    scale = (matrix.abs().amax(1, keepdim=True) / 127 * (1 + 2**-10)).half().clamp(min=2**-24)
    return {name: (matrix / scale.float()).round().to(torch.int8), name + _SCALE: scale}


def _unscaled(matrix: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    if scale.shape != (len(matrix), 1):  # any other would be spread out, to any size
        raise ValueError("a matrix in 8 bits has a scale of another shape")
    return matrix.float() * scale.float()


def _whole_matrices(tensors: Mapping[str, torch.Tensor]) -> list[tuple[str, torch.Tensor]]:
    return [(name, tensor) for name, tensor in tensors.items() if tensor.dtype == torch.int8]


class _Bounded(TorchFunctionMode):
    """While a model is built: it may have as many numbers as its weights, and some for tables that are not saved. More gets no memory."""

    _MAKERS = (torch.empty, torch.zeros, torch.ones, torch.full, torch.randn, torch.rand)
    _SPARE = 1_000_000

    def __init__(self, weights: int) -> None:
        super().__init__()
        self._left = weights + self._SPARE

    def __torch_function__(self, function: Any, types: Any, args: tuple = (), kwargs: dict[str, Any] | None = None) -> Any:
        if function in self._MAKERS and args:
            self._left -= math.prod(args[0] if isinstance(args[0], tuple | list) else [size for size in args if isinstance(size, int)])
            if self._left < 0:
                raise CheckpointError("the weights do not fit the model: it is far larger. Get both files again.")
        return function(*args, **(kwargs or {}))


def _whole_numbers(fields: Any) -> Iterator[int]:
    """All in a configuration, however deep."""
    if isinstance(fields, int):
        yield fields
    elif isinstance(fields, dict | list):
        for value in fields.values() if isinstance(fields, dict) else fields:
            yield from _whole_numbers(value)


def sha256_of(path: Path) -> str:
    """The hash of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hashes_of(names: Iterable[str], weights: Path = WEIGHTS_DIR) -> dict[str, str]:
    """The hashes of weights by their names, of those that are in the folder: what a report was made with."""
    files = {name: weights / f"{name}.safetensors" for name in names}
    return {name: sha256_of(path) for name, path in files.items() if path.is_file()}


def hash_in(stem: Path) -> str:
    """The hash of a checkpoint's weights, as its JSON says.

    Raises:
        CheckpointError: there is none.
    """
    try:
        return str(json.loads(stem.with_suffix(".json").read_text(encoding="utf-8"))["sha256"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{stem.with_suffix('.json')} is not the description of a checkpoint: {error}") from error
