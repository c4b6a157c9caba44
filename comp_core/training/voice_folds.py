"""Voice networks that never heard some of the training speakers: the fusion model must meet features as unsure as those of a new voice."""

from __future__ import annotations

from pathlib import Path

from comp_core.data.speech import SPLITS, SpeechSet, load_speech
from comp_core.senses.voice.network import VoiceNet, VoiceNetConfig
from comp_core.support.checkpoint import load_checkpoint, restore, save_checkpoint
from comp_core.training.fit import FitConfig
from comp_core.training.task import Task
from comp_core.training.voice import example, fit_settings, fit_voice, report

FOLDS = 3


def train_voice_folds(task: Task, epochs: int = 30) -> None:
    """Train one network per fold on the other folds' speakers, in the feature space of the final network, into the work folder.

    Helped by the final network's features, they need fewer epochs than it did. Needs what ``train voice`` wrote.
    Folds that were finished for the same network are kept, so a stopped run goes on.
    """
    final = _load(task.output("voice")).to(task.device)
    made_for = load_checkpoint(task.output("voice"), {"voice": VoiceNetConfig})[2]["sha256"]
    corpus = load_speech(task.data, task.work)
    for fold in range(FOLDS):
        stem = _stem(task.work, fold)
        if stem.with_suffix(".json").exists() and load_checkpoint(stem, {"voice": VoiceNetConfig})[2].get("made_for") == made_for:
            continue
        network, held_out = _one_fold(corpus, final, fold, fit_settings(epochs, task.seed), task.device)
        save_checkpoint(stem, "voice", network, final.config, {"fold": fold, "made_for": made_for, "held_out": held_out})


def _one_fold(corpus: SpeechSet, final: VoiceNet, fold: int, settings: FitConfig, device: str) -> tuple[VoiceNet, dict[str, dict]]:
    """The network of a fold, and its figures on the training speakers that it never heard."""
    seen, unseen = ([example(clip) for clip in corpus.split("train") if (fold_of(clip.speaker) == fold) == away] for away in (False, True))
    valid = [example(clip) for clip in corpus.split("valid")]
    network, _ = fit_voice(seen, valid, final.config, settings, align_to=final, device=device)
    return network, report(network, unseen)


def fold_of(speaker: str) -> int:
    """The fold whose network never hears this training speaker. Neighbours (a man and a woman in RAVDESS) share one."""
    return SPLITS["train"].index(speaker) // 2 % FOLDS


def load_fold(work: Path, fold: int) -> VoiceNet:
    """A fold's network.

    Raises:
        CheckpointError: ``train voice_folds`` has not been run with this work folder.
    """
    return _load(_stem(work, fold))


def _stem(work: Path, fold: int) -> Path:
    return work / f"voice_fold{fold}"


def _load(stem: Path) -> VoiceNet:
    config, state, _ = load_checkpoint(stem, {"voice": VoiceNetConfig})
    return restore(VoiceNet, config, state)
