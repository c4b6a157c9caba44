"""The one prediction loop: what a fusion model says of some utterances, batch by batch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor, nn

from comp_core.modeling.batch import Conversations
from comp_core.support.devices import device_of
from comp_core.support.threads import one_thread


@dataclass(frozen=True)
class Predicted:
    """Predictions for n utterances: ``logits`` (n, K), ``unimodal`` (n, M, K), ``weights`` (n, M)."""

    logits: np.ndarray
    unimodal: np.ndarray
    weights: np.ndarray


@one_thread()
@torch.inference_mode()
def predict_entries(model: nn.Module, parts: Iterable[tuple[Conversations, Tensor]]) -> Predicted:
    """Predict the utterances that the (B, N) bool beside each batch names, in the order in which they stand."""
    columns: list[tuple[Tensor, Tensor, Tensor]] = []
    for conversations, asked in parts:
        output = model(conversations.to(device_of(model)))
        columns.append(tuple(x.cpu()[asked.cpu()] for x in (output.logits, output.modality_logits, output.weights)))
    return Predicted(*(torch.cat(column).numpy() for column in zip(*columns, strict=True)))


def concatenated(parts: Iterable[Predicted]) -> Predicted:
    """Predictions of several parts as those of one whole."""
    several = list(parts)
    return Predicted(*(np.concatenate([getattr(part, field.name) for part in several]) for field in fields(Predicted)))


def last_of(valid: Tensor) -> Tensor:
    """(B, N) bool, True from the first utterance on -> True for the last one only."""
    return valid & (valid.cumsum(1) == valid.sum(1, keepdim=True))
