"""What of the data is observed when a model is asked: missing rates, subsets, one modality mostly gone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from comp_core.data.conversations import Conversation
from comp_core.data.masks import fixed_mask, highest_rate
from comp_core.modalities import MODALITIES, subsets_of
from comp_core.support.errors import CompCoreError

RATES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
MOSTLY_GONE = 0.9
# Validation masks differ from test masks by the split's name.
_MASK_SEED = 2026
_MOST_DRAWS = 1000

# A missing rate, a rate for each modality, or the modalities that are there.
Condition = float | Mapping[str, float] | Collection[str]


class RateError(CompCoreError):
    """A missing rate cannot be reached with the modalities that a data set has."""


def rates_of(given: Collection[str]) -> tuple[float, ...]:
    """The ``RATES`` at which one modality of each utterance can be kept: up to 0.7 of three, up to 0.5 of two."""
    return tuple(rate for rate in RATES if rate <= highest_rate(len(given)))


def checked(rates: Sequence[float], given: Collection[str]) -> Sequence[float]:
    """The rates, if all can be reached.

    Raises:
        RateError: one cannot.
    """
    highest = highest_rate(len(given))
    if too_high := [f"{rate:g}" for rate in rates if rate > highest]:
        raise RateError(
            f"a missing rate of {', '.join(too_high)} cannot be reached: with {len(given)} modalities ({', '.join(given)}), of which one "
            f"is kept in each utterance, give rates up to {highest:g}."
        )
    return rates


def conditions(given: Collection[str], rates: Sequence[float]) -> dict[str, Condition]:
    """Name -> condition: the rates, the subsets, and each modality mostly gone."""
    by_rate: dict[str, Condition] = {f"rate {rate}": rate for rate in rates}
    gone: dict[str, Condition] = {f"{modality} mostly gone": {modality: MOSTLY_GONE} for modality in MODALITIES if modality in given}
    return {**by_rate, **{f"only {name}": subset for name, subset in subsets_of(given).items()}, **gone}


def masks_of(
    conversations: Sequence[Conversation], condition: Condition, split: str, given: Collection[str], seed: int = 0, draw: int = 0
) -> list[np.ndarray]:
    """What is observed of each conversation of a split, (n, M) bool; another seed or draw gives other masks."""
    recorded = np.concatenate([_recorded(conversation, given) for conversation in conversations])
    if isinstance(condition, (float, Mapping)):
        ids = [name for conversation in conversations for name in conversation.ids]
        observed = fixed_mask(ids, split, _MASK_SEED + _MOST_DRAWS * seed + draw, condition, recorded)
    else:
        observed = recorded & np.array([m in condition for m in MODALITIES])
    return np.split(observed, np.cumsum([len(conversation) for conversation in conversations])[:-1])


def realised(folds: Sequence[Sequence[Conversation]], rates: Sequence[float], given: Collection[str], seeds: int, draws: int) -> dict:
    """Rate -> modality -> the share of test utterances in which it was missing, over all folds, seeds and draws."""
    drawn = range(seeds * draws)
    found = {}
    for rate in rates:
        masks = [m for test in folds for i in drawn for m in masks_of(test, float(rate), "test", given, *divmod(i, draws))]
        missing = 1 - np.concatenate(masks).mean(0)
        found[f"{rate:g}"] = {m: round(float(share), 4) for m, share in zip(MODALITIES, missing, strict=True) if m in given}
    return found


def _recorded(conversation: Conversation, given: Collection[str]) -> np.ndarray:
    """(n, M) bool: what there is of the given modalities."""
    columns = np.tile([m in given for m in MODALITIES], (len(conversation), 1))
    return columns if conversation.there is None else columns & conversation.there
