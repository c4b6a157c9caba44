"""Senses and fusion models as graphs of tensors alone: what stands around a network in Python is put into it."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any, ClassVar

import torch
from torch import Generator, Tensor, nn

from comp_core.inference.fusion import Fusion
from comp_core.modalities import LABELS, LIVE, MODALITIES, SUBSETS, subset_name
from comp_core.modeling.batch import Conversations
from comp_core.senses.face.locator import CROP_SIZE
from comp_core.senses.face.sense import FaceSense
from comp_core.senses.speech.vad import SAMPLE_RATE
from comp_core.senses.voice.sense import LONGEST, SHORTEST, VoiceSense
from comp_core.senses.voice.spectra import HOP, WINDOW, levelled, mel_filters
from comp_core.senses.words.sense import WordsSense

# Axes of a tensor that may have any size: number -> name.
Axes = dict[int, str]
_EACH: Axes = {0: "batch"}
_IN_TIME: Axes = {0: "batch", 1: "time"}


class Graph(nn.Module, ABC):
    """What is written as one file.

    Attributes:
        INPUTS: name -> free axes, in the order of ``forward``.
        OUTPUTS: the same of what it returns.
        about: what stands in the file beside the weights.
    """

    INPUTS: ClassVar[dict[str, Axes]]
    OUTPUTS: ClassVar[dict[str, Axes]] = {"feature": _EACH, "probabilities": _EACH}
    about: dict[str, Any]

    @abstractmethod
    def example(self, batch: int, time: int, random: Generator) -> tuple[Tensor, ...]:
        """Inputs of this size, drawn at random."""


class FaceGraph(Graph):
    """Aligned crops (B, T, 48, 48) uint8 and their qualities (B, T) -> what `FaceSense.summarise` makes of them."""

    INPUTS: ClassVar = {"crops": _IN_TIME, "quality": _IN_TIME}

    kept: Tensor
    shares: Tensor

    def __init__(self, sense: FaceSense) -> None:
        super().__init__()
        self.network, known = sense.network, sense.calibration
        kept = [known.classes.index(label) for label in LABELS]
        self.temperature = known.temperature
        self.register_buffer("kept", torch.tensor(kept))
        self.register_buffer("shares", known.power * torch.tensor(known.shares).log()[kept])
        self.about = {"crop": f"{CROP_SIZE} x {CROP_SIZE}, grey, aligned by the eyes", "quality": "0 to 1 of each crop, 1 for one picture"}

    def forward(self, crops: Tensor, quality: Tensor) -> tuple[Tensor, Tensor]:
        features = self.network(crops.flatten(0, 1))[0].reshape(*quality.shape, -1)
        weight = (quality + 1e-3).unsqueeze(-1)
        feature = (features * weight).sum(1) / weight.sum(1)
        logits = self.network.head(feature) / self.temperature
        return feature, (logits[:, self.kept] - self.shares).softmax(-1)

    def example(self, batch: int, time: int, random: Generator) -> tuple[Tensor, ...]:
        crops = torch.randint(0, 256, (batch, time, CROP_SIZE, CROP_SIZE), generator=random).to(torch.uint8)
        return crops, torch.rand(batch, time, generator=random)


class VoiceGraph(Graph):
    """Speech (B, T) float32, mono at 16 kHz, 0.3 to 12 seconds of full scale 1 -> what `VoiceSense.read` makes of it."""

    INPUTS: ClassVar = {"samples": _IN_TIME}

    waves: Tensor
    filters: Tensor

    def __init__(self, sense: VoiceSense) -> None:
        super().__init__()
        self.network = sense.network
        # The Fourier transform as two products: ONNX has none of real numbers that all runtimes know. In double precision, as quiet
        # bands are small differences of loud samples.
        angles = torch.arange(WINDOW // 2 + 1, dtype=torch.double)[:, None] * torch.arange(WINDOW) * (2 * math.pi / WINDOW)
        window = torch.hann_window(WINDOW, dtype=torch.double)
        self.register_buffer("waves", torch.cat([angles.cos(), angles.sin()]).T * window[:, None])
        self.register_buffer("filters", mel_filters())
        self.about = {"sample_rate": SAMPLE_RATE, "seconds": f"{SHORTEST} to {LONGEST}", "samples": "speech only, full scale is 1"}

    def forward(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        padded = nn.functional.pad(samples, (WINDOW // 2, WINDOW // 2))
        # One for each whole hop. Counted along the sound: a trace would take a length that is computed for a constant.
        starts = torch.ones_like(samples[0, HOP - 1 :: HOP], dtype=torch.long).cumsum(0) * HOP - HOP
        frames = padded[:, starts[:, None] + torch.arange(WINDOW)]
        even, odd = (frames.double() @ self.waves).chunk(2, -1)
        power = (even.square() + odd.square()).float()
        feature, logits = self.network(levelled(power, self.filters))
        return feature, logits[LIVE].softmax(-1)

    def example(self, batch: int, time: int, random: Generator) -> tuple[Tensor, ...]:
        """``time`` is in tenths of a second, from half a second on."""
        return (0.1 * torch.randn(batch, (time + 5) * SAMPLE_RATE // 10, generator=random),)


class WordsGraph(Graph):
    """Word pieces (B, T) int64 and where there is one (B, T) bool, at most 64 -> what `WordsSense.read` makes of them."""

    INPUTS: ClassVar = {"tokens": _IN_TIME, "mask": _IN_TIME}

    def __init__(self, sense: WordsSense) -> None:
        super().__init__()
        self.network = sense.network
        self.about = {"tokenizer": WordsSense.BESIDE[0], "longest": sense.network.config.positions}

    def forward(self, tokens: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        feature, logits = self.network(tokens, mask)
        return feature, logits[LIVE].softmax(-1)

    def example(self, batch: int, time: int, random: Generator) -> tuple[Tensor, ...]:
        tokens = torch.randint(0, self.network.config.vocabulary, (batch, time), generator=random)
        lengths = torch.randint(1, time + 1, (batch, 1), generator=random)
        return tokens, torch.arange(time) < lengths


class FusionGraph(Graph):
    """Features (B, T, D) by modality, what of them is observed (B, T, 3) and what is no padding (B, T), bool -> predictions.

    ``logits`` (B, T, K) and ``probabilities``, calibrated for the modalities that an utterance has; ``unimodal`` (B, T, 3, K), logits of
    each modality; ``weights`` (B, T, 3).
    """

    INPUTS: ClassVar = dict.fromkeys((*MODALITIES, "observed", "valid"), _IN_TIME)
    OUTPUTS: ClassVar = dict.fromkeys(("logits", "probabilities", "unimodal", "weights"), _IN_TIME)

    temperatures: Tensor
    bits: Tensor

    def __init__(self, fusion: Fusion) -> None:
        super().__init__()
        self.network = fusion.model
        # By the number whose bits say what is observed.
        temperatures = torch.ones(2 ** len(MODALITIES))
        for name, subset in SUBSETS.items():
            temperatures[sum(2 ** MODALITIES.index(m) for m in subset)] = fusion.temperatures[name]
        self.register_buffer("temperatures", temperatures)
        self.register_buffer("bits", 2 ** torch.arange(len(MODALITIES)))
        sizes = ", ".join(f"{m} {size}" for m, size in fusion.model.config.dims.items())
        self.about = {
            "features": sizes,
            "observed": " ".join(MODALITIES),
            "context": fusion.context,
            "note": fusion.note,
            "model": fusion.name,
        }
        self.about |= {
            "labels": list(fusion.labels),
            "learnt": " ".join(fusion.learnt),
            "sure_from": {name: fusion.answer_thresholds[name] for name in map(subset_name, SUBSETS.values())},
        }

    def forward(self, audio: Tensor, text: Tensor, video: Tensor, observed: Tensor, valid: Tensor) -> tuple[Tensor, ...]:
        position = torch.ones_like(valid, dtype=torch.long).cumsum(1) - 1
        found = self.network(Conversations(dict(zip(MODALITIES, (audio, text, video), strict=True)), observed, valid, position))
        temperature = self.temperatures[(observed * self.bits).sum(-1)].unsqueeze(-1)
        return found.logits, (found.logits / temperature).softmax(-1), found.modality_logits, found.weights

    def example(self, batch: int, time: int, random: Generator) -> tuple[Tensor, ...]:
        features = [torch.randn(batch, time, size, generator=random) for size in self.network.config.dims.values()]
        valid = torch.arange(time) < torch.randint(1, time + 1, (batch, 1), generator=random)
        # The first utterance has something to go on, so that what is compared means something.
        observed = (torch.rand(batch, time, len(MODALITIES), generator=random) > 0.4) | (torch.arange(time) == 0)[:, None]
        return *features, observed, valid
