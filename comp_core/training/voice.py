"""Train the voice network on RAVDESS and Emo-DB together, split by speaker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from comp_core.data.speech import CLASSES, SPLITS, SpeechClip, load_speech
from comp_core.metrics.figures import class_report
from comp_core.modalities import LABELS
from comp_core.senses.voice.network import VoiceNet, VoiceNetConfig, together
from comp_core.senses.voice.spectra import BANDS, VIEWS, Spectra
from comp_core.support.devices import CPU, device_of, moved
from comp_core.training.fit import FitConfig, fit
from comp_core.training.task import Task, keep_best
from comp_core.training.voice_augment import augment

BATCH = 24
EPOCHS = 60
LIVE = "live"
HEADS = {**{corpus: len(names) for corpus, names in CLASSES.items()}, LIVE: len(LABELS)}

_SPECTRA = Spectra()

# A clip ready for training: its spectra (VIEWS, BANDS, T) and the class for each head that applies to it.
Example = tuple[Tensor, dict[str, int]]


def fit_settings(epochs: int, seed: int) -> FitConfig:
    """How voice networks are trained, the final one and those of folds."""
    return FitConfig(epochs=epochs, learning_rate=3e-3, weight_decay=0.02, average=0.99, seed=seed)


def train_voice(task: Task, epochs: int = EPOCHS) -> None:
    """Train, choose the epoch on the validation speakers, report the test speakers once."""
    corpus = load_speech(task.data, task.work)
    sets = {split: [example(clip) for clip in corpus.split(split)] for split in SPLITS}
    config = VoiceNetConfig(heads=HEADS)
    settings = fit_settings(epochs, task.seed)
    stem = task.output("voice")
    about = {"classes": {**CLASSES, LIVE: LABELS}, "speakers": SPLITS}
    final, history = fit_voice(sets["train"], sets["valid"], config, settings, stem=stem, device=task.device)
    metrics = {split: report(final, sets[split]) for split in ("valid", "test")}
    task.finish(stem, "voice", final, config, settings, history, metrics, {**about, "train_clips": len(sets["train"])})


def example(clip: SpeechClip) -> Example:
    """Spectra of the clip without its leading and trailing silence, which live segmentation removes too."""
    classes = {clip.corpus: clip.class_index}
    if clip.live_index is not None:
        classes[LIVE] = clip.live_index
    return trimmed(_SPECTRA(torch.from_numpy(np.asarray(clip.samples)))), classes


def trimmed(spectra: Tensor, floor_nepers: float = 7.0, margin: int = 15) -> Tensor:
    """Drop frames before the first and after the last that comes within ``floor_nepers`` of the loudest, but for a margin."""
    level = spectra[VIEWS.index("timbre")].logsumexp(0)
    loud = (level > level.max() - floor_nepers).nonzero().flatten()
    return spectra[:, :, max(0, int(loud[0]) - margin) : int(loud[-1]) + 1 + margin]


def fit_voice(
    train: Sequence[Example],
    valid: Sequence[Example] | None,
    config: VoiceNetConfig,
    settings: FitConfig,
    stem: Path | None = None,
    align_to: VoiceNet | None = None,
    device: str = CPU,
) -> tuple[VoiceNet, list[dict[str, float]]]:
    """Fit one network.

    Args:
        valid: the epoch is chosen on them; None: the last epoch is kept.
        stem: where to save the best weights while training goes on.
        align_to: a network into whose feature space the new one shall map: its heads are taken over and frozen, and on the
            training clips its features are the target. So features of different folds can train one fusion model.
        device: to train on, where ``align_to`` is, too.
    """
    torch.manual_seed(settings.seed)
    model = VoiceNet(config).to(device, memory_format=torch.channels_last)
    if align_to is not None:
        for tower, aligned in zip(model.towers, align_to.towers, strict=True):
            tower.heads.load_state_dict(aligned.heads.state_dict())
            tower.heads.requires_grad_(False)

    def batches(epoch: int) -> Iterator[tuple[Tensor, Tensor, list[dict[str, int]]]]:
        random = np.random.default_rng((settings.seed, epoch))
        order = random.permutation(len(train))
        for rows in np.array_split(order, -(-len(order) // BATCH)):
            yield *pad([augment(train[i][0], random) for i in rows]), [train[i][1] for i in rows]

    def loss_of(net: VoiceNet, batch: tuple[Tensor, Tensor, list[dict[str, int]]]) -> Tensor:
        spectra, valid_frames, classes = batch
        feature, logits = net(spectra, valid_frames)
        loss = classification_loss(logits, classes)
        if align_to is not None:
            with torch.no_grad():
                target = align_to.features(spectra, valid_frames)
            loss = loss + (feature - target).square().mean() / target.square().mean()
        return loss

    def score_of(net: VoiceNet) -> float:
        return float(np.mean([metrics["uar"] for metrics in report(net, valid).values()]))

    saving = {} if stem is None else {"on_best": keep_best(stem, "voice", config, settings, {})}
    return fit(model, batches, -(-len(train) // BATCH), loss_of, None if valid is None else score_of, settings, **saving)


def classification_loss(logits: dict[str, Tensor], classes: list[dict[str, int]]) -> Tensor:
    """Cross-entropy of every tower's every head on the clips that have a class for it; logits are (B, towers, classes)."""
    total: Tensor | float = 0.0
    for head, values in logits.items():
        rows = [i for i, row in enumerate(classes) if head in row]
        if rows:
            towers = values.shape[1]
            target = torch.tensor([[classes[i][head]] * towers for i in rows], device=values.device)
            loss = F.cross_entropy(values[rows].flatten(0, 1), target.flatten(), label_smoothing=0.05)
            # The mean over towers times their number: each learns as it would alone.
            total = total + towers * loss * (len(rows) / len(classes))
    return total


def report(model: VoiceNet, examples: Sequence[Example]) -> dict[str, dict]:
    """Metrics of every head on the clips that have a class for it."""
    names = {**CLASSES, LIVE: LABELS}
    results = {}
    for head in model.config.heads:
        chosen = [e for e in examples if head in e[1]]
        probabilities = answers(model, [spectra for spectra, _ in chosen], head).exp()
        results[head] = class_report(probabilities.numpy(), np.array([row[head] for _, row in chosen]), names[head])
    return results


def answers(model: VoiceNet, clips: Sequence[Tensor], head: str, batch: int = 64) -> Tensor:
    """Log-probabilities (n, classes) of a head, all towers together."""
    padded = (moved(pad(clips[i : i + batch]), device_of(model)) for i in range(0, len(clips), batch))
    with torch.inference_mode():
        return torch.cat([together(model(*some)[1][head]) for some in padded]).cpu()


def pad(clips: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Spectra (VIEWS, BANDS, T_i) -> (B, VIEWS, BANDS, T) with T a little over the longest, and which frames are real, (B, T)."""
    lengths = torch.tensor([clip.shape[2] for clip in clips])
    # Few different sizes: the convolutions prepare themselves anew for each, and keep what they prepared.
    longest = -(-int(lengths.max()) // 32) * 32
    batch = torch.zeros(len(clips), len(VIEWS), BANDS, longest)
    for row, clip in zip(batch, clips, strict=True):
        row[:, :, : clip.shape[2]] = clip
    return batch, torch.arange(longest) < lengths[:, None]
