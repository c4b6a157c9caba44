"""The log-mel spectrogram that Whisper hears (Radford et al., 2022), levelled by the loudest sound of the utterance."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from comp_core.senses.speech.vad import SAMPLE_RATE

BANDS = 80
WINDOW, HOP = 400, 160  # samples: 25 ms, a frame every 10 ms
RANGE = 8.0  # powers of ten below the loudest that are told apart
FLOOR = 1e-10  # the least power, so that digital silence has a logarithm


def mel_filters() -> Tensor:
    """Slaney's triangles of equal area, 0 to 8 kHz, (BANDS, WINDOW // 2 + 1)."""
    edges = _to_hertz(torch.linspace(0, float(_to_mel(torch.tensor(SAMPLE_RATE / 2))), BANDS + 2, dtype=torch.double))
    bins = torch.linspace(0, SAMPLE_RATE / 2, WINDOW // 2 + 1, dtype=torch.double)
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    return (torch.minimum(rising, falling).clamp(min=0) * (2 / (edges[2:] - edges[:-2]))[:, None]).float()


# Slaney's scale: even in hertz up to 1 kHz, which is 15 mel, and logarithmic above.
def _to_mel(hertz: Tensor) -> Tensor:
    return torch.where(hertz < 1000, hertz * 3 / 200, 15 + 27 * (hertz.clamp(min=1) / 1000).log() / torch.tensor(6.4).log())


def _to_hertz(mel: Tensor) -> Tensor:
    return torch.where(mel < 15, mel * 200 / 3, 1000 * 6.4 ** ((mel - 15) / 27))


class LogMel:
    """16 kHz mono sound (..., N) -> frames (..., BANDS, N // HOP), the loudest band of the loudest frame at 1, RANGE below it at -1."""

    def __init__(self, device: str | torch.device = "cpu") -> None:
        self._filters, self._window = mel_filters().to(device), torch.hann_window(WINDOW, device=device)

    def to(self, device: str) -> LogMel:
        """Move to another device."""
        self._filters, self._window = self._filters.to(device), self._window.to(device)
        return self

    def __call__(self, samples: Tensor) -> Tensor:
        # Silence follows on both sides: an utterance in a padded batch has the same frames as by itself.
        frames = F.pad(samples, (WINDOW // 2, WINDOW // 2)).unfold(-1, WINDOW, HOP)[..., : samples.shape[-1] // HOP, :]
        power = torch.fft.rfft(frames * self._window).abs().square()
        return levelled(power, self._filters)


def levelled(power: Tensor, filters: Tensor) -> Tensor:
    """Spectra (..., T, WINDOW // 2 + 1) and `mel_filters` -> frames (..., BANDS, T), the loudest at 1."""
    levels = (power @ filters.T).clamp(min=FLOOR).log10().transpose(-1, -2)
    # The gain of a microphone is not the speaker's: only what is louder than what counts.
    return (levels - levels.amax((-1, -2), keepdim=True)).clamp(min=-RANGE) * 2 / RANGE + 1
