"""Train the face network on FER+ vote distributions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from comp_core.data.ferplus import FaceSet, load_ferplus
from comp_core.evaluation.face import calibrate, face_report, logits
from comp_core.metrics.calibration import softmax
from comp_core.metrics.figures import class_report
from comp_core.senses.face.network import FaceNet, FaceNetConfig
from comp_core.training.fit import FitConfig, fit
from comp_core.training.task import Task, keep_best

BATCH = 64
RARE_CLASSES = 0.35


def train_face(task: Task, epochs: int = 44) -> None:
    """Train on 85 % of FER+ train (the rest is for the fusion model), choose the epoch on valid, report test once."""
    torch.manual_seed(task.seed)
    sets = {split: load_ferplus(task.data, split, task.work) for split in ("train", "valid", "test")}
    train = sets["train"].subset(~sets["train"].held_for_fusion)
    crops, votes = torch.from_numpy(train.crops), torch.from_numpy(train.votes)

    def batches(epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        order = torch.from_numpy(np.random.default_rng((task.seed, epoch)).permutation(len(crops)))
        for rows in order.split(BATCH):
            yield augment(crops[rows].float()), votes[rows]

    frequency = votes.mean(0)
    # Between no weights, under which disgust and contempt are never answered, and equal shares, which would make them common.
    weight = (frequency**-RARE_CLASSES / (frequency ** (1 - RARE_CLASSES)).sum()).to(task.device)
    config = FaceNetConfig()
    # PyTorch's types do not know the second argument.
    model: FaceNet = FaceNet(config).to(task.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    settings = FitConfig(epochs=epochs, learning_rate=3e-3, weight_decay=0.05, average=0.999, seed=task.seed)
    stem = task.output("face")
    best, history = fit(
        model,
        batches,
        steps_per_epoch=-(-len(crops) // BATCH),
        loss_of=lambda net, batch: F.cross_entropy(net(batch[0])[1], batch[1], weight=weight),
        score_of=lambda net: score(net, sets["valid"]),
        config=settings,
        on_best=keep_best(stem, "face", config, settings, {}),
        resume=task.work / f"face_seed{task.seed}.resume",
    )
    calibration = calibrate(best, sets["valid"], train.votes.mean(0))
    metrics = {split: face_report(best, sets[split], calibration) for split in ("valid", "test")}
    about = {"calibration": asdict(calibration), "train_pictures": len(train.labels)}
    task.finish(stem, "face", best, config, settings, history, {"metrics": metrics}, about)


def score(model: FaceNet, faces: FaceSet) -> float:
    """Mean of accuracy and UAR on the eight classes."""
    figures = class_report(softmax(logits(model, faces.crops)), faces.labels)
    return (figures["accuracy"] + figures["uar"]) / 2


def augment(crops: Tensor) -> Tensor:
    """Random mirror, tilt, scale, shift, light, blur, noise and occlusion, (B, 48, 48) float 0-255 -> the same."""
    count, size = len(crops), crops.shape[-1]
    angle = torch.empty(count).uniform_(-0.25, 0.25)
    scale = torch.empty(count).uniform_(0.85, 1.18)
    mirror = torch.randint(0, 2, (count,)) * 2.0 - 1
    shift = torch.empty(count, 2).uniform_(-0.1, 0.1)
    cos, sin = angle.cos() * scale, angle.sin() * scale
    matrix = torch.stack([torch.stack([cos * mirror, -sin, shift[:, 0]], 1), torch.stack([sin * mirror, cos, shift[:, 1]], 1)], 1)
    grid = F.affine_grid(matrix, [count, 1, size, size], align_corners=False)
    x = F.grid_sample(crops.unsqueeze(1), grid, padding_mode="border", align_corners=False)
    blurred = F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), 3, 1)
    x = torch.where(torch.rand(count, 1, 1, 1) < 0.15, blurred, x)
    gamma = torch.empty(count, 1, 1, 1).uniform_(-0.4, 0.4).exp()
    x = (x / 255).clamp(0, 1).pow(gamma) * 255
    x = x + torch.randn_like(x) * torch.empty(count, 1, 1, 1).uniform_(0, 8)
    return _occlude(x.squeeze(1))


def _occlude(crops: Tensor) -> Tensor:
    """Cover a random rectangle of three crops in ten with grey: hands, glasses, hair, a microphone."""
    count, size = len(crops), crops.shape[-1]
    centre = torch.randint(0, size, (2, count, 1))
    extent = torch.randint(4, 11, (2, count, 1)) * (torch.rand(count, 1) < 0.3)
    axis = torch.arange(size).expand(count, size)
    rows, columns = ((axis - centre[i]).abs() < extent[i] for i in range(2))
    return torch.where(rows.unsqueeze(2) & columns.unsqueeze(1), crops.mean((1, 2), keepdim=True), crops)
