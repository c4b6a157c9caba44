"""What goes into every fusion model and what comes out: the contract that the app, the lab and the benchmark share."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from comp_core.modalities import MODALITIES


@dataclass(frozen=True)
class Conversations:
    """A batch of conversations, padded to one length.

    B conversations of at most N utterances; M modalities in the order of ``MODALITIES``.

    Attributes:
        features: modality -> (B, N, D_m). Where a modality is not observed its values are never looked at.
        observed: (B, N, M) bool.
        valid: (B, N) bool; False is padding.
        position: (B, N) int, when an utterance was said: its number in the conversation. By default in the order in which they stand.
    """

    features: dict[str, Tensor]
    observed: Tensor
    valid: Tensor
    position: Tensor = None  # type: ignore[assignment]  # set below where it is not given

    def __post_init__(self) -> None:
        shape = tuple(self.valid.shape)
        if self.position is None:
            object.__setattr__(self, "position", torch.arange(shape[1], device=self.valid.device).expand(shape))
        if self.observed.shape != (*shape, len(MODALITIES)):
            raise ValueError(f"observed has shape {tuple(self.observed.shape)}, but valid {shape} asks for {(*shape, len(MODALITIES))}")
        for modality in MODALITIES:
            if tuple(self.features[modality].shape[:2]) != shape:
                raise ValueError(f"{modality} features have shape {tuple(self.features[modality].shape)}, but valid has {shape}")

    @property
    def by_modality(self) -> Tensor:
        """(M, B, N) bool: observed, and not padding."""
        return (self.observed & self.valid.unsqueeze(-1)).permute(2, 0, 1)

    @property
    def known(self) -> Tensor:
        """(B, N, M) bool: the modality occurs in the conversation, so that where it is missing its neighbours can speak for it."""
        anywhere = self.by_modality.any(-1)
        return anywhere.T.unsqueeze(1) & self.valid.unsqueeze(-1)

    @property
    def distance(self) -> Tensor:
        """(B, N, N) float: how far apart any two were said, in utterances."""
        return (self.position.unsqueeze(2) - self.position.unsqueeze(1)).abs().float()

    def to(self, device: torch.device | str) -> Conversations:
        return Conversations(
            {m: x.to(device) for m, x in self.features.items()}, self.observed.to(device), self.valid.to(device), self.position.to(device)
        )

    def observe(self, observed: Tensor) -> Conversations:
        """The same conversations with other entries observed, (B, N, M) bool."""
        return replace(self, observed=observed)

    def only(self, subset: Collection[str]) -> Conversations:
        """The same conversations without any modality outside ``subset``."""
        kept = torch.tensor([modality in subset for modality in MODALITIES], device=self.observed.device)
        return self.observe(self.observed & kept)


def collate(features: Sequence[Mapping[str, np.ndarray]], observed: Sequence[np.ndarray]) -> Conversations:
    """Conversations of any length as one padded batch.

    Args:
        features: of each conversation, modality -> (n, D_m) float32.
        observed: of each conversation, (n, M) bool.
    """

    def padded(arrays: Sequence[np.ndarray]) -> Tensor:
        return pad_sequence([torch.from_numpy(array) for array in arrays], batch_first=True)

    by_modality = {m: padded([of_one[m] for of_one in features]) for m in MODALITIES}
    return Conversations(by_modality, padded(observed), padded([np.ones(len(entries), bool) for entries in observed]))


def stack(batches: Sequence[Conversations]) -> Conversations:
    """Batches of the same N as one, in their order."""
    features = {m: torch.cat([batch.features[m] for batch in batches]) for m in MODALITIES}
    rest = (torch.cat([getattr(batch, name) for batch in batches]) for name in ("observed", "valid", "position"))
    return Conversations(features, *rest)


@dataclass(frozen=True)
class Batch:
    """Padded conversations with what is to be predicted.

    Attributes:
        labels: (B, N) what utterances express.
        unimodal_labels: (B, N, M) what each modality shows.
        recorded: (B, N, M) bool, what there is, whatever of it is observed.
    """

    conversations: Conversations
    labels: Tensor
    unimodal_labels: Tensor
    recorded: Tensor

    def to(self, device: torch.device | str) -> Batch:
        return Batch(self.conversations.to(device), self.labels.to(device), self.unimodal_labels.to(device), self.recorded.to(device))


@dataclass(frozen=True, kw_only=True)
class FusionOutput:
    """What every fusion model returns.

    Attributes:
        logits: (B, N, K) fused; meaningless where ``grounded`` is False.
        modality_logits: (B, N, M, K) each modality's own.
        weights: (B, N, M) the coordinator's, sum 1 over modalities.
        grounded: (B, N) bool: at least one modality was observed. Where it is False there is nothing to go on.
        dominant: (B, N) int, the number of the modality that leads; None of a model in which none does.
    """

    logits: Tensor
    modality_logits: Tensor
    weights: Tensor
    grounded: Tensor
    dominant: Tensor | None = None

    def split(self, size: int) -> list[Self]:
        """The batch in parts of ``size`` conversations."""
        return [self.take(slice(start, start + size)) for start in range(0, len(self.logits), size)]

    def take(self, rows: Sequence[int] | slice) -> Self:
        """These conversations of the batch, in this order."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        taken: dict[str, Any] = {name: None if value is None else value[rows] for name, value in values.items()}
        return type(self)(**taken)
