"""Modalities that are there, but full of holes: a share of the words and of the voice's frames is lost within every utterance.

The other kind of missing data, in which a modality is gone as a whole, is in every other report. A picture of FER+ is a single frame, so
that faces have no holes here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from comp_core.data.paired import PairedDialogues
from comp_core.data.text import load_meld_dialogues
from comp_core.evaluation.predictions import predictions
from comp_core.metrics.calibration import softmax
from comp_core.metrics.figures import class_report, mean_and_spread
from comp_core.modalities import SUBSETS
from comp_core.modeling.registry import KINDS, load_fusion
from comp_core.support.checkpoint import hashes_of
from comp_core.training.live import PAIRING_SEED
from comp_core.training.live_features import face_pool, people, voice_pool
from comp_core.training.task import Task
from comp_core.training.words_folds import meld_features

# Share of the words and of the frames that are lost.
SHARES = (0.0, 0.2, 0.4, 0.6, 0.8)
GIVEN = ("A", "T", "AT", "ATV")
DRAWS = 3
_KEYS = ("accuracy", "uar", "ece")


def measure(task: Task) -> None:
    """Write ``partial_loss.json``: the fusion models on MELD's test dialogues with holes, mean and spread over draws."""
    faces = face_pool(task, "test")
    loaded = [load_fusion(task.weights / name) for name in KINDS]
    models = {description["name"]: (model, description["temperature"]["fused"]) for model, description in loaded}
    metrics: dict[str, dict[str, Any]] = {name: {} for name in models}
    for share in SHARES:
        draws: dict[str, list[dict[str, dict[str, float]]]] = {name: [] for name in models}
        for draw in range(DRAWS if share else 1):
            random = np.random.default_rng((task.seed, draw))
            words = meld_features(task, "test", words_with_holes(share, random))
            voices = voice_pool(task, "test", partial(frames_with_holes, share=share, random=random))
            paired = PairedDialogues(load_meld_dialogues(task.data, "test"), [words], voices, faces, people(task))
            conversations = paired.draw(np.random.default_rng(PAIRING_SEED))
            for name, (model, temperature) in models.items():
                found = predictions(model, conversations, {subset: SUBSETS[subset] for subset in GIVEN})
                draws[name].append({s: class_report(softmax(f["fused"], temperature[s]), f["labels"]) for s, f in found.items()})
        for name, reports in draws.items():
            metrics[name][str(share)] = {s: {key: mean_and_spread([r[s][key] for r in reports]) for key in _KEYS} for s in GIVEN}
    made = {"split": "test", "weights": hashes_of(("face", "voice", "words", *KINDS), task.weights), "draws": DRAWS}
    task.write_report("partial_loss", {**made, "metrics": metrics})


def words_with_holes(share: float, random: np.random.Generator) -> Callable[[str], str]:
    """Drops that share of a text's words, at random; one is kept, for without any the modality would be gone."""

    def holed(text: str) -> str:
        words = text.split()
        kept = [word for word in words if random.random() >= share]
        return " ".join(kept or words[:1])

    return holed


def frames_with_holes(mel: Tensor, share: float, random: np.random.Generator) -> Tensor:
    """Drops that share of the frames of (BANDS, T), at random, and closes the gaps; one is kept."""
    kept = random.random(mel.shape[-1]) >= share
    kept[:1] |= not kept.any()
    return mel[..., torch.from_numpy(kept)]
