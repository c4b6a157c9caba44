"""What voice networks say about speakers that they never heard: for honest figures, and for the fusion model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from comp_core.data.speech import TEST_FOLD, SpeechClip, fold_of
from comp_core.senses.voice.network import Reader, VoiceNetConfig
from comp_core.support.checkpoint import CheckpointError, load_checkpoint
from comp_core.training.task import Task
from comp_core.training.voice_fit import VoiceFit, answers, fit_voice
from comp_core.training.voice_heard import NOISE, STUDIO, TELEPHONE, VARIANTS, Heard
from comp_core.training.voice_sounds import NO_CLASS, class_of


@dataclass(frozen=True)
class Answers:
    """What networks say about clips.

    Attributes:
        clips: those that were asked about.
        features: (n, 1 + variants, D), of each clip as it is and changed.
        log_probabilities: `STUDIO`, `TELEPHONE`, `NOISE` -> head -> (n, classes).
    """

    clips: tuple[SpeechClip, ...]
    features: np.ndarray
    log_probabilities: dict[str, dict[str, np.ndarray]]

    def of(self, head: str, condition: str = STUDIO) -> tuple[np.ndarray, np.ndarray]:
        """Log-probabilities (n', classes) and classes (n',) of the clips that have a class for the head."""
        classes = np.array([class_of(clip, head) for clip in self.clips])
        there = classes != NO_CLASS
        return self.log_probabilities[condition][head][there], classes[there]

    @classmethod
    def joined(cls, parts: Sequence[Answers]) -> Answers:
        """Those of several networks about different clips."""
        said = {
            condition: {head: np.concatenate([part.log_probabilities[condition][head] for part in parts]) for head in by_head}
            for condition, by_head in parts[0].log_probabilities.items()
        }
        clips = tuple(clip for part in parts for clip in part.clips)
        return cls(clips, np.concatenate([part.features for part in parts]), said)


def ask(reader: Reader, heard: Heard, rows: np.ndarray) -> Answers:
    """A network's answers about some of the clips."""
    found = {version: answers(reader, statistics[rows]) for version, statistics in heard.versions.items()}
    features = np.stack([found[version][0] for version in (STUDIO, *VARIANTS)], 1)
    said = {condition: found[condition][1] for condition in (STUDIO, TELEPHONE, NOISE)}
    return Answers(tuple(heard.clips[row] for row in rows), features, said)


def within(*folds: int) -> Callable[[SpeechClip], bool]:
    """Whether the clip's speaker belongs to one of these folds."""
    return lambda clip: fold_of(clip.speaker) in folds


def outside(*folds: int) -> Callable[[SpeechClip], bool]:
    """Whether the clip's speaker belongs to none of these folds."""
    return lambda clip: fold_of(clip.speaker) not in folds


def by_others(
    heard: Heard,
    train: Callable[[SpeechClip], bool],
    test: Callable[[SpeechClip], bool],
    config: VoiceNetConfig,
    settings: VoiceFit,
    device: str,
) -> Answers:
    """Train on some clips, ask about others."""
    reader, _ = fit_voice(heard, heard.rows(train), config, settings, device)
    return ask(reader, heard, heard.rows(test))


def unheard(heard: Heard, final: Reader, config: VoiceNetConfig, settings: VoiceFit, device: str) -> Answers:
    """About all clips but the test speakers': for each of their folds a network without it, its features in the space of the final one.

    A linear map, fitted on the clips that both have heard, carries features from one space into the other, where the final network's
    heads read them. (A network trained towards the final one's features learns from it what it knows of the speakers left out.)
    """
    found = []
    for fold in range(TEST_FOLD):
        rows = heard.rows(outside(fold, TEST_FOLD))
        reader, _ = fit_voice(heard, rows, config, settings, device)
        carry = _linear_map(ask(reader, heard, rows).features, ask(final, heard, rows).features)
        asked = heard.rows(within(fold))
        statistics = {version: torch.from_numpy(values[asked]).float().to(device) for version, values in heard.versions.items()}
        with torch.inference_mode():
            carried = {version: carry(reader(values)[0]) for version, values in statistics.items()}
            said = {
                condition: {head: values.log_softmax(1).cpu().numpy() for head, values in final.logits(carried[condition]).items()}
                for condition in (STUDIO, TELEPHONE, NOISE)
            }
        features = torch.stack([carried[version] for version in (STUDIO, *VARIANTS)], 1).cpu().numpy()
        found.append(Answers(tuple(heard.clips[row] for row in asked), features, said))
    return Answers.joined(found)


def _linear_map(source: np.ndarray, target: np.ndarray, strength: float = 1e-2) -> Callable[[Tensor], Tensor]:
    """The map that carries features (..., D) to others of the same clips with the least squared error (ridge regression)."""
    x, y = (torch.from_numpy(part).flatten(0, -2).double() for part in (source, target))
    mean_x, mean_y = x.mean(0), y.mean(0)
    squares = (x - mean_x).T @ (x - mean_x)
    pull = (strength * squares.diagonal().mean() + 1e-9) * torch.eye(len(squares), dtype=torch.double)
    weight = torch.linalg.solve(squares + pull, (x - mean_x).T @ (y - mean_y))
    return lambda features: ((features.double().cpu() - mean_x) @ weight + mean_y).to(features)


def keep_features(work: Path, found: Answers, made_for: str) -> None:
    """Write the features into the work folder, for `kept_features`."""
    names = [[clip.corpus, clip.name] for clip in found.clips]
    np.savez(work / "voice_features.npz", made_for=made_for, names=np.array(names), features=found.features.astype(np.float16))


def kept_features(task: Task) -> dict[tuple[str, str], np.ndarray]:
    """(corpus, name) -> (1 + variants, D), for every clip but the test speakers', from networks that never heard the speaker.

    Raises:
        CheckpointError: ``train voice`` has not been run with this work folder, or the weights are of another run.
    """
    _, _, record = load_checkpoint(task.output("voice"), {"voice": VoiceNetConfig})
    path = task.work / "voice_features.npz"
    if path.is_file():
        with np.load(path) as stored:
            if str(stored["made_for"]) == record["sha256"]:
                return {(str(c), str(n)): rows for (c, n), rows in zip(stored["names"], stored["features"].astype(np.float32), strict=True)}
    raise CheckpointError(f"{task.work} holds no voice features for these weights: run `python -m comp_core train voice` with it.")
