"""Larger encoders by their Hugging Face name, for those who have the hardware. They read as our own senses do.

Needs ``pip install '.[encoders]'``. The fusion model in ``assets/`` does not know their features: they are for
``python -m comp_core extract`` and for models trained on what it writes.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch

from comp_core.senses.reading import NO_WORDS, SILENCE, Reading
from comp_core.senses.speech.vad import SAMPLE_RATE
from comp_core.senses.voice.sense import SHORTEST
from comp_core.senses.words.sense import has_words
from comp_core.support.devices import Placed
from comp_core.support.errors import CompCoreError


class EncoderError(CompCoreError):
    """An encoder cannot be loaded; the message says what to do."""


class _Encoder:
    """A model of transformers with what prepares its input; a feature is the mean of its last hidden states."""

    PREPARATION: ClassVar[str]

    def __init__(self, name: str, device: str = "cpu") -> None:
        """Load by name on the Hugging Face hub, or from a folder.

        Raises:
            EncoderError: transformers is not installed, or there is no such model.
        """
        self._prepare, self._model = _load(self.PREPARATION, name)
        self.placed = Placed(f"the encoder {name}", device, self._model)
        self.feature_dim: int = self._model.config.hidden_size

    def _feature(self, inputs: Any) -> np.ndarray:
        with torch.inference_mode():
            return self.placed.run(lambda device: self._model(**inputs.to(device)).last_hidden_state[0].mean(0).float().cpu().numpy())


class PretrainedVoice(_Encoder):
    """Any speech encoder that takes raw sound (wav2vec 2.0, HuBERT, WavLM): the mean of its last hidden states."""

    PREPARATION = "AutoFeatureExtractor"

    def read(self, samples: np.ndarray) -> Reading:
        """Read (T,) float32 mono sound at 16 kHz."""
        if len(samples) < SHORTEST * SAMPLE_RATE or not np.any(samples):
            return Reading.absent(SILENCE)
        inputs = self._prepare(samples, sampling_rate=SAMPLE_RATE, return_tensors="pt")
        return Reading(self._feature(inputs), quality=min(1.0, len(samples) / SAMPLE_RATE))


class PretrainedWords(_Encoder):
    """Any text encoder (BERT, RoBERTa, DeBERTa): the mean of its last hidden states."""

    PREPARATION = "AutoTokenizer"

    def read(self, text: str) -> Reading:
        """Read one utterance; of a long one, as much as the encoder takes."""
        if not has_words(text):
            return Reading.absent(NO_WORDS)
        inputs = self._prepare(text, truncation=True, max_length=256, return_tensors="pt")
        return Reading(self._feature(inputs), quality=1.0)


def _load(preparation: str, name: str) -> tuple[Any, Any]:
    try:
        import transformers
    except ImportError as error:
        raise EncoderError("encoders by name need transformers: pip install '.[encoders]'") from error
    try:
        prepare = getattr(transformers, preparation).from_pretrained(name)
        # Safetensors only: other formats may run code when they are opened.
        model = transformers.AutoModel.from_pretrained(name, use_safetensors=True)
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).strip().splitlines()[0]
        raise EncoderError(f"cannot load the encoder {name!r}: {reason} Give a model's name on the hub, or the folder of one.") from error
    return prepare, model.eval()
