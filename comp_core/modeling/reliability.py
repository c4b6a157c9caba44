"""AMRE: how far each modality of an utterance can be trusted, and which one leads (PRLF, after its abstract; the equations are ours)."""

from __future__ import annotations

import math
from collections.abc import Collection

import torch
from torch import Tensor, nn

from comp_core.modalities import MODALITIES

CONFIDENCE, FISHER = "confidence", "fisher"
CUES = (CONFIDENCE, FISHER)
# No prediction is surer than this, or a logit would be infinite.
_SUREST = 1 - 1e-4
# Share of the newest batch in the running statistics.
_RENEWAL = 0.05


class Reliability(nn.Module):
    """s = gamma z(logit c) + (1 - gamma) z(log J + log phi); r = softmax(s / tau) over the modalities that have been heard of.

    c is the confidence of a modality's own prediction: the largest probability of classes, or how sure the sign of a score is,
    2 Phi(|mu| / sigma) - 1. J is its Fisher information: 1 / sigma^2 of a score, -log(1 - sum p^2) of classes; the trace itself,
    1 - sum p^2, *falls* as confidence rises, so that "much information, so reliable" would contradict the other cue. phi is the mean
    squared gradient per parameter of the modality's head, over training samples one by one. z takes off the mean and divides by the
    spread over all modalities of training utterances, so that a test batch never judges itself.

    Nothing is learnt through r: a head is not to look sure in order to be heard.

    Args:
        cues: one or both of ``CUES``; with both, gamma is 1/2.
        temperature: tau.
        score: a score is predicted, by (mean, log variance); otherwise classes, by logits.
    """

    mean: Tensor
    variance: Tensor
    log_phi: Tensor

    def __init__(self, cues: Collection[str] = CUES, temperature: float = 1.0, score: bool = False) -> None:
        super().__init__()
        self.score = score
        self.share = {CONFIDENCE: 1 / len(cues) if CONFIDENCE in cues else 0.0, FISHER: 1 / len(cues) if FISHER in cues else 0.0}
        self.temperature = temperature
        self.register_buffer("mean", torch.zeros(len(CUES)))
        self.register_buffer("variance", torch.ones(len(CUES)))
        self.register_buffer("log_phi", torch.zeros(len(MODALITIES)))

    def forward(self, unimodal: Tensor, known: Tensor) -> Tensor:
        """The heads' predictions (B, N, M, K) and which modalities are known, (B, N, M) bool -> r, (B, N, M); sum 1.

        Where nothing is known all modalities count alike.
        """
        cues = self.cues(unimodal.detach())
        if self.training and known.any():
            seen = cues[known]
            self.mean.lerp_(seen.mean(0), _RENEWAL)
            self.variance.lerp_((seen - self.mean).square().mean(0), _RENEWAL)
        z = (cues - self.mean) / self.variance.clamp(min=1e-6).sqrt()
        total = sum(self.share[cue] * z[..., i] for i, cue in enumerate(CUES))
        compared = torch.where(known, total / self.temperature, -torch.inf)
        return torch.where(known.any(-1, keepdim=True), compared, 0.0).softmax(-1)

    def cues(self, unimodal: Tensor) -> Tensor:
        """(B, N, M, K) -> logit c and log J + log phi, (B, N, M, 2)."""
        if self.score:
            mean, log_variance = unimodal.unbind(-1)
            confidence = torch.erf(mean.abs() * torch.exp(-0.5 * log_variance) / math.sqrt(2))
            log_information = -log_variance
        else:
            probability = unimodal.softmax(-1)
            confidence = probability.amax(-1)
            log_information = torch.log(-torch.log((1 - probability.square().sum(-1)).clamp(min=1 - _SUREST)))
        return torch.stack([torch.logit(confidence.clamp(1 - _SUREST, _SUREST)), log_information + self.log_phi], -1)

    @torch.no_grad()
    def watch(self, gradients: Tensor, inputs: Tensor, known: Tensor) -> None:
        """Renew phi from a training batch.

        Args:
            gradients: (B, N, M, K) of each entry's own loss with respect to its prediction.
            inputs: (B, N, M, d) what the heads, which are linear, have been given.
            known: (B, N, M) bool, the entries that count.
        """
        # The gradient of a linear map is an outer product: its squares sum to the product of the sums.
        squares = gradients.square().sum(-1) * (inputs.square().sum(-1) + 1) / (gradients.shape[-1] * (inputs.shape[-1] + 1))
        count = known.sum((0, 1))
        mean = (squares * known).sum((0, 1)) / count.clamp(min=1)
        self.log_phi.copy_(torch.where(count > 0, self.log_phi.lerp(mean.clamp(min=1e-12).log(), _RENEWAL), self.log_phi))
