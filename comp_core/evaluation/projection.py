"""Where ComP puts utterances: its features before propagation, after it, and fused, on two axes (after the paper's Fig. 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from comp_core.data.conversations import Conversation
from comp_core.evaluation.curve import masked_windows
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
    batch = masked_windows(conversations, rate, seed)
    rows, last = torch.arange(len(batch.labels)), batch.conversations.valid.sum(1) - 1
    labels = batch.labels[rows, last].numpy()
    return {stage: _project(values[rows, last].double().numpy(), labels) for stage, values in _stages(model, batch.conversations).items()}


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
