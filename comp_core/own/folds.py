"""Trainings on your own clips: each method on each fold in a few settings; what is done lies in a folder, so that a stopped run goes on."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from comp_core.benchmark.methods import METHODS, Problem
from comp_core.benchmark.search import AS_CONFIGURED, Setting
from comp_core.data.conversations import Conversation
from comp_core.jobs.engine import Engine, WorkerLost
from comp_core.metrics.calibration import softmax
from comp_core.metrics.figures import class_report
from comp_core.modeling.batch import Batch
from comp_core.modeling.objectives import Classes, Objective, Scores
from comp_core.own.calibration import Asked, ask
from comp_core.own.material import Material
from comp_core.support.atomic_files import whole_file
from comp_core.support.errors import CompCoreError
from comp_core.support.progress import progress
from comp_core.support.threads import one_thread
from comp_core.training.fit import FitConfig
from comp_core.training.fusion import class_weight, fit_fusion, random_windows

# Those that can be saved first, then what they have to beat.
TRIED = ("comp", "prlf", "concat", "late")
# Of the benchmark's settings the two that differ most on few clips.
SETTINGS = (AS_CONFIGURED, Setting("dropout 0.5", dropout=0.5))
EPOCHS = 30
# An epoch has about so many batches, of sizes between these.
_STEPS, _SMALLEST, _LARGEST = 10, 8, 64
_EVERYTHING = -1


class TrainingLost(CompCoreError):
    """A training's worker died each time; the message says what to do."""


@dataclass(frozen=True)
class Item:
    """One training: a method in one of the ``SETTINGS``; the part that is tested on, or ``EVERYTHING`` where none is held back for that."""

    method: str
    setting: int
    test: int = _EVERYTHING


@dataclass(frozen=True)
class Scale:
    """What scores are standardised by."""

    mean: float = 0.0
    spread: float = 1.0


@dataclass(frozen=True)
class Trained:
    """A model with the epoch that is best on its validation part."""

    model: Any
    fit: FitConfig
    history: list[dict[str, float]]
    scale: Scale

    @property
    def score(self) -> float:
        return max(row["score"] for row in self.history)


@dataclass(frozen=True)
class Tested:
    """What a training gave: its validation score, and what it says of the validation and the test part, scores as in the table."""

    score: float
    valid: Asked
    test: Asked


@dataclass(frozen=True)
class Trainer:
    """The work on an item, wherever that is done."""

    material: Material
    dims: dict[str, int]
    seed: int
    epochs: int
    device: str

    def __call__(self, item: Item) -> Tested:
        with quiet_on_one_thread():
            trained = self.train(item)
            valid, test = (self._ask(trained, part) for part in (self.valid_of(item), item.test))
        return Tested(trained.score, valid, test)

    def valid_of(self, item: Item) -> int:
        """The part by which the epoch is chosen: the one after that which is tested on."""
        return (item.test + 1) % len(self.material.parts)

    def train(self, item: Item) -> Trained:
        material, method, setting = self.material, METHODS[item.method], SETTINGS[item.setting]
        valid_part = self.valid_of(item)
        train = material.of(*(part for part in range(len(material.parts)) if part not in (item.test, valid_part)))
        scale, objective = self._objective(train)
        train, valid = _scaled(train, scale), _scaled(material.of(valid_part), scale)
        size = int(np.clip(len(train) // _STEPS, _SMALLEST, _LARGEST))
        longest = max(len(c) for c in material.conversations)
        steps = self.epochs * -(-len(train) // size)
        problem = Problem(self.dims, objective, material.learnt, longest, steps, setting.dropout)
        torch.manual_seed(self.seed)
        model = method.build(problem).to(self.device)
        loss, around_step = method.train(model, problem)
        settings = replace(setting.of(method.settings), epochs=self.epochs, seed=self.seed)

        def loss_of(net: nn.Module, batch: Batch) -> Tensor:
            return loss(net, batch)

        best, history = fit_fusion(
            model,
            loss_of,
            lambda random: random_windows(train, random),
            lambda net: validation_score(ask(net, valid, material.learnt), bool(material.labels)),
            settings,
            batch_size=size,
            given=material.learnt,
            around_step=around_step,
        )
        return Trained(best, settings, history, scale)

    def _objective(self, train: Sequence[Conversation]) -> tuple[Scale, Objective]:
        targets = np.concatenate([c.labels for c in train])
        if not self.material.labels:
            return Scale(float(targets.mean()), float(max(targets.std(), 1e-6))), Scores()
        count = len(self.material.labels)
        # Each label once more, for one that is not in this fold.
        return Scale(), Classes(self.material.labels, class_weight(np.concatenate([targets, np.arange(count)]), count))

    def _ask(self, trained: Trained, part: int) -> Asked:
        asked = ask(trained.model, self.material.of(part), self.material.learnt)
        if self.material.labels:
            return asked
        scale = trained.scale
        fused = {name: scale.mean + scale.spread * values for name, values in asked.fused.items()}
        return replace(asked, fused=fused, own={m: scale.mean + scale.spread * values for m, values in asked.own.items()})


def validation_score(asked: Asked, classes: bool) -> float:
    """Higher is better: UAR, or less the mean error of scores; the mean over the subsets, each on the utterances that have all of it."""
    found = []
    for name, outputs in asked.fused.items():
        rows = asked.has(name)
        if rows.any():
            labels = asked.labels[rows]
            figure = class_report(softmax(outputs[rows]), labels)["uar"] if classes else -np.abs(outputs[rows, 0] - labels).mean()
            found.append(figure)
    return float(np.mean(found))


def train_folds(trainer: Trainer, kept: Path, engine: Engine) -> dict[Item, Tested]:
    """All trainings with a test part; those that lie in ``kept`` are not done again.

    Raises:
        TrainingLost: a worker died each time.
        EngineError: the engine stopped.
    """
    parts = range(len(trainer.material.parts))
    items = [Item(method, setting, test) for test in parts for method in TRIED for setting in range(len(SETTINGS))]
    places = {item: kept / f"{_digest(trainer)}_{item.method}_{item.setting}_{item.test}.npz" for item in items}
    found = {item: tested for item, place in places.items() if (tested := _read(place)) is not None}
    waiting = [item for item in items if item not in found]
    for item, tested in progress(engine.map(trainer, waiting), "trainings", len(waiting)):
        if isinstance(tested, WorkerLost):
            raise TrainingLost(f"{item.method} could not be trained: {tested} Start the command again, and it goes on.")
        found[item] = tested
        _write(places[item], tested)
    return found


@contextmanager
def quiet_on_one_thread() -> Iterator[None]:
    """For one of many trainings, which together have too many epochs to tell."""
    with one_thread(), redirect_stderr(io.StringIO()):
        yield


def _scaled(conversations: Sequence[Conversation], scale: Scale) -> list[Conversation]:
    if scale == Scale():
        return list(conversations)

    def of(values: np.ndarray) -> np.ndarray:
        return ((values - scale.mean) / scale.spread).astype(np.float32)

    return [replace(c, labels=of(c.labels), unimodal_labels=of(c.unimodal_labels)) for c in conversations]


def _digest(trainer: Trainer) -> str:
    """Of all that a training hangs on, but the code."""
    material = trainer.material
    found = hashlib.blake2b(digest_size=8)
    settings = [asdict(METHODS[name].settings) for name in TRIED] + [asdict(setting) for setting in SETTINGS]
    told = [trainer.seed, trainer.epochs, trainer.device, material.parts, material.labels, material.learnt, settings]
    found.update(json.dumps(told).encode())
    for conversation in material.conversations:
        for values in (*conversation.features.values(), conversation.labels, conversation.there):
            found.update(np.ascontiguousarray(values).tobytes())
    return found.hexdigest()


def _write(path: Path, tested: Tested) -> None:
    arrays: dict[str, Any] = {"score": np.array(tested.score)}
    for part in ("valid", "test"):
        asked = getattr(tested, part)
        for key in fields(Asked):
            values = getattr(asked, key.name)
            named = {f"{part}/{key.name}/{name}": one for name, one in values.items()} if isinstance(values, dict) else {}
            arrays |= named or {f"{part}/{key.name}": values}
    with whole_file(path) as beside, beside.open("wb") as file:
        np.savez(file, **arrays)


def _read(path: Path) -> Tested | None:
    if not path.is_file():
        return None
    with np.load(path, allow_pickle=False) as arrays:

        def asked(part: str) -> Asked:
            def by_name(key: str) -> dict[str, np.ndarray]:
                start = f"{part}/{key}/"
                return {name.removeprefix(start): arrays[name] for name in arrays.files if name.startswith(start)}

            return Asked(arrays[f"{part}/labels"], arrays[f"{part}/there"], by_name("fused"), by_name("own"))

        return Tested(float(arrays["score"]), asked("valid"), asked("test"))
