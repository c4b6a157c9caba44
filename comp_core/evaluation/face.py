"""What the face network says of many pictures, and how good it is on them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from comp_core.data.ferplus import CLASSES, TO_LIVE, FaceSet
from comp_core.metrics.calibration import softmax
from comp_core.metrics.figures import class_report
from comp_core.modalities import LABELS
from comp_core.senses.face.network import FaceNet
from comp_core.support.devices import device_of

_LIVE_ORDER = [CLASSES.index(label) for label in LABELS]


def face_report(model: FaceNet, faces: FaceSet, temperature: float) -> dict[str, dict[str, Any]]:
    """Metrics on all eight FER+ classes, on the seven live labels, and on those of them on which most people agree."""
    probabilities = softmax(logits(model, faces.crops), temperature)
    live = np.isin(faces.labels, list(TO_LIVE))
    return {
        "ferplus_8": {**class_report(probabilities, faces.labels, CLASSES), "mesh_found": float(faces.found.mean())},
        **{
            name: class_report(live_probabilities(probabilities[chosen]), live_labels(faces.labels[chosen]), LABELS)
            for name, chosen in (("live_7", live), ("live_7_agreed", live & faces.agreed))
        },
    }


def logits(model: FaceNet, crops: np.ndarray, batch: int = 256) -> np.ndarray:
    """(n, 48, 48) uint8 -> (n, 8)."""
    with torch.inference_mode():
        return torch.cat([model(part.to(device_of(model)))[1].cpu() for part in torch.from_numpy(crops).split(batch)]).numpy()


def live_probabilities(probabilities: np.ndarray) -> np.ndarray:
    """Over the eight FER+ classes -> over the seven live labels, contempt left out."""
    kept = probabilities[:, _LIVE_ORDER]
    return kept / kept.sum(1, keepdims=True)


def live_labels(labels: np.ndarray) -> np.ndarray:
    """FER+ classes, none of them contempt -> live labels."""
    return np.array([TO_LIVE[label] for label in labels])
