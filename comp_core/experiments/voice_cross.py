"""How far a voice network carries from one corpus to the other: another language, other actors, other studios."""

from __future__ import annotations

from typing import Any

import numpy as np

from comp_core.data.speech import CLASSES, SpeechClip, load_speech
from comp_core.metrics.figures import class_report
from comp_core.modalities import LABELS
from comp_core.senses.voice.network import VoiceNet, VoiceNetConfig
from comp_core.training.task import Task
from comp_core.training.voice import EPOCHS, LIVE, answers, example, fit_settings, fit_voice

# The live labels that both corpora have.
SHARED = tuple(label for label in LABELS if label != "surprise")


def measure(task: Task, epochs: int = EPOCHS) -> None:
    """Train on the training speakers of one corpus, test on its own test speakers and on all of the other; write ``voice_cross.json``.

    The last epoch is kept. Only clips with one of the ``SHARED`` labels take part.
    """
    corpus = load_speech(task.data, task.work).where(lambda clip: clip.live_label in SHARED)
    metrics: dict[str, dict[str, Any]] = {}
    for source in CLASSES:
        of_source = corpus.where(lambda clip, source=source: clip.corpus == source)
        config = VoiceNetConfig(heads={LIVE: len(LABELS)})
        train = [(spectra, {LIVE: classes[LIVE]}) for spectra, classes in map(example, of_source.split("train"))]
        network, _ = fit_voice(train, None, config, fit_settings(epochs, task.seed), device=task.device)
        others = list(corpus.where(lambda clip, source=source: clip.corpus != source))
        metrics[source] = {"within": _figures(network, list(of_source.split("test"))), "across": _figures(network, others)}
    task.write_report("voice_cross", {"seed": task.seed, "epochs": epochs, "labels": SHARED, "metrics": metrics})


def _figures(network: VoiceNet, clips: list[SpeechClip]) -> dict[str, Any]:
    probabilities = answers(network, [example(clip)[0] for clip in clips], LIVE).exp().numpy()
    return class_report(probabilities, np.array([clip.live_index for clip in clips]), LABELS)
