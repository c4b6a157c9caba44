"""Enhance, then balance (after EBMC; He et al., CVPR 2026, arXiv 2604.12518).

Read: the abstract and the released code. Taken: two stages. In the first each modality predicts by itself. Its state is split into a part
that modalities share and one of its own (MSD), and has to be made again from its own part and another's shared part (CCE). The second
adds the fused prediction, draws the energies of the modalities together (EMC), and lets the fused prediction follow the heads of the
first stage, the trusted ones most (IMTD).

Left out: the transformer with soft experts, for which the variant with context has attention over the conversation; and a model for each
subset of modalities, where one serves all here. Changed: losses are of utterances, where the released code first takes the mean of a
conversation. The contrast of shared parts is the usual one. Every pair of modalities counts. Energy and trust have the same doubt. In the
abstract trust changes the fusion weights; in the released code it weighs the distillation only, and so it does here.
"""

from __future__ import annotations

from itertools import combinations, permutations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from comp_core.modalities import MODALITIES
from comp_core.modeling.baselines.baseline import Baseline, BaselineConfig
from comp_core.modeling.layers import PerModalityLinear, PerModalityNorm, feed_forward, perceptron
from comp_core.modeling.objectives import Objective

# Temperature of the contrast between shared parts.
_SHARPNESS = 0.05
# Weight of the gradient's size beside the gaps between energies.
_SMOOTHNESS = 0.01
# Added to the logarithm in the trust, which is zero where a head is sure.
_SUREST = 0.1


class EnhanceThenBalance(Baseline):
    """States of all modalities side by side, a residual layer and a linear map; the idea is in what states are trained to be."""

    def __init__(self, config: BaselineConfig) -> None:
        super().__init__(config)
        width, wide = config.width, len(MODALITIES) * config.width
        self.shared = nn.Sequential(feed_forward(width, config.dropout), PerModalityNorm(width))
        self.specific = nn.Sequential(feed_forward(width, config.dropout), PerModalityNorm(width))
        self.specific_heads = PerModalityLinear(width, config.outputs)
        self.generator = perceptron(2 * width, width, width, config.dropout)
        self.heads = PerModalityLinear(width, config.outputs)
        self.residual = nn.Sequential(nn.Linear(wide, wide), nn.ReLU(), nn.Dropout(config.dropout))
        self.classifier = nn.Linear(wide, config.outputs)

    def fuse(self, states: Tensor, known: Tensor) -> Tensor:
        x = states.permute(1, 2, 0, 3).flatten(2)
        return self.classifier(x + self.residual(x))

    def alone(self, states: Tensor) -> Tensor:
        """Each modality by itself: (M, B, N, d) -> logits (B, N, M, K)."""
        return self.heads(states).permute(1, 2, 0, 3)

    def split_loss(self, states: Tensor, known: Tensor, labels: Tensor, objective: Objective) -> Tensor:
        """MSD: shared parts name their utterance among others, parts of one's own differ and predict.

        Args:
            states: (M, B, N, d).
            known: (M, B, N) bool.
            labels: (B, N, M) what each modality shows.
        """
        shared, specific = self.shared(states), self.specific(states)
        own = objective.loss(self.specific_heads(specific).permute(1, 2, 0, 3), labels)[known.permute(1, 2, 0)].mean()
        found = [own]
        for one, other in combinations(range(len(states)), 2):
            both = known[one] & known[other]
            if both.any():
                alike = F.cosine_similarity(specific[one][both], specific[other][both], dim=-1)
                found += [contrast(shared[one][both], shared[other][both]), alike.square().mean()]
        return torch.stack(found).sum() / len(states)

    def remake_loss(self, states: Tensor, known: Tensor) -> Tensor:
        """CCE: a state made from its own part and another's shared part is like the state, and its head answers alike."""
        shared, specific = self.shared(states), self.specific(states)
        answers = self.heads(states)
        found = [states.new_zeros(())]
        for one, other in permutations(range(len(states)), 2):
            both = known[one] & known[other]
            if both.any():
                made = self.generator(torch.cat([shared[other], specific[one]], -1))
                answer = made @ self.heads.weight[one] + self.heads.bias[one]
                found += [F.mse_loss(made[both], states[one][both].detach()), F.mse_loss(answer[both], answers[one][both])]
        return torch.stack(found).sum() / (len(found) // 2 or 1)


def contrast(one: Tensor, other: Tensor) -> Tensor:
    """InfoNCE of two modalities' parts (n, d): which of the others belongs to which of the ones."""
    likeness = F.normalize(one, dim=-1) @ F.normalize(other, dim=-1).T / _SHARPNESS
    return F.cross_entropy(likeness, torch.arange(len(one), device=one.device))


def energies(states: Tensor, known: Tensor, losses: Tensor, uncertainty: Tensor) -> Tensor:
    """E_m = mean of ||h_m||^2 / d + loss + uncertainty over what is known, (M,); 0 where nothing is.

    Args:
        states: (M, B, N, d).
        known: (M, B, N) bool.
        losses: (B, N, M) of each modality's own prediction.
        uncertainty: (B, N, M) of the first stage's heads.
    """
    of_each = states.square().mean(-1) + (losses + uncertainty).permute(2, 0, 1)
    return torch.where(known, of_each, 0.0).sum((1, 2)) / known.sum((1, 2)).clamp(min=1)


def balance_loss(energy: Tensor, states: Tensor, known: Tensor) -> Tensor:
    """EMC: the squared gaps between the energies (M,), and the squared gradient of ||h_m||^2 / d, which is 2 h_m / d."""
    pairs = torch.combinations(energy[known.any((1, 2))])
    return (pairs[:, 0] - pairs[:, 1]).square().sum() + _SMOOTHNESS * (2 * states[known] / states.shape[-1]).square().sum(-1).mean()


def doubt(predictions: Tensor, known: Tensor) -> Tensor:
    """sigma of each modality's own prediction: entropy of classes; of a score how far it is from the mean of those known.

    Args:
        predictions: (B, N, M, K).
        known: (B, N, M) bool.

    Returns:
        (B, N, M)
    """
    if predictions.shape[-1] > 1:
        return -(predictions.softmax(-1) * predictions.log_softmax(-1)).sum(-1)
    score = predictions.squeeze(-1)
    mean = (score * known).sum(-1, keepdim=True) / known.sum(-1, keepdim=True).clamp(min=1)
    return (score - mean).abs()


def trust(sigma: Tensor, known: Tensor) -> Tensor:
    """exp(-sigma) / log(1 + sigma^2), shared among what is known: (B, N, M) and (B, N, M) bool -> (B, N, M), sum 1 or 0."""
    raw = torch.exp(-sigma) / (torch.log1p(sigma.square()) + _SUREST) * known
    return raw / raw.sum(-1, keepdim=True).clamp(min=1e-9)


def follow_loss(logits: Tensor, teachers: Tensor, weights: Tensor) -> Tensor:
    """IMTD: how far the fused prediction is from the heads of the first stage, by trust.

    Args:
        logits: (B, N, K).
        teachers: (B, N, M, K).
        weights: (B, N, M).

    Returns:
        (B, N) squared distance of scores, divergence of classes.
    """
    if logits.shape[-1] > 1:
        apart = (teachers.softmax(-1) * (teachers.log_softmax(-1) - logits.log_softmax(-1).unsqueeze(2))).sum(-1)
    else:
        apart = (logits.unsqueeze(2) - teachers).square().squeeze(-1)
    return (weights * apart).sum(-1)
