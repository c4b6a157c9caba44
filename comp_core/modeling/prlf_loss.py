"""What PRLF is trained to do: predict, fused and by each modality, and align the others to the dominant one."""

from __future__ import annotations

import torch
from torch import Tensor

from comp_core.modeling.batch import Batch
from comp_core.modeling.objectives import Objective
from comp_core.modeling.prlf import PRLF

# Weight of the alignment.
ALIGNMENT = 0.1
# Beta-NLL (Seitzer et al., 2022): from 0, the likelihood, to 1, the squared error's gradient for the mean.
_BETA = 0.5


def prlf_loss(model: PRLF, batch: Batch, objective: Objective) -> Tensor:
    """The fused prediction, each modality's own, and the alignment of the others to the dominant one, which counts more with each step."""
    conversations, labels = batch.conversations, batch.labels
    output = model(conversations)
    rows, heard = output.grounded, conversations.known
    # As for ComP: what is there says what it shows itself, what is not can only know what its neighbours say.
    unimodal_labels = torch.where(conversations.observed, batch.unimodal_labels, labels.unsqueeze(-1))
    unimodal = _own_loss(output.unimodal, unimodal_labels, objective)
    if torch.is_grad_enabled():
        (gradients,) = torch.autograd.grad(unimodal[heard].sum(), output.unimodal, retain_graph=True)
        model.reliability.watch(gradients, output.states, heard)
    steps = torch.arange(1, model.config.steps + 1, device=labels.device) / model.config.steps
    apart = ((1 - output.alignment[..., 1:]) * steps).sum((-1, -2))
    return objective.loss(output.logits[rows], labels[rows]).mean() + unimodal[heard].mean() + ALIGNMENT * apart[rows].mean()


def _own_loss(unimodal: Tensor, target: Tensor, objective: Objective) -> Tensor:
    """Loss of the heads, (..., K) and (...) -> (...): of classes the objective's; of a score beta-NLL of the mean and log variance."""
    if objective.outputs > 1:
        return objective.loss(unimodal, target)
    mean, log_variance = unimodal.unbind(-1)
    likelihood = 0.5 * (log_variance + (mean - target).square() * torch.exp(-log_variance))
    return likelihood * torch.exp(_BETA * log_variance.detach())
