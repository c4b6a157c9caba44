"""How long each sense takes on one thread, beside a reference that runs in turn with it: machines differ, ratios less."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

import cv2
import numpy as np
import torch

from comp_core.inference.fusion import Fusion
from comp_core.inference.windows import READ, Moment
from comp_core.modeling.registry import KINDS
from comp_core.predictor import Predictor
from comp_core.senses.face.locator import FaceLocator, align
from comp_core.senses.speech.vad import SAMPLE_RATE
from comp_core.senses.voice.spectra import LogMel
from comp_core.support.assets import ASSETS
from comp_core.support.checkpoint import hashes_of
from comp_core.training.task import Task

PICTURE = ASSETS / "samples" / "face.jpg"
SENTENCE = "I really did not expect that you would come back so soon."


def _one_pass(fusion: Fusion, moments: Sequence[Moment]) -> Callable[[], object]:
    window = fusion.window(moments)

    def forward() -> None:
        with torch.inference_mode():
            fusion.model(window)

    return forward


def measure(task: Task, runs: int = 100) -> None:
    """Write ``speed.json``: median milliseconds of each step over ``runs`` rounds, in each of which every step runs once, and their ratios.

    The number of threads is set to one, as in the live process.
    """
    torch.set_num_threads(1)
    predictor = Predictor.load(list(KINDS), device="cpu", weights=task.weights)
    picture = cv2.cvtColor(np.asarray(cv2.imread(str(PICTURE))), cv2.COLOR_BGR2RGB)
    locator = FaceLocator(tracking=True)
    located = locator.locate(picture)
    if located is None:
        raise ValueError(f"no face is found in {PICTURE}.")
    crop = align(picture, located)[None]
    sound = np.random.default_rng(0).normal(0, 0.1, 3 * SAMPLE_RATE).astype(np.float32)
    log_mel, samples = LogMel(), torch.from_numpy(sound)
    moments = [{"audio": predictor.voice.read(sound), "text": predictor.words.read(SENTENCE)}] * READ
    steps: dict[str, Callable[[], object]] = {
        "face: mesh alone": lambda: locator.locate(picture),
        "face: mesh, crop and network": lambda: predictor.face.see(picture, locator),
        "face: network alone": lambda: predictor.face.features(crop),
        "voice: frames of 3 s alone": lambda: log_mel(samples),
        "voice: frames of 3 s and network": lambda: predictor.voice.read(sound),
        "words: one utterance": lambda: predictor.words.read(SENTENCE),
        **{f"{f.name}: {READ} utterances": partial(f.fuse_last, moments) for f in predictor.fusions.values()},
        # Predictions of the page need each modality alone, too; this is the model by itself.
        **{f"{f.name}: one pass over {READ} utterances": _one_pass(f, moments) for f in predictor.fusions.values()},
    }
    taken: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(runs + 5):
        for name, step in steps.items():
            started = time.perf_counter()
            step()
            taken[name].append(1000 * (time.perf_counter() - started))
    locator.close()
    # The first rounds prepare memory and kernels.
    median = {name: float(np.median(values[5:])) for name, values in taken.items()}
    ratios = {
        "face sense / mesh alone": median["face: mesh, crop and network"] / median["face: mesh alone"],
        "voice sense / frames alone": median["voice: frames of 3 s and network"] / median["voice: frames of 3 s alone"],
    }
    weights = hashes_of(("face", "voice", "words", *predictor.fusions), task.weights)
    task.write_report("speed", {"weights": weights, "runs": runs, "median_ms": median, "ratios": ratios})
