"""The results of a benchmark as they come in, so that a stopped one goes on: a file for each training, and one for each whole run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from comp_core.benchmark.datasets import Dataset
from comp_core.benchmark.methods import METHODS
from comp_core.benchmark.protocol import Protocol, Tested, joined, train_and_test, trainings
from comp_core.evaluation.loop import Predicted
from comp_core.support.atomic_files import whole_file, write_whole


@dataclass(frozen=True)
class Training:
    """The item of a benchmark: one model, trained with one seed on one fold; ``rate`` as in `trainings`."""

    method: str
    seed: int
    fold: int
    rate: float | None


@dataclass(frozen=True)
class Trainer:
    """The work on it, wherever that is done."""

    dataset: Dataset
    protocol: Protocol
    epochs: int | None

    def __call__(self, item: Training) -> Tested:
        return train_and_test(self.dataset, METHODS[item.method], item.seed, item.fold, item.rate, self.protocol, self.epochs)


@dataclass(frozen=True)
class Kept:
    """A folder of results under one protocol."""

    folder: Path
    dataset: Dataset
    protocol: Protocol
    epochs: int | None

    def missing(self, names: Sequence[str], seeds: int) -> list[Training]:
        """What is still to be done, seed by seed, so that a stopped benchmark has something of every method."""
        runs = [(name, seed) for seed in range(seeds) for name in names if not self._run(name, seed).is_file()]
        return [item for run in runs for item in self._items(*run) if not self._part(item).is_file()]

    def keep(self, item: Training, tested: Tested) -> None:
        """Write one result; the last one of a run makes the run's figures, and the parts go."""
        parts = {
            f"{name}/{draw}/{key.name}": getattr(found, key.name)
            for name, draws in tested.found.items()
            for draw, found in enumerate(draws)
            for key in fields(Predicted)
        }
        about = {key.name: getattr(tested, key.name) for key in fields(Tested) if key.name != "found"}
        about["draws"] = {name: len(draws) for name, draws in tested.found.items()}
        with whole_file(self._part(item)) as beside, beside.open("wb") as file:
            np.savez(file, about=json.dumps(about), **parts)
        self._join(item.method, item.seed)

    def run(self, method: str, seed: int) -> dict[str, Any]:
        """The figures of a run of which nothing is missing."""
        path = self._run(method, seed)
        if not path.is_file():  # stopped after the last part
            self._join(method, seed)
        return json.loads(path.read_text(encoding="utf-8"))

    def _join(self, method: str, seed: int) -> None:
        paths = [self._part(item) for item in self._items(method, seed)]
        if all(path.is_file() for path in paths):
            figures = joined(self.dataset, self.protocol, [_read(path) for path in paths])
            write_whole(self._run(method, seed), json.dumps(figures))
            for path in paths:
                path.unlink()

    def _items(self, method: str, seed: int) -> list[Training]:
        return [Training(method, seed, fold, rate) for fold, rate in trainings(self.dataset, self.protocol)]

    def _run(self, method: str, seed: int) -> Path:
        return self.folder / f"{self.dataset.name}_{method}_{self.protocol.select}_seed{seed}_{self._digest(method)}.json"

    def _part(self, item: Training) -> Path:
        at = "" if item.rate is None else f"_rate{item.rate}"
        return self._run(item.method, item.seed).with_suffix(f".fold{item.fold}{at}.npz")

    def _digest(self, method: str) -> str:
        """Of all that makes a run what it is, but the code: a run under other settings is another run."""
        dataset, of = self.dataset, METHODS[method]
        protocol = self.protocol
        settings = [of.settings, of.epochs, dataset.feature_mixing, dataset.batch, self.epochs or dataset.epochs, protocol.rates]
        settings += [protocol.settings, protocol.draws, dataset.features, dataset.objective.outputs]
        return hashlib.blake2b(repr(settings).encode(), digest_size=4).hexdigest()


def _read(path: Path) -> Tested:
    with np.load(path) as arrays:
        about = json.loads(str(arrays["about"]))
        found = {
            name: [Predicted(*(arrays[f"{name}/{draw}/{key.name}"] for key in fields(Predicted))) for draw in range(draws)]
            for name, draws in about.pop("draws").items()
        }
    return Tested(found, **about)
