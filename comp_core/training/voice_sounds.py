"""Utterances without the silence around them, drawn in batches, and their classes for each head."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from comp_core.data.speech import CLASSES, SpeechClip
from comp_core.modalities import LABELS, LIVE
from comp_core.senses.speech.vad import SAMPLE_RATE
from comp_core.senses.voice.spectra import HOP, LogMel

NAMES: dict[str, tuple[str, ...]] = {**CLASSES, LIVE: LABELS}
NO_CLASS = -100  # torch's mark of a row that a loss leaves out

_LOG_MEL = LogMel()


def trimmed(samples: np.ndarray, floor_db: float = 30.0, margin: float = 0.15) -> np.ndarray:
    """Sound (n,) without what is before the first and after the last frame within ``floor_db`` of the loudest, but for a margin in seconds.

    Live segmentation does the same.
    """
    level = torch.logsumexp(_LOG_MEL(torch.from_numpy(np.asarray(samples, np.float32))) * 4 * np.log(10), 0) / np.log(10) * 10
    loud = (level > level.max() - floor_db).nonzero().flatten()
    extra = round(margin * SAMPLE_RATE)
    return samples[max(0, int(loud[0]) * HOP - extra) : (int(loud[-1]) + 1) * HOP + extra]


class Sounds:
    """Sounds of different length, end to end in one tensor.

    Attributes:
        lengths: (n,) samples of each.
    """

    def __init__(self, waves: Sequence[np.ndarray], device: str) -> None:
        self.lengths = np.array([len(wave) for wave in waves])
        self._starts = np.cumsum(self.lengths) - self.lengths
        self._joined = torch.from_numpy(np.concatenate(waves).astype(np.float32)).to(device)

    def batch(self, rows: np.ndarray, begin: np.ndarray | None = None, lengths: np.ndarray | None = None) -> tuple[Tensor, Tensor]:
        """Sounds (B, N) with zeros behind their end and their lengths (B,); ``begin`` and ``lengths`` take a part of each, in samples."""
        lengths = self.lengths[rows] if lengths is None else lengths
        begin = self._starts[rows] + (0 if begin is None else begin)
        device = self._joined.device
        first, count = torch.from_numpy(begin).to(device), torch.from_numpy(lengths).to(device)
        time = torch.arange(int(lengths.max()), device=device)
        there = time < count[:, None]
        return self._joined[torch.where(there, first[:, None] + time, 0)] * there, count


def class_of(clip: SpeechClip, head: str) -> int:
    """The clip's class for a head, `NO_CLASS` if it has none."""
    if head == LIVE:
        return NO_CLASS if clip.live_index is None else clip.live_index
    return clip.class_index if head == clip.corpus else NO_CLASS
