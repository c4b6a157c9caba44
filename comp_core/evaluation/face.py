"""What the face network says of many pictures, and how good it is on them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from comp_core.data.ferplus import CLASSES, TO_LIVE, FaceSet
from comp_core.metrics.calibration import fit_temperature
from comp_core.metrics.figures import class_report
from comp_core.modalities import LABELS
from comp_core.senses.face.calibration import FaceCalibration
from comp_core.senses.face.network import FaceNet
from comp_core.support.devices import device_of

POWERS = (0.0, 0.25, 0.5, 0.75, 1.0)
# Recall of rare classes rests on a few dozen validation pictures: of powers that are this close in UAR the smallest is taken.
CLOSE = 0.005
_LIVE_ORDER = [CLASSES.index(label) for label in LABELS]


def calibrate(model: FaceNet, valid: FaceSet, shares: np.ndarray) -> FaceCalibration:
    """The temperature with the least log loss, and the power of the class ``shares`` (8,) with the best UAR on the live labels."""
    found = logits(model, valid.crops)
    calibration = FaceCalibration(CLASSES, tuple(shares.tolist()), fit_temperature(found, valid.labels))
    live = np.isin(valid.labels, list(TO_LIVE))
    known, labels = calibration.log_probabilities(found[live]), live_labels(valid.labels[live])
    candidates = [replace(calibration, power=power) for power in POWERS]
    uar = [class_report(candidate.for_a_visitor(known), labels)["uar"] for candidate in candidates]
    return next(candidate for candidate, reached in zip(candidates, uar, strict=True) if reached >= max(uar) - CLOSE)


def face_report(model: FaceNet, faces: FaceSet, calibration: FaceCalibration) -> dict[str, dict[str, Any]]:
    """Metrics on the eight FER+ classes, of all pictures and of those that FER+'s authors test on; and on the seven live labels, of all
    and of those on which most people agree, as the data have the classes and as a visitor is shown (``corrected``).
    """
    known = calibration.log_probabilities(logits(model, faces.crops))
    live = np.isin(faces.labels, list(TO_LIVE))
    ways = {"": replace(calibration, power=0.0), "_corrected": calibration}
    return {
        "ferplus_8": {**class_report(np.exp(known), faces.labels, CLASSES), "mesh_found": float(faces.found.mean())},
        "ferplus_8_published": class_report(np.exp(known[faces.published]), faces.labels[faces.published], CLASSES),
        **{
            name + way: class_report(seen.for_a_visitor(known[chosen]), live_labels(faces.labels[chosen]), LABELS)
            for name, chosen in (("live_7", live), ("live_7_agreed", live & faces.agreed))
            for way, seen in ways.items()
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
