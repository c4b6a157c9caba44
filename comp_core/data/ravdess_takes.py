"""RAVDESS takes (Livingstone & Russo, 2018) with face and voice of the same moment: action units and MFCC statistics."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from comp_core.data.conversations import Conversation
from comp_core.data.speech import CLASSES, RAVDESS, parse_name
from comp_core.modalities import AUDIO, TEXT, VIDEO
from comp_core.support.errors import CompCoreError


class TakesError(CompCoreError):
    """The file is missing; the message says what to do."""


def load_takes(data: Path) -> dict[str, list[Conversation]]:
    """Actor -> takes, each a conversation of one utterance. The words, two neutral sentences, are no modality: their array is empty.

    Raises:
        TakesError: there is no ``ravdess_au_mfcc.npz`` in ``data``.
    """
    path = data / "ravdess_au_mfcc.npz"
    if not path.is_file():
        raise TakesError(f"{path} is missing: point --data at the folder that holds it.")
    with np.load(path) as arrays:
        names, faces, voices = arrays["clip"], arrays["face_au"], arrays["voice_mfcc"]
    takes: dict[str, list[Conversation]] = {}
    for name, face, voice in zip(names, faces, voices, strict=True):
        actor, label = parse_name(RAVDESS, str(name))
        labels = np.array([CLASSES[RAVDESS].index(label)])
        features = {AUDIO: voice[None], TEXT: np.zeros((1, 1), np.float32), VIDEO: face[None]}
        takes.setdefault(actor, []).append(Conversation.recorded([str(name)], features, labels))
    return takes
