"""Cross-validation of the voice network by speaker: every clip is answered by a network that never heard its speaker."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from comp_core.data.speech import CLASSES, SpeechSet, load_speech
from comp_core.metrics.figures import class_report
from comp_core.senses.voice.network import VoiceNetConfig
from comp_core.support.atomic_files import write_whole
from comp_core.support.checkpoint import save_checkpoint
from comp_core.training.task import Task
from comp_core.training.voice import EPOCHS, HEADS, answers, example, fit_settings, fit_voice

FOLDS = 5


def measure(task: Task, epochs: int = EPOCHS) -> None:
    """Train a network for each of five folds and write ``voice_cv.json``.

    A fold leaves out four RAVDESS actors and two Emo-DB speakers. No epoch is chosen: the last one is kept, so the test speakers
    decide nothing. Each finished fold is kept in the work folder; the command goes on where it was stopped.
    """
    corpus = load_speech(task.data, task.work)
    fold_of = speaker_folds(corpus)
    answered: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {name: [] for name in CLASSES}
    for fold in range(FOLDS):
        path = task.work / f"voice_cv_seed{task.seed}_fold{fold}.json"
        if not path.exists():
            write_whole(path, json.dumps(_one_fold(task, corpus, fold_of, fold, epochs)))
        found = json.loads(path.read_text(encoding="utf-8"))
        for name, rows in found.items():
            answered[name].append((np.array(rows["probabilities"]), np.array(rows["labels"])))
    metrics = {}
    for name, folds in answered.items():
        by_fold = [class_report(probabilities, labels, CLASSES[name]) for probabilities, labels in folds]
        together = class_report(*(np.concatenate(parts) for parts in zip(*folds, strict=True)), CLASSES[name])
        spread = {key: float(np.std([figures[key] for figures in by_fold], ddof=1)) for key in ("accuracy", "uar")}
        metrics[name] = {**together, "std_over_folds": spread, "uar_by_fold": [figures["uar"] for figures in by_fold]}
    task.write_report("voice_cv", {"folds": FOLDS, "seed": task.seed, "epochs": epochs, "speakers": fold_of, "metrics": metrics})


def speaker_folds(corpus: SpeechSet) -> dict[str, int]:
    """Speaker -> fold: neighbours in number share one, so every fold of RAVDESS has two women and two men."""
    folds: dict[str, int] = {}
    for name in CLASSES:
        speakers = sorted({clip.speaker for clip in corpus if clip.corpus == name})
        folds |= {speaker: place * FOLDS // len(speakers) for place, speaker in enumerate(speakers)}
    return folds


def _one_fold(task: Task, corpus: SpeechSet, fold_of: dict[str, int], fold: int, epochs: int) -> dict[str, Any]:
    train = [example(clip) for clip in corpus.where(lambda clip: fold_of[clip.speaker] != fold)]
    config, settings = VoiceNetConfig(heads=HEADS), fit_settings(epochs, task.seed)
    network, _ = fit_voice(train, None, config, settings, device=task.device)
    save_checkpoint(task.work / f"voice_cv_seed{task.seed}_fold{fold}_net", "voice", network, config, {"fold": fold})
    found = {}
    for name in CLASSES:
        clips = list(corpus.where(lambda clip, name=name: clip.corpus == name and fold_of[clip.speaker] == fold))
        probabilities = answers(network, [example(clip)[0] for clip in clips], name).exp()
        found[name] = {"probabilities": probabilities.tolist(), "labels": [clip.class_index for clip in clips]}
    return found
