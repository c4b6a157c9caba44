"""Two views of the same sound: its timbre (mel bands, short windows) and its melody (log-frequency bands, long windows)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from comp_core.senses.speech.vad import SAMPLE_RATE

VIEWS = ("timbre", "melody")
BANDS = 64
HOP = 160  # samples: a frame every 10 ms
SHORT, LONG = 400, 1024  # samples: windows of 25 and 64 ms. The short one follows sounds, the long one tells harmonics apart
FLOOR = 1e-8  # added to the power, so that digital silence has a logarithm
TIMBRE_HZ, MELODY_HZ = (50.0, 7600.0), (70.0, 1100.0)
_FINE = 2 * LONG  # points of the long window's Fourier transform, so that the lowest melody bands have bins of their own


def to_mel(hertz: Tensor) -> Tensor:
    """The mel scale of O'Shaughnessy."""
    return 2595 * torch.log10(1 + hertz / 700)


def centres() -> Tensor:
    """The middle of every band in Hz, (VIEWS, BANDS)."""
    melody = torch.logspace(*torch.tensor(MELODY_HZ).log10().tolist(), BANDS)
    return torch.stack([_timbre_edges()[1:-1], melody])


def _timbre_edges() -> Tensor:
    mels = torch.linspace(*to_mel(torch.tensor(TIMBRE_HZ)).tolist(), BANDS + 2)
    return 700 * (10 ** (mels / 2595) - 1)


def _timbre_filters() -> Tensor:
    """Triangles that overlap by half, (BANDS, SHORT // 2 + 1)."""
    edges = _timbre_edges()
    bins = torch.linspace(0, SAMPLE_RATE / 2, SHORT // 2 + 1)
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    return torch.minimum(rising, falling).clamp(min=0)


def _melody_filters() -> Tensor:
    """Narrow triangles, each the mean of its bins, (BANDS, bins); no more bins than the highest band needs."""
    middle = centres()[1][:, None]
    bins = torch.linspace(0, SAMPLE_RATE / 2, _FINE // 2 + 1)
    # At least one bin to each side; further up, to the neighbouring bands.
    width = (middle * ((MELODY_HZ[1] / MELODY_HZ[0]) ** (1 / (BANDS - 1)) - 1)).clamp(min=SAMPLE_RATE / _FINE)
    triangles = (1 - (bins - middle).abs() / width).clamp(min=0)
    triangles = triangles[:, : int(triangles.any(0).nonzero().max()) + 1]
    return triangles / triangles.sum(1, keepdim=True)


class Spectra:
    """16 kHz mono sound (T,) -> natural-log power (VIEWS, BANDS, frames). At least one frame for T >= SHORT."""

    def __init__(self, device: str = "cpu") -> None:
        self._filters = [filters.to(device) for filters in (_timbre_filters(), _melody_filters())]
        self._windows = [torch.hann_window(length, device=device) for length in (SHORT, LONG)]

    def to(self, device: str) -> Spectra:
        """Move to another device."""
        self._filters, self._windows = ([part.to(device) for part in parts] for parts in (self._filters, self._windows))
        return self

    def __call__(self, samples: Tensor) -> Tensor:
        # The long windows reach beyond the short ones, so that frames of both views have the same middle.
        reach = (LONG - SHORT) // 2
        frames = samples.unfold(0, SHORT, HOP), F.pad(samples, (reach, reach)).unfold(0, LONG, HOP)
        points = SHORT, _FINE
        spectra = [torch.fft.rfft(f * w, n) for f, w, n in zip(frames, self._windows, points, strict=True)]
        return torch.stack([_bands(spectrum, filters) for spectrum, filters in zip(spectra, self._filters, strict=True)])


def _bands(spectrum: Tensor, filters: Tensor) -> Tensor:
    """Complex (frames, bins), (BANDS, needed bins) -> natural-log power (BANDS, frames)."""
    return (filters @ spectrum[:, : filters.shape[1]].abs().square().T + FLOOR).log()
