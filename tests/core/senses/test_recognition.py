"""Speech recognition: what is chosen, how failures are told, and that both recognisers run."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch

from comp_core.inference.media import open_media
from comp_core.inference.utterances import segment
from comp_core.senses.speech import recognition
from comp_core.senses.speech.recognition import RecogniserError, SphinxRecogniser, Transcript, is_heard, load_recogniser
from tests.places import ROOT
from tests.support.whispers import ENGLISH_ONLY, MULTILINGUAL, write_whisper

HAPPY = ("i am so happy today this is wonderful", "this is the best day of my life i love it")


@pytest.fixture(scope="module")
def whisper_package():
    return pytest.importorskip("whisper", reason="openai-whisper is not installed")


@pytest.fixture(scope="module")
def sphinx() -> SphinxRecogniser:
    return SphinxRecogniser()


@pytest.fixture(scope="module")
def spoken() -> list[np.ndarray]:
    return [utterance.samples for utterance in segment(open_media(ROOT / "assets" / "samples" / "happy.mp4").samples)]


@pytest.fixture(params=[ENGLISH_ONLY, MULTILINGUAL], ids=["english", "multilingual"])
def tiny_checkpoint(whisper_package, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    return write_whisper(tmp_path / "random.pt", request.param)


def error_rate(wanted: str, got: str) -> float:
    """Edits of words per word."""
    row = list(range(len(got.split()) + 1))
    for i, word in enumerate(wanted.split(), 1):
        before, row[0] = row[:], i
        for j, other in enumerate(got.split(), 1):
            row[j] = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (word != other))
    return row[-1] / len(wanted.split())


def test_importing_it_imports_no_recogniser() -> None:
    code = (
        "import sys, comp_core.senses.speech.recognition; print([n for n in ('whisper', 'triton', 'numba', 'pocketsphinx') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_off_is_none() -> None:
    assert load_recogniser("off") is None


def test_sphinx_understands_clear_speech(sphinx: SphinxRecogniser, spoken: list[np.ndarray]) -> None:
    heard = [sphinx.transcribe(samples) for samples in spoken]
    assert np.mean([error_rate(wanted, got.text) for wanted, got in zip(HAPPY, heard, strict=True)]) <= 0.3
    assert all(0 < transcript.confidence <= 1 for transcript in heard)


def test_sphinx_forgets_the_speaker_before(sphinx: SphinxRecogniser, spoken: list[np.ndarray]) -> None:
    before = sphinx.transcribe(spoken[0])
    sphinx.transcribe(np.random.default_rng(0).normal(0, 0.3, 32000).astype(np.float32))
    assert sphinx.transcribe(spoken[0]) == before


def test_sphinx_is_shared_between_threads(sphinx: SphinxRecogniser, spoken: list[np.ndarray]) -> None:
    expected = [sphinx.transcribe(samples) for samples in spoken]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(sphinx.transcribe, spoken * 2)) == expected * 2


def test_nothing_said_is_no_words(sphinx: SphinxRecogniser) -> None:
    assert sphinx.transcribe(np.zeros(0, np.float32)) == Transcript("", 0.0)
    assert sphinx.transcribe(np.zeros(200, np.float32)).text == ""


def test_sphinx_marks_are_no_words() -> None:
    assert recognition._SPHINX_MARKS.sub(" ", "<s> so [NOISE] happy ++BREATH++ read(2) <sil> </s>").split() == ["so", "happy", "read"]


def test_local_whisper_checkpoint_runs(tiny_checkpoint: Path, spoken: list[np.ndarray]) -> None:
    told: list[str] = []
    recogniser = load_recogniser(str(tiny_checkpoint), "cpu", told.append)
    assert (recogniser.name, recogniser.note, told) == ("Whisper random.pt", "", [])
    transcript = recogniser.transcribe(spoken[0])
    assert isinstance(transcript.text, str)
    assert 0 <= transcript.confidence <= 1


def test_only_a_multilingual_whisper_takes_other_languages(tiny_checkpoint: Path, spoken: list[np.ndarray]) -> None:
    recogniser = load_recogniser(str(tiny_checkpoint))
    assert recogniser.languages["en"] == "english"
    if recogniser._model.is_multilingual:
        assert recogniser.languages["de"] == "german"
        assert isinstance(recogniser.transcribe(spoken[0], "de").text, str)
    else:
        with pytest.raises(RecogniserError, match=r"random\.pt does not understand 'de', only en"):
            recogniser.transcribe(spoken[0], "de")


class FakeWhisper:
    """Gives the segments it was made with, and notes how it was called."""

    device = torch.device("cpu")
    is_multilingual = True

    def __init__(self, *segments: dict) -> None:
        self.segments = [{"start": 0.0, "end": 1.0, "compression_ratio": 1.0, **segment} for segment in segments]

    def to(self, device: str) -> FakeWhisper:
        self.device = torch.device(device)
        return self

    def transcribe(self, samples: np.ndarray, **options: object) -> dict:
        self.samples, self.options = samples, options
        return {"text": "not used", "segments": self.segments}


def test_whisper_result_becomes_a_transcript() -> None:
    model = FakeWhisper(
        {"text": " I am so happy.", "avg_logprob": -0.1, "no_speech_prob": 0.1, "end": 3.0},
        {"text": " Thank you for watching!", "avg_logprob": -0.3, "no_speech_prob": 0.9},
    )
    transcript = recognition.WhisperRecogniser(model, "tiny.en").transcribe(np.ones(1600))
    assert transcript.text == "I am so happy."
    assert transcript.confidence == pytest.approx(np.exp(-0.1) * 0.9)
    assert model.samples.dtype == np.float32
    assert model.options["condition_on_previous_text"] is False
    assert model.options["fp16"] is False
    assert (model.options["language"], model.options["task"]) == ("en", "transcribe")


def test_another_language_is_translated() -> None:
    model = FakeWhisper({"text": " I am happy.", "avg_logprob": -0.1, "no_speech_prob": 0.1})
    recogniser = recognition.WhisperRecogniser(model, "tiny", {"en": "english", "de": "german"})
    assert recogniser.transcribe(np.ones(1600), "de").text == "I am happy."
    assert (model.options["language"], model.options["task"]) == ("de", "translate")


@pytest.mark.parametrize(
    ("measures", "heard"),
    [
        ({}, True),
        ({"no_speech_prob": 0.7}, False),
        ({"avg_logprob": -1.5}, False),
        ({"compression_ratio": 3.0}, False),
    ],
)
def test_invented_segments_are_left_out(measures: dict[str, float], heard: bool) -> None:
    usual = {"no_speech_prob": 0.05, "avg_logprob": -0.3, "compression_ratio": 1.2}
    assert is_heard({**usual, **measures}) is heard
    model = FakeWhisper({"text": "so so so", **usual, **measures})
    transcript = recognition.WhisperRecogniser(model, "tiny.en").transcribe(np.ones(1600))
    assert bool(transcript.text) is heard
    assert (transcript.confidence > 0) is heard


def test_one_transcription_at_a_time() -> None:
    class Slow(recognition.Recogniser):
        running = most = 0

        def _transcribe(self, samples: np.ndarray, language: str) -> Transcript:
            self.running += 1
            self.most = max(self.most, self.running)
            time.sleep(0.01)
            self.running -= 1
            return Transcript("", 0.0)

    slow = Slow("slow")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(slow.transcribe, [np.ones(10)] * 8))
    assert slow.most == 1


@pytest.mark.parametrize(
    "error",
    [
        URLError(OSError(-2, "Name or service not known")),
        TimeoutError("timed out"),
        RuntimeError("the SHA256 checksum does not match\nretry"),
    ],
)
def test_without_network_the_offline_recogniser_takes_over(whisper_package, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(name: str, device: str) -> None:
        raise error

    monkeypatch.setattr(whisper_package, "load_model", fail)
    told: list[str] = []
    recogniser = load_recogniser("tiny.en", "cpu", told.append)
    assert recogniser.name.startswith("PocketSphinx")
    assert "Whisper tiny.en could not be loaded" in recogniser.note
    assert told[-1] == recogniser.note
    assert all("\n" not in line and "Errno" not in line for line in told)


def test_without_any_recogniser_words_are_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_sphinx(sample_rate: int) -> None:
        raise RuntimeError("the offline recogniser stopped")

    monkeypatch.setitem(sys.modules, "whisper", None)
    monkeypatch.setattr(recognition, "SphinxProcess", no_sphinx)
    told: list[str] = []
    assert load_recogniser("tiny.en", "cpu", told.append) is None
    assert "typed" in told[-1]


def test_unknown_names_and_missing_files_are_refused(whisper_package, tmp_path: Path) -> None:
    for spec in ("tini.en", str(tmp_path / "missing.pt"), str(tmp_path)):
        with pytest.raises(RecogniserError, match=r"neither a file nor a Whisper model.*tiny\.en"):
            load_recogniser(spec)


class Trap:
    """Unpickling it makes a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)

    def __reduce__(self) -> tuple:
        return os.mkdir, (self.folder,)


def test_a_checkpoint_cannot_run_code(whisper_package, tmp_path: Path) -> None:
    sprung = tmp_path / "sprung"
    torch.save({"dims": Trap(sprung), "model_state_dict": {}}, tmp_path / "zip.pt")
    (tmp_path / "plain.pt").write_bytes(pickle.dumps(Trap(sprung), protocol=2))
    for name in ("zip.pt", "plain.pt"):
        with pytest.raises(RecogniserError, match="more than plain weights"):
            load_recogniser(str(tmp_path / name))
    assert not sprung.exists()
    torch.load(tmp_path / "zip.pt", weights_only=False)
    assert sprung.exists(), "the trap must work where it is not guarded against"


@pytest.mark.parametrize(
    "content", [{}, [1], {"dims": {"n_mels": 80}, "model_state_dict": {}}, {"dims": {"other": 1}, "model_state_dict": {}}]
)
def test_other_checkpoints_are_refused(whisper_package, tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "other.pt")
    with pytest.raises(RecogniserError, match=r"other\.pt is not a Whisper checkpoint"):
        load_recogniser(str(tmp_path / "other.pt"))


@pytest.mark.parametrize("content", [b"", b"RIFF and so on", b"\x00" * 100, b"PK\x03\x04 cut short"])
def test_other_files_are_refused(whisper_package, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.pt"
    path.write_bytes(content)
    with pytest.raises(RecogniserError, match="dims and model_state_dict"):
        load_recogniser(str(path))


def test_weights_of_other_sizes_are_refused(tiny_checkpoint: Path) -> None:
    content = torch.load(tiny_checkpoint)
    content["dims"]["n_text_state"] = 32
    torch.save(content, tiny_checkpoint)
    with pytest.raises(RecogniserError, match="not a Whisper checkpoint"):
        load_recogniser(str(tiny_checkpoint))
