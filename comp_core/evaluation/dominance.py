"""Does PRLF's reliability do anything? What becomes of its predictions when reliabilities are dealt out anew, and who should have led.

A study of 2026 found that permuting the reliability scores of such methods often changes nothing; so it is reported.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from comp_core.evaluation.interventions import SHUFFLED_RELIABILITIES, interventions
from comp_core.modalities import MODALITIES
from comp_core.modeling.batch import Batch
from comp_core.modeling.objectives import Objective
from comp_core.modeling.prlf import PRLF


@torch.inference_mode()
def dominance_report(model: PRLF, batch: Batch, objective: Objective, counted: Tensor | None = None, seed: int = 0) -> dict[str, Any]:
    """What the reliabilities of these utterances are worth.

    Args:
        counted: (B, N) bool, the utterances that count; by default all.

    Returns:
        ``as_judged`` and ``permuted``: the fused figures with the reliabilities of the utterance and with another's. ``leader_is_best``:
        share of the utterances, of those with at least two known modalities, whose dominant modality was the one with the smallest
        error; ``always_the_same_is_best``: the same for the one modality that is it most often; ``led``: how often each led.
    """
    conversations, labels = batch.conversations, batch.labels
    rows = conversations.valid & conversations.by_modality.any(0)
    rows = rows if counted is None else rows & counted
    output = model(conversations)
    with interventions(model)[SHUFFLED_RELIABILITIES].on(model, conversations, torch.Generator().manual_seed(seed)):
        shuffled = model(conversations).logits
    truth = labels[rows].cpu().numpy()
    error = objective.error(output.modality_logits, labels.unsqueeze(-1).expand(output.modality_logits.shape[:-1]))
    best = torch.where(conversations.known, error, torch.inf).argmin(-1)
    compared = rows & (conversations.known.sum(-1) > 1)
    wins = torch.bincount(best[compared], minlength=len(MODALITIES)).double()
    led = np.bincount(output.dominant[rows].cpu().numpy(), minlength=len(MODALITIES)) / max(1, len(truth))
    return {
        "as_judged": objective.report(output.logits[rows].cpu().numpy(), truth),
        "permuted": objective.report(shuffled[rows].cpu().numpy(), truth),
        "leader_is_best": (output.dominant == best)[compared].double().mean().item(),
        "always_the_same_is_best": (wins.max() / wins.sum()).item(),
        "led": dict(zip(MODALITIES, led.round(4).tolist(), strict=True)),
    }
