"""What happens inside ComP for one utterance: prototypes, prompts, and how near a filled-in modality comes to the real one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F

from comp_core.modalities import MODALITIES
from comp_core.modeling.batch import Conversations
from comp_core.modeling.comp import ComP
from comp_core.modeling.prompts import PromptGenerator, similarity


@dataclass(frozen=True)
class Introspection:
    """One utterance, as ComP works on it.

    Attributes:
        similarity: modality -> its shares of the c prototypes (eq. 7), sum 1; None where it is not observed.
        received: for each block, modality -> mean size of the numbers of the prompts that it received.
        filled: modality -> cosine between its state when it is switched off in this utterance, and filled in, and its state when it is
            there (we have it: it was switched off, not lost); None where it is not observed.
        neighbour: the same between the states of this utterance and of the one before, for comparison; None without one.
    """

    similarity: dict[str, list[float] | None]
    received: list[dict[str, float]]
    filled: dict[str, float | None]
    neighbour: dict[str, float | None]


@torch.inference_mode()
def introspect(model: ComP, conversation: Conversations) -> Introspection:
    """Look at the last utterance of a single conversation (B = 1)."""
    last = conversation.valid.shape[1] - 1
    observed = conversation.by_modality
    encoded = model.encoders(conversation.features, observed)
    shares = similarity(encoded, model.prototypes(encoded, observed), cast(PromptGenerator, model.generators[0]).log_sharpness.exp())
    steps = list(model.blocks(conversation))
    states = model.norm(steps[-1][0])
    similar: dict[str, list[float] | None] = {}
    filled: dict[str, float | None] = {}
    neighbour: dict[str, float | None] = {}
    for i, modality in enumerate(MODALITIES):
        there = bool(observed[i, 0, last])
        similar[modality] = shares[i, 0, last].tolist() if there else None
        neighbour[modality] = _cosine(states[i, 0, last], states[i, 0, last - 1]) if there and last and observed[i, 0, last - 1] else None
        filled[modality] = None
        if there and observed[:, 0, last].sum() > 1:
            switched = conversation.observed.clone()
            switched[0, last, i] = False
            filled[modality] = _cosine(model.propagate(conversation.observe(switched))[i, 0, last], states[i, 0, last])
    received = [
        {m: prompts[i, 0, last].abs().mean().item() if prompts.shape[-1] else 0.0 for i, m in enumerate(MODALITIES)} for _, prompts in steps
    ]
    return Introspection(similar, received, filled, neighbour)


def _cosine(one: torch.Tensor, other: torch.Tensor) -> float:
    return F.cosine_similarity(one, other, dim=0).item()
