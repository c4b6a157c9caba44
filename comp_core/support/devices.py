"""Where networks run: on the device that was asked for, and on the CPU once that device has no memory left."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import RLock
from typing import Any, TypeVar

import torch
from torch import nn

from comp_core.support.errors import CompCoreError

logger = logging.getLogger(__name__)

CPU = "cpu"

Result = TypeVar("Result")


class DeviceError(CompCoreError, ValueError):
    """The device asked for is not there; the message says what to do."""


def choose_device(device: str | None) -> str:
    """The device asked for, or CUDA if there is any, else the CPU.

    Raises:
        DeviceError: there is no such device.
    """
    if device is None:
        return "cuda" if torch.cuda.is_available() else CPU
    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise DeviceError(f"device {device!r} cannot be used here; try --device cpu.") from error
    return device


def device_of(network: nn.Module) -> torch.device:
    """Where a network's parameters are."""
    return next(network.parameters()).device


def moved(batch: Any, device: torch.device) -> Any:
    """A batch on the device: what has a ``to`` moves, a tuple part by part; the rest stays as it is."""
    if isinstance(batch, tuple):
        return tuple(moved(part, device) for part in batch)
    return batch.to(device) if hasattr(batch, "to") else batch


def random_state(device: torch.device) -> dict[str, torch.Tensor]:
    """Where the random numbers of the processor and of the device stand, by type of device."""
    own = {} if device.type == CPU else {device.type: torch.get_device_module(device).get_rng_state(*_named(device))}
    return {CPU: torch.get_rng_state(), **own}


def set_random_state(device: torch.device, state: dict[str, torch.Tensor]) -> None:
    """Go on with the random numbers where `random_state` found them; what another type of device had drawn says nothing of this one."""
    torch.set_rng_state(state[CPU])
    if device.type != CPU and device.type in state:
        torch.get_device_module(device).set_rng_state(state[device.type], *_named(device))


def _named(device: torch.device) -> tuple[torch.device, ...]:
    """What names the device to its own module: Apple's has one only, and takes no name."""
    return () if device.type == "mps" else (device,)


class Placed:
    """Networks that work together on one device. Where its memory runs out they move to the CPU, say so, and stay there.

    Attributes:
        device: where they are now.
        notice: one sentence once they had to move, "" before.

    Args:
        name: what the notice calls them.
        device: where they are put.
        networks: modules, or anything else with a ``to`` that moves it in place.
    """

    def __init__(self, name: str, device: str, *networks: Any) -> None:
        self.device, self.notice = device, ""
        self._name, self._networks = name, networks
        self._lock = RLock()
        self.run(self._put)

    def run(self, compute: Callable[[str], Result]) -> Result:
        """``compute`` with the device to work on; once more on the CPU if there was too little memory for it."""
        if self.device == CPU:
            return compute(CPU)
        with self._lock:  # nobody computes while they move
            try:
                return compute(self.device)
            except RuntimeError as error:
                if self.device == CPU or not out_of_memory(error):
                    raise
            # Not in the handler: the error would keep what it was computing on alive.
            self._move_to_cpu()
            return compute(CPU)

    def _put(self, device: str) -> None:
        for network in self._networks:
            network.to(device)

    def _move_to_cpu(self) -> None:
        self.notice = f"The memory of {self.device} ran out: {self._name} goes on on the CPU, slower."
        logger.warning(self.notice)
        self._put(CPU)
        self.device = CPU
        torch.cuda.empty_cache()


def out_of_memory(error: RuntimeError) -> bool:
    """Whether a device had too little memory. CUDA's own libraries say so in words only."""
    return isinstance(error, torch.OutOfMemoryError) or any(told in str(error).lower() for told in ("out of memory", "alloc_failed"))
