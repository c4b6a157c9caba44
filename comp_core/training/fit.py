"""The one training loop: AdamW, one cosine cycle with warm-up, the epoch that is best on validation data is kept."""

from __future__ import annotations

import copy
import math
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from comp_core.support.devices import device_of, moved, random_state, set_random_state

# What is trained, and what a batch of it is.
Model = TypeVar("Model", bound=nn.Module)
Drawn = TypeVar("Drawn")


@dataclass(frozen=True)
class FitConfig:
    """How to train; saved in the checkpoint. ``average`` is the decay of the moving average of weights that is validated and kept."""

    epochs: int
    learning_rate: float
    weight_decay: float = 0.01
    warm_up: float = 0.1
    clip: float = 1.0
    average: float = 0.99
    seed: int = 0


def fit(
    model: Model,
    batches: Callable[[int], Iterable[Drawn]],
    steps_per_epoch: int,
    loss_of: Callable[[Model, Drawn], Tensor],
    score_of: Callable[[Model], float] | None,
    config: FitConfig,
    on_best: Callable[[Model, float, int], None] = lambda *_: None,
    around_step: Callable[[], AbstractContextManager[None]] = nullcontext,
    resume: Path | None = None,
    groups: Callable[[Model, FitConfig], list[dict[str, Any]]] | None = None,
) -> tuple[Model, list[dict[str, float]]]:
    """Train ``model`` and return the averaged copy that scored best on validation data, with the history.

    Args:
        model: on the device that computes.
        batches: epoch number -> the batches of that epoch, on any device: tensors, tuples, or what has a ``to``.
        loss_of: (model, batch) -> scalar loss.
        score_of: averaged model in eval mode -> validation score, higher is better. None where there is no validation data:
            then the last epoch is kept, whatever came before.
        on_best: called with (model, score, epoch) whenever the score improves, so that a stopped run loses little.
        around_step: entered when gradients are there, left when the optimiser has used them.
        resume: where to keep, until the end, all that is needed to go on after a stop; a training with another configuration that
            lies there is not continued. ``batches`` must then draw what it draws from the epoch's number.
        groups: the optimiser's groups of parameters, each with its own learning rate or decay; see `decay_groups`.
    """
    device = device_of(model)
    total = config.epochs * steps_per_epoch
    warm = max(1, round(config.warm_up * total))
    optimiser = optimiser_of((groups or decay_groups)(model, config), config)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser,
        lambda step: step / warm if step < warm else 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warm) / max(1, total - warm)))),
    )
    averaged = copy.deepcopy(model).eval().requires_grad_(False)
    averages, news = _tensors(averaged), _tensors(model)
    best, history, started = copy.deepcopy(averaged), [], time.time()
    parts = {"model": model, "averaged": averaged, "best": best, "optimiser": optimiser, "schedule": schedule}
    if resume is not None and resume.is_file():
        history = _continue(resume, config, parts, device)
    step = len(history) * steps_per_epoch
    best_score = max((row["score"] for row in history), default=-math.inf)
    for epoch in range(len(history), config.epochs):
        model.train()
        losses = []
        for batch in batches(epoch):
            loss = loss_of(model, moved(batch, device))
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            with around_step():
                nn.utils.clip_grad_norm_(model.parameters(), config.clip)
                optimiser.step()
            schedule.step()
            step += 1
            _update(averages, news, min(config.average, step / (step + 10)))
            losses.append(loss.detach())  # to ask for its value would make a GPU wait
        with torch.inference_mode():
            score = float(epoch) if score_of is None else score_of(averaged)
        history.append({"epoch": epoch, "loss": torch.stack(losses).double().mean().item(), "score": score})
        told = "" if score_of is None else f"  validation {score:.4f}"
        print(f"epoch {epoch:3d}  loss {history[-1]['loss']:.4f}{told}  {time.time() - started:.0f} s", file=sys.stderr)
        if score > best_score:
            best.load_state_dict(averaged.state_dict())
            best_score = score
            on_best(best, score, epoch)
        if resume is not None:
            _keep(resume, config, parts, history, device)
    if resume is not None:
        resume.unlink(missing_ok=True)
    return best, history


def _keep(path: Path, config: FitConfig, parts: dict[str, Any], history: list[dict[str, float]], device: torch.device) -> None:
    state = {name: part.state_dict() for name, part in parts.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    # Written beside and moved, so that a stop while writing leaves the last one whole.
    about = {"history": history, "config": asdict(config), "drawn": random_state(device)}
    torch.save({**state, **about}, path.with_suffix(".new"))
    path.with_suffix(".new").replace(path)


def _continue(path: Path, config: FitConfig, parts: dict[str, Any], device: torch.device) -> list[dict[str, float]]:
    """Put everything back; returns the history, which is empty if what lies there is another training's or another version's."""
    state = torch.load(path, weights_only=True, map_location="cpu")
    if state["config"] != asdict(config) or "drawn" not in state:
        return []
    for name, part in parts.items():
        part.load_state_dict(state[name])
    set_random_state(device, state["drawn"])
    return state["history"]


def decay_groups(model: nn.Module, config: FitConfig) -> list[dict[str, Any]]:
    """Weight decay on matrices and filters only: shrinking gains and biases helps nobody."""
    trained = [p for p in model.parameters() if p.requires_grad]
    return [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": config.weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]


def optimiser_of(parameters: Any, config: FitConfig) -> torch.optim.Optimizer:
    """Adam for parameters or groups of them, all taken in one call of PyTorch's own kernel: half of the time of one after the other."""
    return torch.optim.AdamW(parameters, lr=config.learning_rate, fused=True)


def _tensors(model: nn.Module) -> tuple[list[Tensor], list[Tensor]]:
    """Parameters and buffers that can be averaged, and those that cannot."""
    every = list(model.state_dict().values())
    return [x for x in every if x.is_floating_point()], [x for x in every if not x.is_floating_point()]


@torch.no_grad()
def _update(averaged: tuple[list[Tensor], list[Tensor]], model: tuple[list[Tensor], list[Tensor]], decay: float) -> None:
    """Move the `_tensors` of the average towards the model's."""
    torch._foreach_lerp_(averaged[0], model[0], 1 - decay)
    for mean, new in zip(averaged[1], model[1], strict=True):
        mean.copy_(new)
