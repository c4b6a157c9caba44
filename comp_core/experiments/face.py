"""The face sense on FER+ test: calibrated figures, the figures where people agree, and what bad pictures cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from comp_core.data.ferplus import TO_LIVE, FaceSet, framed, load_ferplus
from comp_core.evaluation.face import face_report, live_labels, live_probabilities, logits
from comp_core.metrics.calibration import reliability, risk_coverage, softmax
from comp_core.metrics.figures import class_report
from comp_core.senses.face.calibration import FaceCalibration
from comp_core.senses.face.locator import FaceLocator, align
from comp_core.senses.face.network import FaceNet, FaceNetConfig
from comp_core.support.checkpoint import load_checkpoint, restore
from comp_core.support.progress import progress
from comp_core.training.task import Task

SAMPLE = 600  # pictures for each condition

# A framed grey picture and randomness -> a worse one.
Condition = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def measure(task: Task) -> None:
    """Write ``face_test.json``: figures from test, with the checkpoint's calibration."""
    config, state, record = load_checkpoint(task.output("face"), {"face": FaceNetConfig})
    model, calibration = restore(FaceNet, config, state), FaceCalibration.of(record)
    test, temperature = load_ferplus(task.data, "test", task.work), calibration.temperature
    live = test.subset(np.isin(test.labels, list(TO_LIVE)))
    known = live_probabilities(softmax(logits(model, live.crops), temperature)), live_labels(live.labels)
    task.write_report(
        "face_test",
        {
            "weights": record["sha256"],
            "temperature": temperature,
            "power": calibration.power,
            "metrics": face_report(model, test, calibration),
            "reliability": reliability(*known),
            "risk_coverage": risk_coverage(*known),
            "conditions": conditions_report(model, temperature, live, np.random.default_rng(task.seed)),
        },
    )


def conditions_report(model: FaceNet, temperature: float, test: FaceSet, random: np.random.Generator) -> dict[str, dict[str, Any]]:
    """For each condition: the share of pictures with a mesh (``found``), and the live-7 metrics of those."""
    test = test.subset(random.permutation(len(test.labels))[:SAMPLE])
    locator, results = FaceLocator(tracking=False), {}
    for name, worsen in CONDITIONS.items():
        crops, labels = [], []
        for image, label in zip(progress(test.images, name), test.labels, strict=True):
            picture = cv2.cvtColor(worsen(framed(image), random), cv2.COLOR_GRAY2RGB)
            face = locator.locate(picture)
            if face is not None:
                crops.append(align(picture, face))
                labels.append(label)
        probabilities = live_probabilities(softmax(logits(model, np.stack(crops)), temperature))
        results[name] = {"found": len(crops) / len(test.labels), **class_report(probabilities, live_labels(np.array(labels)))}
    locator.close()
    return results


def _pixels(size: int) -> Condition:
    return lambda picture, _: cv2.resize(picture, (round(1.5 * size),) * 2, interpolation=cv2.INTER_AREA if size < 192 else cv2.INTER_CUBIC)


def _tilted(degrees: float) -> Condition:
    def worsen(picture: np.ndarray, random: np.random.Generator) -> np.ndarray:
        centre = (picture.shape[1] / 2, picture.shape[0] / 2)
        matrix = cv2.getRotationMatrix2D(centre, degrees * random.choice([-1, 1]), 1.0)
        return cv2.warpAffine(picture, matrix, picture.shape[::-1], borderMode=cv2.BORDER_REPLICATE)

    return worsen


def _dark(picture: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A fifth of the light, and the sensor's noise."""
    return (picture * 0.2 + random.normal(0, 4, picture.shape)).clip(0, 255).astype(np.uint8)


def _half_lit(picture: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Light from one side only."""
    ramp = np.linspace(1.2, 0.15, picture.shape[1])[:: random.choice([-1, 1])]
    return (picture * ramp).clip(0, 255).astype(np.uint8)


def _noisy(picture: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return (picture + random.normal(0, 20, picture.shape)).clip(0, 255).astype(np.uint8)


def _blurred(picture: np.ndarray, _: np.random.Generator) -> np.ndarray:
    return cv2.GaussianBlur(picture, (0, 0), picture.shape[0] / 48)


def _compressed(picture: np.ndarray, _: np.random.Generator) -> np.ndarray:
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 15])[1], cv2.IMREAD_GRAYSCALE))


def _glasses(picture: np.ndarray, _: np.random.Generator) -> np.ndarray:
    """Dark frames where FER+ has the eyes: at 32 and 68 % of its width and 38 % of its height."""
    picture, unit = picture.copy(), picture.shape[0] / 1.5
    left, right = ((round((0.25 + x) * unit), round((0.25 + 0.38) * unit)) for x in (0.32, 0.68))
    thick = max(1, round(unit / 40))
    for centre in (left, right):
        cv2.ellipse(picture, centre, (round(0.15 * unit), round(0.11 * unit)), 0, 0, 360, 20, thick)
    cv2.line(picture, (left[0] + round(0.15 * unit), left[1]), (right[0] - round(0.15 * unit), right[1]), 20, thick)
    return picture


CONDITIONS: dict[str, Condition] = {
    "as released": lambda picture, _: picture,
    "40 pixels": _pixels(40),
    "400 pixels": _pixels(400),
    "tilted by 15 degrees": _tilted(15),
    "tilted by 30 degrees": _tilted(30),
    "a fifth of the light": _dark,
    "light from one side": _half_lit,
    "noise": _noisy,
    "blur": _blurred,
    "JPEG at quality 15": _compressed,
    "drawn glasses": _glasses,
}
