"""The three modalities, their seven subsets and the label sets, in the one order used everywhere.

Every tensor with a modality axis is laid out as ``MODALITIES``; every tensor with a class axis as ``LABELS``.
"""

from collections.abc import Collection, Iterable
from itertools import combinations

AUDIO = "audio"
TEXT = "text"
VIDEO = "video"

MODALITIES: tuple[str, ...] = (AUDIO, TEXT, VIDEO)

# Ekman's six and neutral: the set that MELD, GoEmotions, FER+ and RAVDESS share.
LABELS: tuple[str, ...] = ("neutral", "joy", "sadness", "anger", "fear", "disgust", "surprise")
# The head of a sense that answers visitors, who try each label about as often; its other heads answer as one corpus's annotators would.
LIVE = "live"


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


# What people call them.
NAMES = {AUDIO: "voice", TEXT: "words", VIDEO: "face"}
