"""What goes into every fusion model and what comes out: the contract that the app, the lab and the benchmark share."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields, replace
from typing import Self

import torch
from torch import Tensor

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
    position: Tensor | None = None

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


def stack(batches: Sequence[Conversations]) -> Conversations:
    """Batches of the same N as one, in their order."""
    features = {m: torch.cat([batch.features[m] for batch in batches]) for m in MODALITIES}
    rest = (torch.cat([getattr(batch, name) for batch in batches]) for name in ("observed", "valid", "position"))
    return Conversations(features, *rest)


@dataclass(frozen=True)
class FusionOutput:
    """What every fusion model returns.

    Attributes:
        logits: (B, N, K) fused; meaningless where ``grounded`` is False.
        modality_logits: (B, N, M, K) each modality's own.
        weights: (B, N, M) the coordinator's, sum 1 over modalities.
        grounded: (B, N) bool: at least one modality was observed. Where it is False there is nothing to go on.
    """

    logits: Tensor
    modality_logits: Tensor
    weights: Tensor
    grounded: Tensor

    def split(self, size: int) -> list[Self]:
        """The batch in parts of ``size`` conversations."""
        parts = zip(*(getattr(self, field.name).split(size) for field in fields(self)), strict=True)
        return [type(self)(*part) for part in parts]

    def take(self, rows: Sequence[int]) -> Self:
        """These conversations of the batch, in this order."""
        return type(self)(*(getattr(self, field.name)[rows] for field in fields(self)))
