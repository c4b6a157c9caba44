"""What the fusion models are trained to do: ComP's losses (eq. 2, 16-17), in its own preset and as printed, and PRLF's."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from comp_core.data.conversations import Batch
from comp_core.modalities import MODALITIES
from comp_core.modeling.batch import Conversations, FusionOutput
from comp_core.modeling.comp import ComP, ComPConfig
from comp_core.modeling.modulators import UpdateModulator
from comp_core.modeling.objectives import Objective
from comp_core.modeling.prlf import PRLF, PRLFConfig

# Weight of the coordinator's own loss.
COORDINATION = 0.3
# Weight of PRLF's alignment.
ALIGNMENT = 0.1
# Beta-NLL (Seitzer et al., 2022): from 0, the likelihood, to 1, the squared error's gradient for the mean.
_BETA = 0.5


def comp_loss(model: ComP, batch: Batch, objective: Objective, modulator: UpdateModulator | None = None) -> Tensor:
    """The fused prediction, each modality's own, and the coordinator's weights, on all utterances of which anything is observed."""
    conversations, labels = batch.conversations, batch.labels
    output = model(conversations)
    rows = output.grounded
    # Eq. 16 has the utterance's label for each modality; here faces and voices may differ from it, and a modality that is there
    # shall say what it shows itself. One that was filled in can only know what the others say.
    shown = torch.where(conversations.observed, batch.shown, labels.unsqueeze(-1))[rows]
    own = objective.loss(output.modality_logits[rows], shown)
    fused = objective.loss(output.logits[rows], labels[rows])
    if modulator is not None:
        modulator.watch(objective.error(output.modality_logits[rows].detach(), shown), conversations.observed[rows])
    # Fused counts as much as the three modalities together.
    loss = fused.mean() + own.mean()
    if output.weights.requires_grad:  # the coordinator may have been left out
        share = reliability(model, conversations, labels, objective)[rows]
        loss = loss + COORDINATION * F.kl_div(output.weights[rows].clamp(min=1e-8).log(), share, reduction="batchmean")
    return loss


@torch.no_grad()
def reliability(model: ComP, conversations: Conversations, labels: Tensor, objective: Objective) -> Tensor:
    """What the coordinator's weights are drawn to, (B, N, M): each modality's share of the belief in the true label.

    The belief is the modality's own, given alone, from the utterance and its neighbours: where it is missing, what they say in it still
    counts. One that occurs nowhere in the conversation has none. Without this the weights mean nothing: prompts make all states
    carry the same knowledge, and the coordinator settles on one of them for good, whatever is observed.
    """
    logits = model.alone(conversations)
    right = objective.likelihood(logits, labels.unsqueeze(-1).expand(logits.shape[:-1])) * conversations.known
    return right / right.sum(-1, keepdim=True).clamp(min=1e-9)


def printed_stage_one(model: ComP, batch: Batch, objective: Objective) -> Tensor:
    """Each modality by itself predicts, and gives its features back, where it is observed (eq. 2)."""
    conversations = batch.conversations
    observed = conversations.by_modality
    own, restored = model.stage_one(model.encoders(conversations.features, observed))
    given = model.encoders.standardised(conversations.features, observed)
    loss = objective.loss(own, batch.labels.unsqueeze(-1).expand(own.shape[:-1]))[conversations.observed].mean()
    for modality, seen in zip(MODALITIES, observed, strict=True):
        if seen.any():
            loss = loss + F.mse_loss(restored[modality][seen], given[modality][seen])
    return loss


def printed_loss(model: ComP, batch: Batch, objective: Objective) -> tuple[Tensor, Tensor]:
    """The second stage: the fused prediction and each modality's own (eq. 16-17), and the errors of the latter, (B, N, M), for eq. 10."""
    output: FusionOutput = model(batch.conversations)
    rows, labels = output.grounded, batch.labels.unsqueeze(-1).expand(output.modality_logits.shape[:-1])
    fused = objective.loss(output.logits[rows], batch.labels[rows]).mean()
    own = objective.loss(output.modality_logits[rows], labels[rows]).mean()
    return fused + own, objective.error(output.modality_logits.detach(), labels) * rows.unsqueeze(-1)


def prlf_loss(model: PRLF, batch: Batch, objective: Objective) -> Tensor:
    """The fused prediction, each modality's own, and the alignment of the others to the dominant one, which counts more with each step."""
    conversations, labels = batch.conversations, batch.labels
    output = model(conversations)
    rows, heard = output.grounded, conversations.known
    # As for ComP: what is there says what it shows itself, what is not can only know what its neighbours say.
    shown = torch.where(conversations.observed, batch.shown, labels.unsqueeze(-1))
    own = _own_loss(output.own, shown, objective)
    if torch.is_grad_enabled():
        (gradients,) = torch.autograd.grad(own[heard].sum(), output.own, retain_graph=True)
        model.reliability.watch(gradients, output.states, heard)
    steps = torch.arange(1, model.config.steps + 1, device=labels.device) / model.config.steps
    apart = ((1 - output.alignment[..., 1:]) * steps).sum((-1, -2))
    return objective.loss(output.logits[rows], labels[rows]).mean() + own[heard].mean() + ALIGNMENT * apart[rows].mean()


def _own_loss(own: Tensor, target: Tensor, objective: Objective) -> Tensor:
    """Loss of the heads, (..., K) and (...) -> (...): of classes the objective's; of a score beta-NLL of the mean and log variance."""
    if objective.outputs > 1:
        return objective.loss(own, target)
    mean, log_variance = own.unbind(-1)
    likelihood = 0.5 * (log_variance + (mean - target).square() * torch.exp(-log_variance))
    return likelihood * torch.exp(_BETA * log_variance.detach())


# Configuration of a model -> what it is trained to do.
LOSSES = {ComPConfig: comp_loss, PRLFConfig: prlf_loss}
