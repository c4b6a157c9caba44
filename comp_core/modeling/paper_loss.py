"""What the paper's preset of ComP is trained to do: two stages, as printed (eq. 2, 16-17)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from comp_core.modalities import MODALITIES
from comp_core.modeling.batch import Batch, FusionOutput
from comp_core.modeling.comp import ComP
from comp_core.modeling.objectives import Objective


def printed_stage_one(model: ComP, batch: Batch, objective: Objective) -> Tensor:
    """Each modality by itself predicts, and gives its features back, where it is observed (eq. 2)."""
    conversations = batch.conversations
    observed = conversations.by_modality
    unimodal, restored = model.stage_one(model.encoders(conversations.features, observed))
    given = model.encoders.standardised(conversations.features, observed)
    loss = objective.loss(unimodal, batch.labels.unsqueeze(-1).expand(unimodal.shape[:-1]))[conversations.observed].mean()
    for modality, seen in zip(MODALITIES, observed, strict=True):
        if seen.any():
            loss = loss + F.mse_loss(restored[modality][seen], given[modality][seen])
    return loss


def printed_loss(model: ComP, batch: Batch, objective: Objective) -> tuple[Tensor, Tensor]:
    """The second stage: the fused prediction and each modality's own (eq. 16-17), and the errors of the latter, (B, N, M), for eq. 10."""
    output: FusionOutput = model(batch.conversations)
    rows, labels = output.grounded, batch.labels.unsqueeze(-1).expand(output.modality_logits.shape[:-1])
    fused = objective.loss(output.logits[rows], batch.labels[rows]).mean()
    unimodal = objective.loss(output.modality_logits[rows], labels[rows]).mean()
    return fused + unimodal, objective.error(output.modality_logits.detach(), labels) * rows.unsqueeze(-1)
