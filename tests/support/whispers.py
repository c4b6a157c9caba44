"""Whisper checkpoints of random weights, in OpenAI's format: small, and in other languages than the installed one knows."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import torch

# The size of the vocabulary says which languages a Whisper knows.
ENGLISH_ONLY, MULTILINGUAL = 51864, 51865


def write_whisper(path: Path, vocabulary: int) -> Path:
    """A small Whisper of random weights, in OpenAI's format."""
    import whisper

    sizes = {"n_audio_state": 16, "n_audio_head": 2, "n_audio_layer": 1, "n_text_state": 16, "n_text_head": 2, "n_text_layer": 1}
    dims = whisper.ModelDimensions(n_mels=80, n_audio_ctx=1500, n_vocab=vocabulary, n_text_ctx=16, **sizes)
    torch.manual_seed(0)
    model = whisper.model.Whisper(dims)
    torch.save({"dims": asdict(dims), "model_state_dict": model.state_dict()}, path)
    return path
