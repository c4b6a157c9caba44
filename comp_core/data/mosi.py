"""CMU-MOSI (Zadeh et al., 2016): opinions in videos; sound, picture and words of the same utterances."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from comp_core.data.paired import Conversation
from comp_core.modalities import AUDIO, MODALITIES, TEXT, VIDEO

CLASSES = ("negative", "positive")
_ARRAYS = {AUDIO: "audio", TEXT: "text", VIDEO: "visual"}


class MosiError(Exception):
    """The file is missing; the message says what to do."""


def load_mosi(data: Path) -> dict[str, list[Conversation]]:
    """Split -> its videos, each a conversation, labelled by the sign of the sentiment.

    Utterances whose sentiment is exactly zero are left out, as the literature does for two classes.

    Raises:
        MosiError: there is no ``cmu_mosi_utterances.npz`` in ``data``.
    """
    path = data / "cmu_mosi_utterances.npz"
    if not path.is_file():
        raise MosiError(f"{path} is missing: point --data at the folder that holds it.")
    with np.load(path) as arrays:
        found = {name: arrays[name] for name in ("video", "segment", "split", "sentiment", *_ARRAYS.values())}
    order = np.lexsort((found["segment"], found["video"]))
    order = order[found["sentiment"][order] != 0]
    splits: dict[str, list[Conversation]] = {}
    for rows in np.split(order, np.flatnonzero(np.diff(np.unique(found["video"][order], return_inverse=True)[1])) + 1):
        labels = (found["sentiment"][rows] > 0).astype(int)
        features = {modality: found[name][rows] for modality, name in _ARRAYS.items()}
        whole = Conversation(features, labels, np.repeat(labels[:, None], len(MODALITIES), 1))
        splits.setdefault(str(found["split"][rows[0]]), []).append(whole)
    return splits
