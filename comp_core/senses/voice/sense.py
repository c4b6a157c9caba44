"""The voice sense: the sound of an utterance -> log-mel frames -> the first blocks of Whisper -> feature."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import numpy as np
import torch

from comp_core.modalities import LIVE
from comp_core.senses.reading import SILENCE, Reading
from comp_core.senses.speech.vad import SAMPLE_RATE
from comp_core.senses.voice.network import VoiceNet, VoiceNetConfig
from comp_core.senses.voice.spectra import LogMel
from comp_core.support.checkpoint import WEIGHTS_DIR, load_checkpoint, restore
from comp_core.support.devices import Placed
from comp_core.support.hub import SenseOnTheHub

SHORTEST = 0.3  # seconds: less holds no syllable
LONGEST = 12.0  # seconds: the newest are read
QUIETEST = 1e-4  # root mean square of full scale (-80 dB): a muted microphone's own noise


class VoiceSense(SenseOnTheHub):
    """Utterances to features. Holds no state of a stream.

    Attributes:
        placed: where it runs.
    """

    NAME = "voice"

    def __init__(self, network: VoiceNet, device: str = "cpu") -> None:
        self.network, self._log_mel = network, LogMel()
        self.placed = Placed("the voice sense", device, network, self._log_mel)

    @classmethod
    def load(cls, weights: Path = WEIGHTS_DIR, device: str = "cpu") -> Self:
        """Load ``voice.safetensors`` and ``voice.json`` from a folder.

        Raises:
            CheckpointError: they are missing, damaged or of another kind.
        """
        config, state, _ = load_checkpoint(weights / cls.NAME, {cls.NAME: VoiceNetConfig})
        return cls(restore(VoiceNet, config, state), device).lying_at(weights / cls.NAME)

    @property
    def feature_dim(self) -> int:
        return self.network.config.feature_dim

    def read(self, samples: np.ndarray) -> Reading:
        """Read the speech in (T,) float32 mono sound at 16 kHz, of which voice activity has found that it is speech."""
        samples = np.asarray(samples, dtype=np.float32)[-round(LONGEST * SAMPLE_RATE) :]
        if len(samples) < SHORTEST * SAMPLE_RATE or not np.isfinite(samples).all():
            return Reading.absent(SILENCE)
        level = float(np.sqrt(np.mean(samples**2)))
        if level < QUIETEST:
            return Reading.absent(SILENCE)

        def feature(device: str) -> np.ndarray:
            mel = self._log_mel(torch.from_numpy(samples).to(device))
            return self.network(mel[None])[0][0].cpu().numpy()

        with torch.inference_mode():
            found = self.placed.run(feature)
        # A second of speech says most of what a longer utterance says.
        return Reading(found, quality=min(1.0, len(samples) / SAMPLE_RATE), probabilities=self.probabilities(found))

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """Features (..., D) -> calibrated probabilities over LABELS, (..., 7), as for people who try each label about as often."""
        given = torch.from_numpy(features)
        with torch.inference_mode():
            return self.placed.run(lambda device: self.network.reader.heads[LIVE](given.to(device)).softmax(-1).cpu().numpy())
