"""Which modalities are missing: random masks for training, fixed masks for figures."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from comp_core.modalities import MODALITIES, SUBSETS


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


def fixed_mask(ids: Sequence[str], split: str, seed: int, rate: float | Mapping[str, float]) -> np.ndarray:
    """Observed entries for figures, (n, M) bool, drawn from nothing but (seed, split, rate, utterance id).

    So every model, run and machine meets the same masks, whatever is in the batch. At least one modality is kept in each utterance.

    Args:
        rate: one missing rate for all modalities, from 0 to 2/3 of all entries (0.7 is taken as 2/3, as in the literature), or a rate
            for each, of which those left out are 0. Where all would be missing, the one that is missing least often is kept.
    """
    if isinstance(rate, Mapping):
        if unknown := set(rate) - set(MODALITIES):
            raise ValueError(f"there is no modality {', '.join(sorted(unknown))}; there are {', '.join(MODALITIES)}")
        rates = np.array([rate.get(modality, 0.0) for modality in MODALITIES])
        drawn = [_random_of(seed, split, sorted(rate.items()), utterance).random(len(MODALITIES)) for utterance in ids]
        observed = np.array(drawn).reshape(-1, len(MODALITIES)) >= rates
        observed[~observed.any(1), rates.argmin()] = True
        return observed
    observed = np.zeros((len(ids), len(MODALITIES)), bool)
    # One modality is kept for sure; that the others go at 3/2 of the rate makes the rate of all what was asked for.
    others = min(1.0, rate * len(MODALITIES) / (len(MODALITIES) - 1))
    for row, utterance in zip(observed, ids, strict=True):
        random = _random_of(seed, split, rate, utterance)
        kept = random.integers(len(MODALITIES))
        row[:] = random.random(len(MODALITIES)) >= others
        row[kept] = True
    return observed


def _random_of(*key: object) -> np.random.Generator:
    return np.random.default_rng(int.from_bytes(hashlib.blake2b(repr(key).encode(), digest_size=8).digest(), "big"))
