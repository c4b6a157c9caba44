"""Fit what reads the ear's statistics: each clip as it is or changed, statistics mixed, every class counting alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from comp_core.senses.voice.network import Reader, VoiceNetConfig
from comp_core.support.devices import device_of
from comp_core.support.threads import one_thread
from comp_core.training.fit import FitConfig, fit
from comp_core.training.voice_heard import STUDIO, VARIANTS, Heard
from comp_core.training.voice_sounds import NO_CLASS, class_of


@dataclass(frozen=True)
class VoiceFit(FitConfig):
    """How voice networks are trained, the final one and those of folds; saved in the checkpoint.

    Attributes:
        unchanged: share of the clips that are heard as they are; the others in one of the variants.
        mix: Beta parameter of the mix-up of statistics (Verma et al., 2019).
        smoothing: of the labels.
    """

    epochs: int = 60
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    batch: int = 64
    unchanged: float = 0.5
    mix: float = 0.3
    smoothing: float = 0.1


@one_thread()
def fit_voice(
    heard: Heard, rows: np.ndarray, config: VoiceNetConfig, settings: VoiceFit, device: str
) -> tuple[Reader, list[dict[str, float]]]:
    """Fit one network; the last epoch's averaged weights are kept, so that no validation data are needed.

    Args:
        rows: the clips to train on.
    """
    torch.manual_seed(settings.seed)
    model = Reader(config)
    versions = torch.from_numpy(np.stack([heard.versions[version][rows] for version in (STUDIO, *VARIANTS)])).to(device)
    model.centre.copy_(versions.float().mean((0, 1)))
    model.spread.copy_(versions.float().std((0, 1)).clamp(min=1e-3))
    model.to(device)
    steps = -(-len(rows) // settings.batch)
    classes = {head: torch.tensor([class_of(heard.clips[row], head) for row in rows], device=device) for head in config.heads}
    balance = {head: _balance(classes[head], count) for head, count in config.heads.items()}

    def batches(epoch: int) -> Iterator[tuple[np.ndarray, np.random.Generator]]:
        random = np.random.default_rng((settings.seed, epoch))
        for chosen in np.array_split(random.permutation(len(rows)), steps):
            yield chosen, random

    def loss_of(reader: Reader, drawn: tuple[np.ndarray, np.random.Generator]) -> Tensor:
        chosen, random = drawn
        changed = np.where(random.random(len(chosen)) < settings.unchanged, 0, random.integers(1, len(versions), len(chosen)))
        picked, which, partner = (torch.from_numpy(part).to(device) for part in (chosen, changed, random.permutation(len(chosen))))
        share = torch.from_numpy(random.beta(settings.mix, settings.mix, (len(chosen), 1)).astype(np.float32)).to(device)
        statistics = versions[which, picked].float()

        standard = reader.standard(statistics)
        feature = reader.feature(share * standard + (1 - share) * standard[partner])
        total = torch.zeros((), device=device)
        for head, values in reader.logits(feature).items():
            for row, weight in ((picked, share), (picked[partner], 1 - share)):
                given: dict[str, Any] = {"ignore_index": NO_CLASS, "reduction": "none", "label_smoothing": settings.smoothing}
                total = total + (F.cross_entropy(values, classes[head][row], balance[head], **given) * weight[:, 0]).mean()
        return total

    return fit(model, batches, steps, loss_of, None, settings)


def _balance(classes: Tensor, count: int) -> Tensor:
    """Weights by which every class counts alike; a class without clips counts nothing."""
    sizes = torch.bincount(classes[classes != NO_CLASS], minlength=count).float()
    return torch.where(sizes > 0, sizes.sum() / (sizes > 0).sum() / sizes.clamp(min=1), 0.0)


def answers(reader: Reader, statistics: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Features (n, D) and log-probabilities (n, classes) of every head, of raw statistics (n, layers * 2 * width)."""
    with torch.inference_mode():
        feature, logits = reader(torch.from_numpy(statistics).to(device_of(reader)).float())
    return feature.cpu().numpy(), {head: values.log_softmax(1).cpu().numpy() for head, values in logits.items()}
