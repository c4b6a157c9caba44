"""What ComP costs: an epoch, a live window, and how time and memory grow. On Linux, on one thread, beside a matrix product in the same run.

Times are the processor's, not the clock's: the machine may be shared.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from comp_core.benchmark.conditions import masks_of
from comp_core.benchmark.datasets import mosi
from comp_core.benchmark.held import Held
from comp_core.benchmark.methods import METHODS, Problem
from comp_core.data.conversations import batch_of
from comp_core.modalities import LABELS, MODALITIES
from comp_core.modeling.batch import Conversations
from comp_core.modeling.comp import ComP, ComPConfig
from comp_core.support.devices import CPU
from comp_core.training.fit import optimiser_of
from comp_core.training.fusion import at_random_rates
from comp_core.training.task import Task

# Conversations and utterances in each.
GROWTH = ((1, 16), (1, 64), (1, 256), (1, 1024), (1, 4096), (4, 16), (16, 16), (64, 16), (256, 16))
WINDOW = 16
SMALL = ComPConfig(dims=dict.fromkeys(MODALITIES, 64), outputs=len(LABELS))


def measure(task: Task, runs: int = 20) -> None:
    """Write ``cost.json``: median processor times of ``runs`` rounds of every step, and how time and memory grow."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    square = torch.randn(1024, 1024)
    live, window = ComP(SMALL).eval(), _conversations(1, WINDOW)
    steps: dict[str, Callable[[], object]] = {
        "product of two 1024 x 1024 matrices": lambda: square @ square,
        f"forward of one conversation of {WINDOW} utterances": lambda: _forward(live, window),
        "an epoch on MOSI, training and test": _epoch(task.data),
    }
    taken: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(runs + 2):
        for name, step in steps.items():
            started = time.process_time()
            step()
            taken[name].append(1000 * (time.process_time() - started))
    median = {name: float(np.median(values[2:])) for name, values in taken.items()}
    product, _, epoch = median.values()
    growth = []
    for count, length in GROWTH:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            growth.append({"conversations": count, "utterances": length, **pool.submit(_one_size, count, length).result()})
    task.write_report("cost", {"runs": runs, "median_ms": median, "epoch_in_products": epoch / product, "growth": growth})


def _epoch(data: Path) -> Callable[[], None]:
    dataset = mosi(data)
    fold, method = dataset.folds[0], METHODS["comp"]
    problem = Problem(dataset.dims, dataset.objective, dataset.given, dataset.longest, steps=1)
    model = method.build(problem)
    loss, around_step = method.train(model, problem)
    optimiser = optimiser_of(model.parameters(), method.settings)
    generator = torch.Generator().manual_seed(0)
    asked = Held(fold["test"], CPU).under(masks_of(fold["test"], 0.5, "test", dataset.given))

    def epoch() -> None:
        model.train()
        for start in range(0, len(fold["train"]), dataset.batch):
            batch = batch_of(fold["train"][start : start + dataset.batch])
            observed = at_random_rates(batch.conversations.observed, generator)
            optimiser.zero_grad()
            loss(model, replace(batch, conversations=batch.conversations.observe(observed))).backward()
            with around_step():
                optimiser.step()
        asked.answers(model.eval())

    return epoch


def _one_size(count: int, length: int) -> dict[str, float]:
    """Milliseconds and additional memory at the peak of one forward, in a fresh process."""
    torch.set_num_threads(1)
    model, small, conversations = ComP(SMALL).eval(), _conversations(1, 2), _conversations(count, length)
    _forward(model, small)
    before, times = _memory("VmRSS"), []
    # The kernel forgets the peak that the imports have left.
    Path("/proc/self/clear_refs").write_text("5")
    for _ in range(3):
        started = time.process_time()
        _forward(model, conversations)
        times.append(1000 * (time.process_time() - started))
    return {"ms": float(np.median(times)), "mb": _memory("VmHWM") - before}


def _memory(what: str) -> float:
    """Resident memory of this process in MB as Linux tells it: ``VmRSS`` now, ``VmHWM`` at its peak."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(what))
    return int(line.split()[1]) / 1024


def _conversations(count: int, length: int) -> Conversations:
    generator = torch.Generator().manual_seed(0)
    features = {m: torch.randn(count, length, dim, generator=generator) for m, dim in SMALL.dims.items()}
    observed = torch.rand(count, length, len(MODALITIES), generator=generator) > 0.3
    return Conversations(features, observed, torch.ones(count, length, dtype=torch.bool))


def _forward(model: ComP, conversations: Conversations) -> None:
    with torch.inference_mode():
        model(conversations)
