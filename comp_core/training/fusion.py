"""Fit a fusion model on conversations, with whatever of them is missing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from comp_core.data.conversations import Conversation, batch_of
from comp_core.data.masks import random_mask
from comp_core.evaluation.predictions import predictions
from comp_core.inference.windows import CONTEXT
from comp_core.metrics.calibration import softmax
from comp_core.metrics.figures import class_report
from comp_core.modalities import MODALITIES, subsets_of
from comp_core.modeling.batch import Batch
from comp_core.modeling.encoders import Encoders
from comp_core.modeling.objectives import Classes
from comp_core.modeling.registry import FusionConfig, build, kind_of
from comp_core.support.devices import CPU
from comp_core.support.threads import one_thread
from comp_core.training.fit import FitConfig, Model, fit

BATCH = 64
HIGHEST_RATE = 0.7

# What of a batch was recorded, (B, N, M), and randomness -> the observed entries (B, N, M).
Masking = Callable[[Tensor, torch.Generator], Tensor]


def at_random_rates(recorded: Tensor, generator: torch.Generator) -> Tensor:
    """Any rate up to ``HIGHEST_RATE``, and whole subsets: one model for all."""
    return random_mask(recorded, HIGHEST_RATE, generator)


def frequency(labels: np.ndarray, classes: int) -> np.ndarray:
    """Share of each class, (n,) int -> (K,)."""
    return np.bincount(labels, minlength=classes) / len(labels)


def class_weight(labels: np.ndarray, classes: int) -> np.ndarray:
    """Weight of each class in the loss, (n,) int -> (K,); its mean over the labels is 1.

    Half-way between the data's frequencies (47 % neutral in MELD) and equal ones: people in front of a camera are not a sitcom's script.
    """
    share = frequency(labels, classes)
    return share**-0.5 / (share**0.5).sum()


@one_thread()
def fit_fusion(
    model: Model,
    loss_of: Callable[[Model, Batch], Tensor],
    draw: Callable[[np.random.Generator], list[Conversation]],
    score_of: Callable[[Model], float],
    settings: FitConfig,
    batch_size: int = BATCH,
    masking: Masking = at_random_rates,
    given: Collection[str] = MODALITIES,
    around_step: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> tuple[Model, list[dict[str, float]]]:
    """Fit one model whose features go through its ``encoders``; every epoch draws conversations and new masks.

    Args:
        loss_of: (model, batch) -> loss.
        draw: the training conversations, or windows of them, of an epoch.
        score_of: validation score, by which the epoch is chosen.
        masking: what of a batch is observed.
        given: the modalities that the data have; the others are never observed.
    """
    torch.manual_seed(settings.seed)
    random, generator = np.random.default_rng(settings.seed), torch.Generator().manual_seed(settings.seed)
    first = draw(random)
    everything = {m: np.concatenate([conversation.features[m] for conversation in first]) for m in MODALITIES}
    cast(Encoders, model.encoders).standardise_by({m: torch.from_numpy(values) for m, values in everything.items()})
    steps = -(-len(first) // batch_size)

    def batches(_epoch: int) -> Iterator[Batch]:
        windows = draw(random)
        for rows in np.array_split(random.permutation(len(windows)), steps):
            batch = batch_of([windows[i] for i in rows])
            there = batch.conversations.only(given)
            yield replace(batch, conversations=there.observe(masking(there.observed, generator)))

    return fit(model, batches, steps, loss_of, score_of, settings, around_step=around_step)


def fit_on_windows(
    draw: Callable[[np.random.Generator], list[Conversation]],
    valid: Sequence[Conversation],
    config: FusionConfig,
    settings: FitConfig,
    objective: Classes,
    given: Collection[str] = MODALITIES,
    device: str = CPU,
) -> tuple[nn.Module, list[dict[str, float]]]:
    """Fit a model on random windows of conversations, as the page will meet them.

    The epoch is chosen on ``valid``, by the mean UAR over the subsets of ``given``.
    """
    torch.manual_seed(settings.seed)

    def score_of(model: nn.Module) -> float:
        found = predictions(model, valid, subsets_of(given))
        return float(np.mean([class_report(softmax(f["fused"]), f["labels"])["uar"] for f in found.values()]))

    return fit_fusion(
        build(config).to(device),
        lambda model, batch: kind_of(config).loss(model, batch, objective),
        lambda random: random_windows(draw(random), random),
        score_of,
        settings,
        given=given,
    )


def random_windows(conversations: Sequence[Conversation], random: np.random.Generator) -> list[Conversation]:
    """Each conversation cut at random into windows of 1 to CONTEXT utterances; all of it is used."""
    windows = []
    for conversation in conversations:
        start = 0
        while start < len(conversation):
            length = int(random.integers(1, CONTEXT + 1))
            windows.append(conversation.window(slice(start, start + length)))
            start += length
    return windows
