"""How calm the output is while nothing happens: a minute of one neutral face that does not change, and silence."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import cv2
import numpy as np

from comp_core.data.ferplus import CLASSES, framed, load_ferplus
from comp_core.inference.fusion import sure_label
from comp_core.inference.smoothing import TIME_CONSTANT, RecentFaces, Smoother
from comp_core.modalities import VIDEO
from comp_core.predictor import Predictor
from comp_core.senses.face.locator import FaceLocator
from comp_core.senses.reading import NO_WORDS, SILENCE, Reading
from comp_core.support.checkpoint import hashes_of
from comp_core.support.progress import progress
from comp_core.training.task import Task

FACES, SECONDS, RATE = 10, 60, 10.0  # pictures a second, as live
_STRONG = ("anger", "fear", "disgust", "surprise")


def measure(task: Task) -> None:
    """Write ``steadiness.json``: FER+ test pictures that all voters called neutral, with camera noise, drifting light and some sway."""
    predictor = Predictor.load(device="cpu", weights=task.weights)
    test = load_ferplus(task.data, "test", task.work)
    unanimous = (test.votes[:, CLASSES.index("neutral")] == 1) & test.found
    random = np.random.default_rng(task.seed)
    chosen = random.permutation(np.flatnonzero(unanimous))[:FACES]
    rows = [watch(predictor, test.images[i], random) for i in progress(chosen, "faces")]
    task.write_report(
        "steadiness",
        {
            "weights": hashes_of(("face",), task.weights),
            "faces": len(rows),
            "seconds": SECONDS,
            "time_constant_s": TIME_CONSTANT,
            "metrics": {
                key: {"mean": float(np.mean([row[key] for row in rows])), "worst": float(np.max([row[key] for row in rows]))}
                for key in ("label_changes", "label_changes_unsmoothed", "strong_emotion")
            },
            "rows": rows,
        },
    )


def watch(predictor: Predictor, image: np.ndarray, random: np.random.Generator) -> dict[str, Any]:
    """One face for ``SECONDS``: how often the shown label ("not sure" is one) changes, and the mean probability of strong emotions."""
    locator, faces, smoother = FaceLocator(tracking=True), RecentFaces(), Smoother()
    raw, shown, strong = [], [], []
    picture, silent = framed(image), {"audio": Reading.absent(SILENCE), "text": Reading.absent(NO_WORDS)}
    for now in np.arange(0, SECONDS, 1 / RATE):
        seen = predictor.face.see(cv2.cvtColor(_as_a_camera_sees(picture, now, random), cv2.COLOR_GRAY2RGB), locator)
        raw.append(_label(predictor.fusion().fuse_last([{**silent, VIDEO: predictor.face.summarise([seen])}]).as_dict()))
        faces.add(seen, now)
        record = smoother.update(predictor.fusion().fuse_last([{**silent, VIDEO: faces.read(predictor.face, now)}]).as_dict(), now)
        shown.append(_label(record))
        strong.append(sum(record["fused"][label] for label in _STRONG) if record["fused"] else 0.0)
    locator.close()
    return {
        "label_changes": _changes(shown),
        "label_changes_unsmoothed": _changes(raw),
        "strong_emotion": float(np.mean(strong)),
        "labels": sorted(set(shown)),
    }


def _as_a_camera_sees(picture: np.ndarray, time: float, random: np.random.Generator) -> np.ndarray:
    """Slow sway of two per cent and two degrees, light that drifts by five per cent, noise of three grey levels."""
    height, width = picture.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), 2 * np.sin(0.7 * time), 1 + 0.02 * np.sin(0.31 * time))
    matrix[:, 2] += 0.02 * width * np.array([np.sin(0.9 * time), np.sin(0.53 * time)])
    moved = cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return (moved * (1 + 0.05 * np.sin(0.2 * time)) + random.normal(0, 3, moved.shape)).clip(0, 255).astype(np.uint8)


def _label(record: dict[str, Any]) -> str:
    return "nothing" if record["fused"] is None else sure_label(record["fused"], record["sure_from"]) or "not sure"


def _changes(labels: list[str]) -> int:
    return sum(a != b for a, b in pairwise(labels))
