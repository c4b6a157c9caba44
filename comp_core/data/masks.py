"""Which modalities are missing: random masks for training, exact and fixed ones for figures."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from comp_core.modalities import MODALITIES, subsets_of


def highest_rate(modalities: int) -> float:
    """The highest missing rate when one modality of each utterance is kept, (M - 1) / M, to one decimal as the literature states it."""
    return round((modalities - 1) / modalities, 1)


def random_mask(recorded: Tensor, highest: float, generator: torch.Generator) -> Tensor:
    """Observed entries for training, of the ``recorded`` ones, both (B, N, M) bool; an utterance that has any keeps at least one.

    Half of the conversations lose entries here and there, at a missing rate drawn from 0 to ``highest``; the others lose whole
    modalities, as when someone switches one off.
    """
    count, _, modalities = recorded.shape
    rate = torch.rand(count, 1, 1, generator=generator) * highest
    chance = torch.rand(recorded.shape, generator=generator)
    given = [m for m, there in zip(MODALITIES, recorded.flatten(0, 1).any(0).tolist(), strict=True) if there]
    subsets = torch.stack([torch.tensor([m in subset for m in MODALITIES]) for subset in subsets_of(given or MODALITIES).values()])
    whole = subsets[torch.randint(len(subsets), (count,), generator=generator)].unsqueeze(1)
    observed = torch.where(torch.rand(count, 1, 1, generator=generator) < 0.5, chance >= rate, whole) & recorded
    kept = torch.nn.functional.one_hot(torch.where(recorded, chance, -1.0).argmax(-1), modalities).bool() & recorded
    return torch.where(observed.any(-1, keepdim=True), observed, kept)


def exact_random_mask(recorded: Tensor, rate: float, generator: torch.Generator) -> Tensor:
    """Observed entries for training at one missing rate, which the utterances of the batch have together, (B, N, M) bool -> the same."""
    rows = recorded.any(-1)
    chance = torch.rand(int(rows.sum()), recorded.shape[-1], generator=generator)
    observed = torch.zeros_like(recorded)
    observed[rows] = torch.from_numpy(hide(chance.numpy(), recorded[rows].numpy(), rate))
    return observed


def fixed_mask(
    ids: Sequence[str], split: str, seed: int, rate: float | Mapping[str, float], recorded: np.ndarray | None = None
) -> np.ndarray:
    """Observed entries of a whole split for figures, (n, M) bool, drawn from nothing but (seed, split, rate, utterance names).

    So every model, run and machine meets the same masks, whatever is in the batch.

    Args:
        rate: see `hide`.
        recorded: (n, M) bool, what there is; by default everything.

    Raises:
        ValueError: a rate cannot be reached, or is of no modality.
    """
    chance = [_random_of(seed, split, _key(rate), utterance) for utterance in ids]
    there = np.ones((len(ids), len(MODALITIES)), bool) if recorded is None else recorded
    given = int(there.any(0).sum())
    if isinstance(rate, float) and given and not 0 <= rate <= highest_rate(given):
        raise ValueError(f"of {given} modalities at most {highest_rate(given):.0%} can be missing when one is kept, not {rate:.0%}")
    return hide(np.array(chance).reshape(there.shape), there, rate)


def hide(chance: np.ndarray, recorded: np.ndarray, rate: float | Mapping[str, float]) -> np.ndarray:
    """Take entries away without replacement until the rate is reached; the number of missing entries is exact.

    Args:
        chance: (n, M), the order in which entries go: the smallest first. An entry that is the last of its utterance stays.
        recorded: (n, M) bool, what can be taken.
        rate: the missing share of all recorded entries together, up to what leaves one in each utterance; or a share for each modality,
            of which those left out are 0. Modalities of one rate reach it together, and those of a higher rate come first.

    Returns:
        (n, M) bool, what is left.

    Raises:
        ValueError: a rate is of no modality.
    """
    rates = _rates(rate, recorded)
    observed = recorded.copy()
    for wanted in sorted(set(rates.tolist()), reverse=True):
        group = rates == wanted
        # An utterance that has nothing else keeps the entry of the group that would go last.
        only = ~observed[:, ~group].any(1)
        may_go = observed & group
        last = np.where(may_go, chance, -1.0).argmax(1)
        may_go[only, last[only]] = False
        order = np.argsort(np.where(may_go, chance, np.inf), axis=None, kind="stable")
        count = min(round(wanted * int(recorded[:, group].sum())), int(may_go.sum()))
        observed[np.unravel_index(order[:count], observed.shape)] = False
    return observed


def _rates(rate: float | Mapping[str, float], recorded: np.ndarray) -> np.ndarray:
    """(M,) the rate of each modality."""
    if isinstance(rate, Mapping):
        if unknown := set(rate) - set(MODALITIES):
            raise ValueError(f"there is no modality {', '.join(sorted(unknown))}; there are {', '.join(MODALITIES)}")
        return np.array([rate.get(modality, 0.0) for modality in MODALITIES])
    return np.full(recorded.shape[1], rate)


def _key(rate: float | Mapping[str, float]) -> object:
    return sorted(rate.items()) if isinstance(rate, Mapping) else float(rate)


def _random_of(*key: object) -> np.ndarray:
    """(M,) evenly between 0 and 1, from a hash of the key."""
    return np.frombuffer(hashlib.blake2b(repr(key).encode(), digest_size=8 * len(MODALITIES)).digest(), ">u8") / 2.0**64
