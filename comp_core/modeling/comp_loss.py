"""What ComP's default preset is trained to do (eq. 16-17, with the coordinator's own loss)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from comp_core.modeling.batch import Batch, Conversations
from comp_core.modeling.comp import ComP
from comp_core.modeling.modulators import GradientModulator
from comp_core.modeling.objectives import Objective

# Weight of the coordinator's own loss.
COORDINATION = 0.3


def comp_loss(model: ComP, batch: Batch, objective: Objective, modulator: GradientModulator | None = None) -> Tensor:
    """The fused prediction, each modality's own, and the coordinator's weights, on all utterances of which anything is observed."""
    conversations, labels = batch.conversations, batch.labels
    widened = model.encoders.widened(conversations.features, conversations.by_modality)
    output = model(conversations, widened)
    rows = output.grounded
    # Eq. 16 has the utterance's label for each modality; here faces and voices may differ from it, and a modality that is there
    # shall say what it shows itself. One that was filled in can only know what the others say.
    unimodal_labels = torch.where(conversations.observed, batch.unimodal_labels, labels.unsqueeze(-1))[rows]
    unimodal = objective.loss(output.modality_logits[rows], unimodal_labels)
    fused = objective.loss(output.logits[rows], labels[rows])
    if modulator is not None:
        modulator.watch(objective.error(output.modality_logits[rows].detach(), unimodal_labels), conversations.observed[rows])
    # Fused counts as much as the three modalities together.
    loss = fused.mean() + unimodal.mean()
    if output.weights.requires_grad:  # the coordinator may have been left out
        share = reliability(model, conversations, labels, objective, widened)[rows]
        loss = loss + COORDINATION * F.kl_div(output.weights[rows].clamp(min=1e-8).log(), share, reduction="batchmean")
    return loss


@torch.no_grad()
def reliability(model: ComP, conversations: Conversations, labels: Tensor, objective: Objective, widened: Tensor | None = None) -> Tensor:
    """What the coordinator's weights are drawn to, (B, N, M): each modality's share of the belief in the true label.

    The belief is the modality's own, given alone, from the utterance and its neighbours: where it is missing, what they say in it still
    counts. One that occurs nowhere in the conversation has none. Without this the weights mean nothing: prompts make all states
    carry the same knowledge, and the coordinator settles on one of them for good, whatever is observed.
    """
    logits = model.alone(conversations, widened)
    right = objective.likelihood(logits, labels.unsqueeze(-1).expand(logits.shape[:-1])) * conversations.known
    return right / right.sum(-1, keepdim=True).clamp(min=1e-9)
