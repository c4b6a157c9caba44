"""Every file of weights, damaged: the program says which one and does not start."""

from functools import partial

import pytest

from app import main as program
from comp_core.cli import main as command
from comp_core.modeling.registry import KINDS
from comp_core.predictor import Predictor
from comp_core.support.checkpoint import WEIGHTS_DIR, CheckpointError

FILES = sorted(path.name for path in WEIGHTS_DIR.iterdir())


@pytest.fixture
def weights(tmp_path):
    """The weights, and a way to damage one of them."""
    for path in WEIGHTS_DIR.iterdir():
        (tmp_path / path.name).symlink_to(path)

    def damage(name):
        content = bytearray((WEIGHTS_DIR / name).read_bytes())
        if name.endswith(".safetensors"):
            content[len(content) // 2] ^= 1
        elif name == "words_tokenizer.json":
            content = content.replace(b'"happy"', b'"hippy"')
        else:
            content = content[: len(content) // 2]
        (tmp_path / name).unlink()
        (tmp_path / name).write_bytes(content)
        return tmp_path

    return damage


def test_there_are_weights_of_every_part():
    assert {name.split(".")[0] for name in FILES} == {"face", "voice", "words", "words_tokenizer", *KINDS}


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_refused_by_its_name(weights, name):
    with pytest.raises(CheckpointError, match=rf"{name}.* is (damaged|not the description of a checkpoint)"):
        Predictor.load(list(KINDS), weights=weights(name), device="cpu")


@pytest.mark.parametrize("name", ["face.safetensors", "words_tokenizer.json"])
def test_the_program_does_not_start_and_says_why(weights, name, monkeypatch, capsys):
    monkeypatch.setattr(Predictor, "load", partial(Predictor.load, weights=weights(name)))
    assert program.main([]) == 2
    said = capsys.readouterr().err
    assert said.startswith("The demo cannot start: ")
    assert f"{name} is damaged" in said
    assert "Traceback" not in said


def test_the_command_line_says_why(weights, capsys):
    path = weights("comp.safetensors") / "comp.safetensors"
    assert command(["predict", "--text", "hello", "--model", str(path)]) == 2
    assert "comp.safetensors is damaged" in capsys.readouterr().err
