"""Our face network with the head that it was trained with: a crop to the best of the seven live labels."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import cv2
import numpy as np
import torch

from comp_core.data.ferplus import CLASSES
from comp_core.modalities import LABELS
from comp_core.senses.face.network import FaceNet, FaceNetConfig
from comp_core.senses.fold_batchnorm import folded
from comp_core.support.checkpoint import WEIGHTS_DIR, load_checkpoint, restore
from tools.peers.serving import Request

_LIVE = [CLASSES.index(label) for label in LABELS]
VERSIONS = {"opencv": cv2.__version__, **{name: version(name) for name in ("mediapipe", "torch")}}


class Network:
    """Reads aligned or unaligned crops."""

    def __init__(self) -> None:
        config, state, _ = load_checkpoint(WEIGHTS_DIR / "face", {"face": FaceNetConfig})
        self._network = folded(restore(FaceNet, config, state))

    def label(self, crop: np.ndarray) -> str:
        """The best label of a crop, (48, 48) uint8, grey."""
        with torch.inference_mode():
            _, logits = self._network(torch.from_numpy(crop[None]))
        return LABELS[int(logits[0, _LIVE].argmax())]


def one_thread() -> None:
    torch.set_num_threads(1)
    cv2.setNumThreads(1)


def read_rgb(request: Request) -> Any:
    return cv2.cvtColor(cv2.imread(str(request.picture)), cv2.COLOR_BGR2RGB)
