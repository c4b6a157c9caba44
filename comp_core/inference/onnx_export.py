"""Senses and fusion models as ONNX files, for runtimes without Python or PyTorch. Each is run once and compared before it is kept."""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Generator, Tensor

from comp_core.inference.fusion import Fusion
from comp_core.inference.onnx_graphs import FaceGraph, FusionGraph, Graph, VoiceGraph, WordsGraph
from comp_core.modalities import LABELS
from comp_core.senses.face.sense import FaceSense
from comp_core.senses.voice.sense import VoiceSense
from comp_core.senses.words.sense import WordsSense
from comp_core.support.atomic_files import whole_file
from comp_core.support.checkpoint import WEIGHTS_DIR
from comp_core.support.errors import CompCoreError
from comp_core.support.hub import SenseOnTheHub

# Name -> the sense, and its graph.
SENSES: dict[str, tuple[type[SenseOnTheHub], Any]] = {
    FaceSense.NAME: (FaceSense, FaceGraph),
    VoiceSense.NAME: (VoiceSense, VoiceGraph),
    WordsSense.NAME: (WordsSense, WordsGraph),
}
OPSET = 18
TOLERANCE = 1e-4
# (batch, time) with which a graph is traced, and others with which it must say the same.
_TRACED, _TRIED = (2, 5), ((1, 1), (3, 8))


class ExportError(CompCoreError):
    """A model cannot be written as ONNX; the message says what to do."""


@dataclass(frozen=True)
class Written:
    """A file, its size in bytes, and by how much its outputs differ from PyTorch's at most."""

    path: Path
    size: int
    difference: float


def export(names: Sequence[str | Path], out: Path, weights: Path = WEIGHTS_DIR) -> Iterator[Written]:
    """Write ``out/NAME.onnx`` of each model, and the tokenizer beside the words.

    Args:
        names: senses and fusion models by name, or fusion models by path.
        weights: folder of the weights.

    Raises:
        CheckpointError: a model's files are missing or damaged.
        ExportError: the packages are missing, or the file says something else than the model.
        NotWritten: a file could not be written.
    """
    _packages()
    for name in names:
        sense, graph = SENSES.get(str(name), (None, FusionGraph))
        model: Any = sense.load(weights) if sense else Fusion.load(name, weights)
        yield write(graph(model).eval(), out / f"{model.stem.name}.onnx", {"name": model.stem.name})
        for file in model.BESIDE:
            with whole_file(out / file) as beside:
                shutil.copyfile(weights / file, beside)


def write(graph: Graph, path: Path, about: dict[str, Any]) -> Written:
    """Write one graph, and compare it with PyTorch on inputs of other sizes.

    Raises:
        ExportError: they differ by more than ``TOLERANCE``.
    """
    onnx, runtime = _packages()
    axes = graph.INPUTS | graph.OUTPUTS
    with whole_file(path) as beside:
        with warnings.catch_warnings(), torch.inference_mode():
            # Of sizes that a trace takes for constants; that they are not is tried below.
            warnings.simplefilter("ignore")
            torch.onnx.export(
                graph,
                graph.example(*_TRACED, Generator().manual_seed(0)),
                str(beside),
                dynamo=False,
                opset_version=OPSET,
                input_names=list(graph.INPUTS),
                output_names=list(graph.OUTPUTS),
                dynamic_axes=axes,
            )
        model = onnx.load(beside)
        told = {"labels": list(LABELS), "says": "expression, not feelings"} | about | graph.about
        onnx.helper.set_model_props(model, {key: value if isinstance(value, str) else json.dumps(value) for key, value in told.items()})
        onnx.checker.check_model(model)
        onnx.save(model, beside)
        session = runtime.InferenceSession(str(beside), providers=["CPUExecutionProvider"])
        difference = max(_difference(graph, session, graph.example(*size, Generator().manual_seed(1))) for size in _TRIED)
        if not difference <= TOLERANCE:
            raise ExportError(f"{path.name} would differ from PyTorch by {difference:.1e}: it is not written. Use the PyTorch model.")
    return Written(path, path.stat().st_size, difference)


def _difference(graph: Graph, session: Any, given: tuple[Tensor, ...]) -> float:
    """The largest of all outputs. Padding says nothing, and is left out."""
    with torch.inference_mode():
        wanted = graph(*given)
    found = session.run(None, {name: tensor.numpy() for name, tensor in zip(graph.INPUTS, given, strict=True)})
    counts = given[-1] if "valid" in graph.INPUTS else ...
    return max((one - torch.from_numpy(other))[counts].abs().max().item() for one, other in zip(wanted, found, strict=True))


def _packages() -> tuple[Any, Any]:
    try:
        import onnx
        import onnxruntime
    except ImportError as error:
        raise ExportError("ONNX files need two more packages: pip install '.[onnx]'") from error
    return onnx, onnxruntime
