"""The face network: a small residual CNN on aligned 48x48 grey crops."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class FaceNetConfig:
    """Sizes of the face network; saved in its checkpoint."""

    widths: tuple[int, ...] = (32, 64, 128, 256)
    feature_dim: int = 64
    classes: int = 8
    dropout: float = 0.2


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions around a shortcut; the first may halve the picture (He et al., 2016)."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels_out, channels_out, 3, 1, 1, bias=False),
            nn.BatchNorm2d(channels_out),
        )
        changes_shape = stride != 1 or channels_in != channels_out
        self.shortcut = (
            nn.Sequential(nn.AvgPool2d(stride), nn.Conv2d(channels_in, channels_out, 1, bias=False), nn.BatchNorm2d(channels_out))
            if changes_shape
            else nn.Identity()
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.body(x) + self.shortcut(x))


class FaceNet(nn.Module):
    """(B, 48, 48) uint8 or float crops -> features (B, D) and logits (B, 8) over the FER+ classes."""

    def __init__(self, config: FaceNetConfig) -> None:
        super().__init__()
        self.config = config
        stem = config.widths[0]
        self.stem = nn.Sequential(nn.Conv2d(1, stem, 3, 2, 1, bias=False), nn.BatchNorm2d(stem), nn.ReLU(inplace=True))
        widths_in = (stem, *config.widths[:-1])
        strides = (1, *(2 for _ in config.widths[1:]))
        self.stages = nn.Sequential(*(ResidualBlock(i, o, s) for i, o, s in zip(widths_in, config.widths, strides, strict=True)))
        self.to_feature = nn.Linear(config.widths[-1], config.feature_dim)
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(config.feature_dim, config.classes)

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        x = crops.float()
        # Each crop to zero mean and unit spread: poor light and low contrast should not read as an expression.
        x = (x - x.mean((1, 2), keepdim=True)) / (x.std((1, 2), keepdim=True) + 8.0)
        x = self.stages(self.stem(x.unsqueeze(1)))
        feature = torch.relu(self.to_feature(self.dropout(x.mean((2, 3)))))
        return feature, self.head(self.dropout(feature))
