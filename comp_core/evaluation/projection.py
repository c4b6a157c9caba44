"""Where ComP puts utterances: its features before propagation, after it, and fused, on two axes (after the paper's Fig. 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from comp_core.data.conversations import Conversation
from comp_core.evaluation.curve import masks_at
from comp_core.evaluation.loop import last_of
from comp_core.evaluation.predictions import windows_of
from comp_core.modeling.batch import Conversations
from comp_core.modeling.comp import ComP

BEFORE, AFTER, FUSED = "before propagation", "after propagation", "fused"


@dataclass(frozen=True)
class Projection:
    """Utterances at one stage of the model.

    Attributes:
        points: (n, 2), the two directions in which they differ most (principal components), to unit spread.
        labels: (n,) index of each utterance's label.
        kept: share of all their variance that these two show.
        apart: share of all their variance that lies between the labels rather than within them.
    """

    points: np.ndarray
    labels: np.ndarray
    kept: float
    apart: float


@torch.inference_mode()
def projections(model: ComP, conversations: Sequence[Conversation], rate: float, seed: int = 0) -> dict[str, Projection]:
    """The three stages, for each utterance as the last of its window, with that share of the modalities missing."""
    stages: dict[str, list[Tensor]] = {}
    for batch in windows_of(conversations, masks_at(conversations, rate, seed)):
        last = last_of(batch.conversations.valid)
        for stage, values in _stages(model, batch.conversations).items():
            stages.setdefault(stage, []).append(values[last])
    labels = np.concatenate([c.labels for c in conversations])
    return {stage: _project(torch.cat(values).double().numpy(), labels) for stage, values in stages.items()}


def _stages(model: ComP, conversations: Conversations) -> dict[str, Tensor]:
    """Stage -> (B, N, features)."""
    encoded = model.encoders(conversations.features, conversations.by_modality).permute(1, 2, 0, 3)
    states = model.propagate(conversations).permute(1, 2, 0, 3)
    observed = conversations.observed & conversations.valid.unsqueeze(-1)
    weights = model.coordinator(states, observed, conversations.known)
    fused = model.fused.hidden(states, weights)
    return {BEFORE: (encoded * observed.unsqueeze(-1)).flatten(2), AFTER: states.flatten(2), FUSED: fused}


def _project(values: np.ndarray, labels: np.ndarray) -> Projection:
    """(n, D) and (n,)."""
    centred = values - values.mean(0)
    _, sizes, axes = np.linalg.svd(centred, full_matrices=False)
    points = centred @ axes[:2].T
    total = np.square(centred).sum()
    between = sum(np.sum(labels == label) * np.square(centred[labels == label].mean(0)).sum() for label in np.unique(labels))
    return Projection(points / points.std(), labels, float(np.square(sizes[:2]).sum() / total), float(between / total))
