"""What an ONNX file says is what the senses and `Fusion` say, for any sizes and whatever is missing."""

from __future__ import annotations

import builtins
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from comp_core.cli import main as command
from comp_core.inference.fusion import Fusion
from comp_core.inference.media import open_media
from comp_core.inference.onnx_export import TOLERANCE, ExportError, export, write
from comp_core.inference.onnx_graphs import FusionGraph
from comp_core.inference.windows import CONTEXT, conversations_of
from comp_core.modalities import LABELS, MODALITIES, SUBSETS
from comp_core.modeling.registry import KINDS
from comp_core.senses.face.sense import FaceFrame, FaceSense
from comp_core.senses.reading import Reading
from comp_core.senses.voice.sense import VoiceSense
from comp_core.senses.words.sense import TOKENIZER, WordsSense
from comp_core.senses.words.tokens import encode
from comp_core.support.checkpoint import WEIGHTS_DIR
from tests.places import SAMPLES

needed = "needs the packages of the extra onnx: pip install '.[onnx]'"
onnx = pytest.importorskip("onnx", reason=needed)
onnxruntime = pytest.importorskip("onnxruntime", reason=needed)

SENSES = ("face", "voice", "words")


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("onnx")
    written = list(export([*SENSES, *KINDS], folder))
    assert {file.path.stem for file in written} == {*SENSES, *KINDS}
    assert all(file.difference <= TOLERANCE for file in written)
    return folder


def run(folder: Path, name: str, **given: np.ndarray) -> dict[str, np.ndarray]:
    session = onnxruntime.InferenceSession(str(folder / f"{name}.onnx"), providers=["CPUExecutionProvider"])
    return dict(zip([output.name for output in session.get_outputs()], session.run(None, given), strict=True))


def assert_reads_alike(found: dict[str, np.ndarray], row: int, reading: Reading) -> None:
    np.testing.assert_allclose(found["feature"][row], reading.feature, atol=TOLERANCE)
    np.testing.assert_allclose(found["probabilities"][row], reading.probabilities, atol=TOLERANCE)


@pytest.mark.parametrize("frames", [1, 4])
def test_the_face(out, frames):
    sense, random = FaceSense.load(), np.random.default_rng(frames)
    crops = random.integers(0, 256, (3, frames, 48, 48), dtype=np.uint8)
    quality = random.random((3, frames), dtype=np.float32)
    found = run(out, "face", crops=crops, quality=quality)
    for row in range(3):
        seen = [FaceFrame(feature=f, quality=float(q)) for f, q in zip(sense.features(crops[row]), quality[row], strict=True)]
        assert_reads_alike(found, row, sense.summarise(seen))


@pytest.mark.parametrize("seconds", [0.3, 1.0, 3.33, 12.0])
def test_the_voice(out, seconds):
    media = open_media(SAMPLES / "mixed.mp4")
    spoken = np.tile(media.samples, 4)[: round(seconds * 16000)].astype(np.float32)
    louder = np.stack([spoken, 0.5 * np.roll(spoken, 4000)])
    found = run(out, "voice", samples=louder)
    for row, samples in enumerate(louder):
        assert_reads_alike(found, row, VoiceSense.load().read(samples))


def test_the_words_with_the_tokenizer_beside_them(out):
    texts = ["What a lovely surprise!", "No.", "I did not expect that at all, and I am not sure what to make of it " * 4]
    tokens, mask = encode(Tokenizer.from_file(str(out / TOKENIZER)), texts)
    found = run(out, "words", tokens=tokens.numpy(), mask=mask.numpy())
    for row, text in enumerate(texts):
        assert_reads_alike(found, row, WordsSense.load().read(text))


def window(fusion: Fusion, length: int, random: np.random.Generator) -> list[dict[str, Reading]]:
    """Moments with features drawn at random, a third of them missing."""
    dims = fusion.model.config.dims
    return [
        {m: Reading(random.normal(size=dims[m]).astype(np.float32)) for m in MODALITIES if random.random() > 1 / 3} for _ in range(length)
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_a_fusion_model_of_every_subset_at_every_length(out, kind):
    fusion, random = Fusion.load(kind), np.random.default_rng(0)
    fusion.context = CONTEXT  # however long a conversation is: how much of one is given is the caller's matter
    for name, subset in SUBSETS.items():
        windows = [window(fusion, length, random) for length in (1, 2, 5, CONTEXT)]
        for moments in windows:
            moments[-1] = {m: Reading(random.normal(size=fusion.model.config.dims[m]).astype(np.float32)) for m in subset}
        given = conversations_of(windows, fusion.model.config.dims)
        features = {m: tensor.numpy() for m, tensor in given.features.items()}
        found = run(out, kind, **features, observed=given.observed.numpy(), valid=given.valid.numpy())
        with torch.inference_mode():
            wanted = fusion.model(given)
        counts = given.valid.numpy() & wanted.grounded.numpy()
        for output, tensor in (("logits", wanted.logits), ("unimodal", wanted.modality_logits), ("weights", wanted.weights)):
            np.testing.assert_allclose(found[output][counts], tensor.numpy()[counts], atol=TOLERANCE)
        for row, moments in enumerate(windows):
            fused = fusion.fuse_last(moments).fused
            np.testing.assert_allclose(found["probabilities"][row, len(moments) - 1], list(fused.values()), atol=TOLERANCE, err_msg=name)


def test_a_file_says_what_it_holds(out):
    for name in (*SENSES, *KINDS):
        told = {one.key: one.value for one in onnx.load(out / f"{name}.onnx").metadata_props}
        assert (told["name"], json.loads(told["labels"])) == (name, list(LABELS))
    assert json.loads(told["sure_from"]) == Fusion.load("prlf").answer_thresholds
    assert "paired" in told["note"]


def test_a_file_that_says_something_else_is_not_written(tmp_path):
    class Wrong(FusionGraph):
        def forward(self, *given):
            # In a trace the example's number of utterances stays.
            logits, *rest = super().forward(*given)
            return logits * int(given[0].shape[1]), *rest

    with pytest.raises(ExportError, match="would differ from PyTorch"):
        write(Wrong(Fusion.load("comp")).eval(), tmp_path / "wrong.onnx", {})
    assert list(tmp_path.iterdir()) == []


def test_the_command_says_what_is_written_and_what_is_missing(tmp_path, capsys, monkeypatch):
    assert command(["export", str(WEIGHTS_DIR / "prlf.safetensors"), "--onnx", str(tmp_path)]) == 0
    assert "prlf.onnx" in capsys.readouterr().out
    assert command(["export", "nobody", "--onnx", str(tmp_path)]) == 2
    assert "not found" in capsys.readouterr().err
    known = builtins.__import__

    def without(name, *rest, **more):
        if name == "onnx":
            raise ImportError(name)
        return known(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    assert command(["export", "face", "--onnx", str(tmp_path)]) == 2
    assert "pip install '.[onnx]'" in capsys.readouterr().err
