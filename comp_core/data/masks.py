"""Which modalities are missing: the seven subsets, and random masks."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import combinations

import torch
from torch import Tensor

from comp_core.modalities import MODALITIES


def subset_name(modalities: Iterable[str]) -> str:
    """A subset is named by its modalities' initials: "A", "TV", "ATV"."""
    return "".join(m[0].upper() for m in modalities)


# {A}, {T}, {V}, {AT}, {AV}, {TV}, {ATV}
SUBSETS: dict[str, tuple[str, ...]] = {
    subset_name(subset): subset for size in range(1, len(MODALITIES) + 1) for subset in combinations(MODALITIES, size)
}


def subsets_of(given: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Those of the ``SUBSETS`` that hold nothing but ``given`` modalities."""
    return {name: subset for name, subset in SUBSETS.items() if set(subset) <= set(given)}


def random_mask(valid: Tensor, highest_rate: float, generator: torch.Generator) -> Tensor:
    """Observed entries for training, (B, N) bool -> (B, N, M) bool; at least one modality is kept in each utterance.

    Half of the conversations lose entries here and there, at a missing rate drawn from 0 to ``highest_rate``; the others lose whole
    modalities, as when someone switches one off.
    """
    count, length = valid.shape
    modalities = len(MODALITIES)
    rate = torch.rand(count, 1, 1, generator=generator) * highest_rate
    scattered = torch.rand(count, length, modalities, generator=generator) >= rate
    subsets = torch.stack([torch.tensor([m in subset for m in MODALITIES]) for subset in SUBSETS.values()])
    whole = subsets[torch.randint(len(subsets), (count,), generator=generator)].unsqueeze(1)
    observed = torch.where(torch.rand(count, 1, 1, generator=generator) < 0.5, scattered, whole)
    kept = torch.nn.functional.one_hot(torch.randint(modalities, (count, length), generator=generator), modalities).bool()
    observed = torch.where(observed.any(-1, keepdim=True), observed, kept)
    return observed & valid.unsqueeze(-1)
