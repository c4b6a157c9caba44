"""Work on the machines of a Ray cluster, or on all cores of this one (Moritz et al., 2018; ray.io, Apache-2.0)."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from types import TracebackType
from typing import Any

from comp_core.jobs.engine import EngineError, Item, Result, WorkerLost
from comp_core.support.devices import CPU

# An item is tried so often before it counts as one that kills its worker, such as a file on which a decoder crashes.
ATTEMPTS = 3
# Items that wait at each worker, so that it need not wait for the next.
_AHEAD = 2
_CONNECT_SECONDS = 5.0
_STARTS = 3
# Nothing is reported to Ray's makers; and of several errors that end the work, the first is raised and the others are not printed.
_ENVIRONMENT = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_IGNORE_UNHANDLED_ERRORS": "1"}
# Ray wraps what it could not import in an error of its own.
_MISSING = re.compile(r"No module named '([\w.]+)'")
_CUDA = "cuda"
_HOW_TO_JOIN = "start it with `ray start --head`, join it from this machine with `ray start --address HOST:PORT`, and give that address"
_PREPARE = "every machine needs this project and its requirements, at the same paths"


class RayCluster:
    """Ray as a context: entered, it is connected. A worker is a process with one core and one thread, and
    one GPU where the work is done on CUDA: Ray then shows it no other.

    Ray does an item again whose worker, or its whole machine, was lost; the other items are not touched. Machines that join get work,
    too. A program that is connected to Ray already keeps its connection.

    Args:
        address: of a running cluster that this machine belongs to, HOST:PORT or ``auto``; without it a cluster is started here.
        workers: of the cluster that is started; by default one for each core.
        device: what the work computes on, ``cpu`` or ``cuda``.

    Raises:
        EngineError: when it is entered: Ray is not installed, the cluster cannot be reached, or it has no GPU and the work asks for one.
    """

    def __init__(self, address: str | None = None, workers: int | None = None, device: str = CPU) -> None:
        if address and workers:
            raise EngineError("a running cluster has its own number of workers: give --address or --workers, not both.")
        if device not in (CPU, _CUDA):
            raise EngineError(f"a worker of Ray sees one GPU only, not {device}: give --device {_CUDA}, or {CPU}.")
        self._address, self._workers, self._device = address, workers, device

    def __enter__(self) -> RayCluster:
        os.environ |= _ENVIRONMENT  # before the import, which reads it
        try:
            import ray
        except ImportError as error:
            raise EngineError("Ray is not installed: pip install '.[ray]'") from error
        self._ray = ray
        self._ours = not ray.is_initialized()
        if self._ours:
            self._connect()
        if self._device == _CUDA and not self._ray.cluster_resources().get("GPU"):
            self.__exit__(None, None, None)
            raise EngineError(f"no machine of the Ray cluster has a GPU: give --device {CPU}.")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._ours:
            self._ray.shutdown()

    def map(self, work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[tuple[Item, Result | WorkerLost]]:
        gpus = 1 if self._device == _CUDA else 0
        remote: Any = self._ray.remote(num_cpus=1, num_gpus=gpus, max_retries=ATTEMPTS - 1)(_on_one_thread)
        # Sent to each machine once.
        shared = self._ray.put(work)
        left = iter(items)
        running: dict[Any, Item] = {}
        while True:
            for item in islice(left, max(0, self._room() - len(running))):
                running[remote.remote(shared, item)] = item
            if not running:
                return
            (done,), _ = self._ray.wait(list(running), num_returns=1)
            yield running.pop(done), self._result(done)

    def _connect(self) -> None:
        quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
        if self._address is None:
            self._start(quiet)
            return
        try:
            _check_reachable(self._address)
            self._ray.init(address=self._address, **quiet)
        except (ConnectionError, RuntimeError, ValueError) as error:
            advice = "set RAY_AUTH_MODE=token, as where it was started" if _refused(error) else _HOW_TO_JOIN
            raise EngineError(f"the Ray cluster at {self._address} cannot be used ({_first_line(error)}): {advice}.") from error

    def _start(self, quiet: dict[str, Any]) -> None:
        for left in reversed(range(_STARTS)):
            try:
                self._ray.init(address="local", num_cpus=self._workers, include_dashboard=False, **quiet)
                return
            except Exception as error:  # a busy machine takes longer than Ray allows, which is no kind of error of its own
                self._ray.shutdown()
                if not left:
                    raise EngineError(f"Ray does not start on this machine: {_first_line(error)}.") from error

    def _room(self) -> int:
        there = self._ray.cluster_resources()
        workers = min(there.get("CPU", 1), there.get("GPU", 0)) if self._device == _CUDA else there.get("CPU", 1)
        return _AHEAD * max(1, int(workers))

    def _result(self, done: Any) -> Any:
        errors = self._ray.exceptions
        try:
            return self._ray.get(done)
        except errors.RayTaskError as error:
            if missing := _MISSING.search(str(error.cause)):
                raise EngineError(f"a worker has no module {missing[1]}: {_PREPARE}.") from error
            raise error.cause from None
        except errors.LocalRayletDiedError as error:
            raise EngineError("Ray stopped on this machine: start the command again, and it goes on.") from error
        except errors.RayError:
            return WorkerLost(f"its worker died {ATTEMPTS} times: the machine has too little memory, or a library crashes on it.")


def _check_reachable(address: str) -> None:
    """Ray itself tries for a minute, and then ends the whole process."""
    if address == "auto":
        return
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        raise ConnectionError("an address is HOST:PORT, or auto")
    try:
        socket.create_connection((host, int(port)), _CONNECT_SECONDS).close()
    except OSError as error:
        raise ConnectionError(f"nothing answers there, {error.strerror or error}") from error


def _refused(error: BaseException) -> bool:
    """Whether the cluster asks for a token that it was not given."""
    return "InvalidAuthToken" in str(error.__cause__)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".")


def _on_one_thread(work: Callable[[Item], Result], item: Item) -> Result:
    import torch

    torch.set_num_threads(1)
    return work(item)
