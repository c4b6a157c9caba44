"""Fit a fusion model on conversations, with whatever of them is missing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from comp_core.data.conversations import Batch, Conversation, batch_of
from comp_core.data.masks import random_mask, subsets_of
from comp_core.evaluation.calibration import softmax
from comp_core.evaluation.fusion import predictions
from comp_core.evaluation.metrics import class_report
from comp_core.modalities import MODALITIES
from comp_core.modeling.comp import ComP, ComPConfig
from comp_core.modeling.outputs import Conversations, stack
from comp_core.training.fit import FitConfig, fit
from comp_core.windows import CONTEXT

BATCH = 64
HIGHEST_RATE = 0.7
# Weight of the coordinator's own loss.
COORDINATION = 0.3


def frequency(labels: np.ndarray, classes: int) -> np.ndarray:
    """Share of each class, (n,) int -> (K,)."""
    return np.bincount(labels, minlength=classes) / len(labels)


def class_weight(labels: np.ndarray, classes: int) -> np.ndarray:
    """Weight of each class in the loss, (n,) int -> (K,); its mean over the labels is 1.

    Half-way between the data's frequencies (47 % neutral in MELD) and equal ones: people in front of a camera are not a sitcom's script.
    """
    share = frequency(labels, classes)
    return share**-0.5 / (share**0.5).sum()


def fit_comp(
    draw: Callable[[np.random.Generator], list[Conversation]],
    valid: Sequence[Conversation],
    config: ComPConfig,
    settings: FitConfig,
    weight: np.ndarray,
    given: Collection[str] = MODALITIES,
) -> tuple[ComP, list[dict[str, float]]]:
    """Fit one model; every epoch draws conversations, new windows and new masks.

    Args:
        draw: the training conversations of an epoch.
        valid: the epoch is chosen on them: the mean UAR over the subsets of ``given``.
        weight: (K,) of each class in the loss.
        given: the modalities that the data have; the others are never observed.
    """
    torch.manual_seed(settings.seed)
    random, generator = np.random.default_rng(settings.seed), torch.Generator().manual_seed(settings.seed)
    class_weights = torch.tensor(weight, dtype=torch.float32)
    steps = -(-len(random_windows(draw(random), random)) // BATCH)

    def batches(_epoch: int) -> Iterator[Batch]:
        windows = random_windows(draw(random), random)
        for rows in np.array_split(random.permutation(len(windows)), steps):
            batch = batch_of([windows[i] for i in rows])
            observed = random_mask(batch.conversations.valid, HIGHEST_RATE, generator)
            yield replace(batch, conversations=batch.conversations.observe(observed).only(given))

    def loss_of(model: ComP, batch: Batch) -> Tensor:
        conversations, labels = batch.conversations, batch.labels
        output = model(conversations)
        rows = output.grounded
        # Eq. 16 has the utterance's label for each modality; here faces and voices may differ from it, and a modality that is there
        # shall say what it shows itself. One that was filled in can only know what the others say.
        shown = torch.where(conversations.observed, batch.shown, labels.unsqueeze(-1))
        every = torch.cat([output.logits.unsqueeze(2), output.modality_logits], 2)[rows]
        target = torch.cat([labels.unsqueeze(2), shown], 2)[rows]
        loss = F.cross_entropy(every.flatten(0, 1), target.flatten(), weight=class_weights, reduction="none")
        # Fused counts as much as the three modalities together.
        fused, own = loss.view(-1, every.shape[1]).split([1, every.shape[1] - 1], 1)
        share = reliability(model, conversations, labels)[rows]
        coordination = F.kl_div(output.weights[rows].clamp(min=1e-8).log(), share, reduction="batchmean")
        return fused.mean() + own.mean() + COORDINATION * coordination

    def score_of(model: ComP) -> float:
        found = predictions(model, valid, subsets_of(given))
        return float(np.mean([class_report(softmax(f["fused"]), f["labels"])["uar"] for f in found.values()]))

    model = ComP(config)
    sample = draw(random)
    everything = {m: np.concatenate([conversation.features[m] for conversation in sample]) for m in MODALITIES}
    model.encoders.standardise_by({m: torch.from_numpy(values) for m, values in everything.items()})
    return fit(model, batches, steps, loss_of, score_of, settings)


@torch.no_grad()
def reliability(model: ComP, conversations: Conversations, labels: Tensor) -> Tensor:
    """What the coordinator's weights are drawn to, (B, N, M): each modality's share of the probability of the true label.

    The probability is the modality's own, given alone; an absent one has none. Without this the weights mean nothing: prompts make
    all states carry the same knowledge, and the coordinator settles on one of them for good, whatever is observed.
    """
    alone = model(stack([conversations.only((m,)) for m in MODALITIES])).split(len(labels))
    logits = torch.stack([output.modality_logits[..., i, :] for i, output in enumerate(alone)], 2)
    right = logits.softmax(-1).gather(-1, labels[..., None, None].expand(*logits.shape[:-1], 1)).squeeze(-1)
    right = right * conversations.observed
    return right / right.sum(-1, keepdim=True).clamp(min=1e-9)


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
