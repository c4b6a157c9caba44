"""Train the voice network on RAVDESS and Emo-DB together, on what the first blocks of Whisper tiny.en hear, split by speaker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from comp_core.data.speech import SPLITS, TEST_FOLD, fold_of, load_speech
from comp_core.metrics.calibration import fit_temperature_and_shift
from comp_core.metrics.figures import class_report
from comp_core.modalities import LIVE
from comp_core.senses.speech.whisper_tiny import read_state
from comp_core.senses.voice.network import Reader, VoiceNet, VoiceNetConfig
from comp_core.support.checkpoint import load_checkpoint
from comp_core.training.task import Task
from comp_core.training.voice_fit import VoiceFit, fit_voice
from comp_core.training.voice_folds import Answers, ask, keep_features, unheard
from comp_core.training.voice_heard import STUDIO, Heard, listen
from comp_core.training.voice_sounds import NAMES


def prepared(task: Task, epochs: int | None) -> tuple[Heard, VoiceNetConfig, VoiceFit, Mapping[str, Tensor]]:
    """What every training of a voice network begins with: the clips as heard, the recipe, and Whisper's weights.

    Raises:
        WeightsMissing: Whisper tiny.en's weights are not there.
    """
    whisper, config = read_state(), VoiceNetConfig()
    heard = listen(load_speech(task.data, task.work), config, whisper, task.work, task.device)
    return heard, config, VoiceFit(seed=task.seed, **({} if epochs is None else {"epochs": epochs})), whisper


def train_voice(task: Task, epochs: int | None = None) -> None:
    """Train on all but the test speakers, and once without each of their folds; write the weights and ``voice.json``.

    No epoch is chosen. What the networks of the folds say about speakers that they never heard calibrates the live head for visitors
    who try each label about as often, and their features train the fusion model.
    """
    heard, config, settings, whisper = prepared(task, epochs)
    known = heard.rows(lambda clip: fold_of(clip.speaker) != TEST_FOLD)
    final, history = fit_voice(heard, known, config, settings, task.device)
    by_others = unheard(heard, final, config, settings, task.device)
    temperature, shift = calibrate(final, by_others)
    said = by_others.log_probabilities[STUDIO]
    said[LIVE] = torch.from_numpy(said[LIVE] / temperature + shift).log_softmax(1).numpy()
    test = ask(final, heard, heard.rows(lambda clip: fold_of(clip.speaker) == TEST_FOLD))
    metrics = {"valid": report(by_others), "test": report(test)}
    network = VoiceNet(config).listen_like(whisper)
    network.reader.load_state_dict(final.state_dict())
    about = {"classes": NAMES, "speakers": SPLITS, "train_clips": len(known), "calibration": [temperature, shift.tolist()]}
    task.finish(task.output("voice"), "voice", network, config, settings, history, {"metrics": metrics}, about)
    keep_features(task.work, by_others, load_checkpoint(task.output("voice"), {"voice": VoiceNetConfig})[2]["sha256"])


def calibrate(reader: Reader, known: Answers) -> tuple[float, np.ndarray]:
    """Fit temperature and shift (K,) of the live head on answers about speakers never heard, and build both into the head."""
    temperature, shift = fit_temperature_and_shift(*known.of(LIVE))
    head = cast(nn.Linear, reader.heads[LIVE])
    with torch.no_grad():
        head.weight.div_(temperature)
        head.bias.copy_(head.bias / temperature + torch.from_numpy(shift).to(head.bias))
    return temperature, shift


def report(found: Answers) -> dict[str, dict]:
    """Metrics of every head on the clips that have a class for it."""
    results = {}
    for head, names in NAMES.items():
        said, classes = found.of(head)
        results[head] = class_report(np.exp(said), classes, names)
    return results
