"""The voice sense on the test speakers: calibrated figures, and what rooms, noise and bad microphones cost."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from comp_core.data.speech import SpeechClip, load_speech
from comp_core.evaluation.sound_conditions import CONDITIONS, Condition
from comp_core.metrics.calibration import reliability, risk_coverage
from comp_core.metrics.figures import class_report
from comp_core.modalities import LABELS, LIVE
from comp_core.senses.voice.network import VoiceNet, VoiceNetConfig
from comp_core.senses.voice.spectra import LogMel
from comp_core.support.checkpoint import load_checkpoint, restore
from comp_core.support.progress import progress
from comp_core.training.task import Task
from comp_core.training.voice_sounds import trimmed


def measure(task: Task) -> None:
    """Write ``voice_test.json``: the live head, which is calibrated in its weights, on the test speakers."""
    config, state, record = load_checkpoint(task.output("voice"), {"voice": VoiceNetConfig})
    model = restore(VoiceNet, config, state)
    test = list(load_speech(task.data, task.work).where(lambda clip: clip.live_index is not None).split("test"))
    labels = np.array([clip.live_index for clip in test])
    random = np.random.default_rng(task.seed)
    known = {name: live_probabilities(model, progress(test, name), worsen, random) for name, worsen in CONDITIONS.items()}
    studio = known["studio"]
    corpora = {name: np.array([clip.corpus == name for clip in test]) for name in sorted({clip.corpus for clip in test})}
    task.write_report(
        "voice_test",
        {
            "weights": record["sha256"],
            "metrics": {
                LIVE: class_report(studio, labels, LABELS),
                **{f"{LIVE}_{name}": class_report(studio[rows], labels[rows], LABELS) for name, rows in corpora.items()},
            },
            "reliability": reliability(studio, labels),
            "risk_coverage": risk_coverage(studio, labels),
            "conditions": {name: class_report(found, labels, LABELS) for name, found in known.items()},
        },
    )


def live_probabilities(model: VoiceNet, clips: Sequence[SpeechClip], worsen: Condition, random: np.random.Generator) -> np.ndarray:
    """Probabilities of the live head (n, K), of clips without the silence around them, made worse as waveforms."""
    log_mel, found = LogMel(), []
    with torch.inference_mode():
        for clip in clips:
            wave = worsen(trimmed(np.asarray(clip.samples, np.float32)), random)
            found.append(model(log_mel(torch.from_numpy(np.ascontiguousarray(wave, np.float32)))[None])[1][LIVE].softmax(1)[0])
    return torch.stack(found).numpy()
