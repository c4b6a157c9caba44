"""A stand-in for an accelerator: a device of its own that computes on the processor and, like CUDA, refuses tensors of another one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map_only, tree_unflatten

NAME = "standin"
# Now, not when it is first used: PyTorch counts the devices when a process goes backward for the first time.
torch.utils.backend_registration._setup_privateuseone_for_python_backend(NAME)

# What is drawn on a device comes from a generator of its own.
drawn = torch.Generator()
_module = torch.get_device_module(NAME)
_module.get_rng_state = lambda _device: drawn.get_state()
_module.set_rng_state = lambda state, _device: drawn.set_state(state)

aten = torch.ops.aten
# As on CUDA, these carry data from one device to another ...
_BETWEEN = {aten.copy_.default}
# ... and places may be named by numbers that lie on the processor.
_PLACES = {aten.index.Tensor, aten.index_put_.default, aten.index_put.default, aten._index_put_impl_.default}


class OnStandIn(torch.Tensor):
    """A tensor on the stand-in; what it holds lies on the processor."""

    @staticmethod
    def __new__(cls, held: torch.Tensor) -> OnStandIn:
        # A view of a tensor from outside inference mode may not be one of inference.
        with torch.inference_mode(False):
            return torch.Tensor._make_wrapper_subclass(
                cls, held.shape, strides=held.stride(), storage_offset=held.storage_offset(), dtype=held.dtype, device=f"{NAME}:0"
            )

    def __init__(self, held: torch.Tensor) -> None:
        self.held = held

    def __repr__(self, **_: Any) -> str:
        return f"OnStandIn({self.held!r})"

    def tolist(self) -> list:
        return self.cpu().tolist()

    @classmethod
    def __torch_dispatch__(cls, operator, types, args=(), kwargs=None):
        return _compute(operator, args, kwargs or {})


class _Mode(TorchDispatchMode):
    """Catches what makes tensors on the device."""

    def __torch_dispatch__(self, operator, types, args=(), kwargs=None):
        return _compute(operator, args, kwargs or {})


def _compute(operator: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
    flat, shape = tree_flatten((args, kwargs))
    held = {id(x.held): x for x in flat if isinstance(x, OnStandIn)}
    asked = kwargs.get("device")
    target = torch.device(asked).type if asked is not None else None
    if not held and target != NAME:
        return operator(*args, **kwargs)
    if held and operator not in _BETWEEN | _PLACES:
        other = [x for x in flat if isinstance(x, torch.Tensor) and not isinstance(x, OnStandIn) and x.dim() > 0]
        if other:
            raise RuntimeError(f"{operator}: tensors on {NAME} and on {other[0].device}, of shape {tuple(other[0].shape)}")
    args, kwargs = tree_unflatten([x.held if isinstance(x, OnStandIn) else x for x in flat], shape)
    if target == NAME:
        kwargs["device"] = "cpu"
    found = operator(*args, **kwargs)
    if target not in (None, NAME):
        return found  # brought back
    if operator in _BETWEEN and id(args[0]) not in held:
        return found
    return tree_map_only(torch.Tensor, lambda x: held.get(id(x)) if id(x) in held else OnStandIn(x), found)


@contextmanager
def stand_in() -> Iterator[str]:
    """The name of the device, which is there for as long as the context lasts."""
    before = torch._C._only_lift_cpu_tensors()
    torch._C._set_only_lift_cpu_tensors(True)  # `torch.tensor(..., device=...)` then passes through the mode
    try:
        with _Mode():
            yield f"{NAME}:0"
    finally:
        torch._C._set_only_lift_cpu_tensors(before)
