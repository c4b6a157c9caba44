"""Conversations cut into windows that end at the utterance to be predicted: what the live page can know, and no more."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from comp_core.modalities import MODALITIES
from comp_core.modeling.batch import Conversations, collate
from comp_core.senses.reading import Reading

# Utterances in a window, the present one included: the most in training and tests; and as many as the live models read, because more
# make answers worse where people act (`python -m tools.minute.memory`).
CONTEXT, READ = 12, 2

Moment = dict[str, Reading]


def conversations_of(windows: Sequence[Sequence[Moment]], dims: dict[str, int]) -> Conversations:
    """Windows of readings -> padded conversations. A modality without a feature is not observed.

    Args:
        dims: modality -> size of its features.
    """
    features = [{m: np.zeros((len(window), dims[m]), np.float32) for m in MODALITIES} for window in windows]
    observed = [np.zeros((len(window), len(MODALITIES)), bool) for window in windows]
    for b, window in enumerate(windows):
        for n, moment in enumerate(window):
            for i, modality in enumerate(MODALITIES):
                reading = moment.get(modality)
                if reading is not None and reading.feature is not None:
                    features[b][modality][n] = reading.feature
                    observed[b][n, i] = True
    return collate(features, observed)


def window_ends(length: int, context: int = CONTEXT) -> list[slice]:
    """For each of ``length`` utterances, the window that ends at it."""
    return [slice(max(0, end - context), end) for end in range(1, length + 1)]
