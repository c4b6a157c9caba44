"""CMU-MOSI (Zadeh et al., 2016): opinions in videos; sound, picture and words of the same utterances."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from comp_core.data.conversations import Conversation
from comp_core.modalities import AUDIO, TEXT, VIDEO
from comp_core.support.errors import CompCoreError

SIGNS = ("negative", "positive")
_ARRAYS = {AUDIO: "audio", TEXT: "text", VIDEO: "visual"}


class MosiError(CompCoreError):
    """The file is missing; the message says what to do."""


def load_mosi(data: Path) -> dict[str, list[Conversation]]:
    """Split -> its videos, each a conversation, labelled by sentiment: float32 from -3 to 3.

    Raises:
        MosiError: there is no ``cmu_mosi_utterances.npz`` in ``data``.
    """
    path = data / "cmu_mosi_utterances.npz"
    if not path.is_file():
        raise MosiError(f"{path} is missing: point --data at the folder that holds it.")
    with np.load(path) as arrays:
        found = {name: arrays[name] for name in ("video", "segment", "split", "sentiment", *_ARRAYS.values())}
    order = np.lexsort((found["segment"], found["video"]))
    splits: dict[str, list[Conversation]] = {}
    for rows in np.split(order, np.flatnonzero(np.diff(np.unique(found["video"][order], return_inverse=True)[1])) + 1):
        ids = [f"{video}_{segment}" for video, segment in zip(found["video"][rows], found["segment"][rows], strict=True)]
        features = {modality: found[name][rows] for modality, name in _ARRAYS.items()}
        video = Conversation.recorded(ids, features, found["sentiment"][rows].astype(np.float32))
        splits.setdefault(str(found["split"][rows[0]]), []).append(video)
    return splits


def reread_words(splits: dict[str, list[Conversation]], data: Path, read: Callable[[str], np.ndarray]) -> dict[str, list[Conversation]]:
    """The same videos with other features of the words: ``read`` makes a vector of an utterance's transcript."""
    with np.load(data / "cmu_mosi_utterances.npz") as arrays:
        names = zip(arrays["video"], arrays["segment"], arrays["transcript"], strict=True)
        vectors = {f"{video}_{segment}": read(str(text)) for video, segment, text in names}
    return {
        split: [replace(video, features={**video.features, TEXT: np.stack([vectors[i] for i in video.ids])}) for video in videos]
        for split, videos in splits.items()
    }


def by_sign(video: Conversation) -> Conversation:
    """The video with the sign of the sentiment as its classes; utterances whose sentiment is exactly zero are left out."""
    signed = np.flatnonzero(video.labels)
    features = {modality: values[signed] for modality, values in video.features.items()}
    return Conversation.recorded([video.ids[i] for i in signed], features, (video.labels[signed] > 0).astype(int))
