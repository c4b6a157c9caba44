"""Words on a lent GPU, with a stand-in for the host's package: like that one it runs what it wraps in a forked process."""

import multiprocessing
import os
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from app.pages.clip.page import clip_page
from app.server import zerogpu
from comp_core.senses.speech import recognition
from comp_core.senses.speech.recognition import Recogniser, RecogniserError, Transcript, WhisperRecogniser
from comp_core.senses.speech.whisper_decoding import Decoded
from tests.app.doubles import TITLES, ScriptedPredictor

SPEECH = np.ones(16000, np.float32)


class ScriptedWhisper:
    """Recognises where it is: its device and its process."""

    is_multilingual = False

    def __init__(self):
        self.device = torch.device("cpu")

    def to(self, device):
        self.device = torch.device(device)
        return self

    def decode(self, *asked):
        return Decoded(f"{self.device.type} {os.getpid()}", log_probability=-0.1, no_speech=0.1, ended=True)


class Own(Recogniser):
    """The recogniser on the CPU."""

    def __init__(self, languages=("en",)):
        super().__init__("own", languages=dict.fromkeys(languages, ""))

    def _transcribe(self, samples, language):
        return Transcript(f"from the CPU, {language}", 0.5)


@pytest.fixture
def host(monkeypatch):
    """Lends GPUs while ``host.free``."""
    host = SimpleNamespace(free=True, asked=[])

    def gpu(duration):
        def wrap(function):
            def on_gpu(*arguments):
                host.asked.append(duration)
                if not host.free:
                    raise RuntimeError("GPU quota exceeded")
                here, there = multiprocessing.Pipe()
                process = multiprocessing.get_context("fork").Process(target=lambda: there.send(function(*arguments)))
                process.start()
                answer = here.recv()
                process.join()
                return answer

            return on_gpu

        return wrap

    monkeypatch.setitem(sys.modules, "spaces", SimpleNamespace(GPU=gpu))
    return host


@pytest.fixture
def whisper(monkeypatch):
    model = ScriptedWhisper()
    monkeypatch.setattr(zerogpu, "load_recogniser", lambda name, *_: WhisperRecogniser(model, name))
    monkeypatch.setattr(recognition, "decode", lambda model, *asked: model.decode(*asked))
    return model


@pytest.fixture
def borrowing():
    predictor = ScriptedPredictor()
    predictor.recogniser = Own()
    return lambda: zerogpu.with_lent_gpu(predictor)


def test_each_utterance_is_recognised_on_a_gpu_in_the_hosts_process_and_the_model_here_stays(host, whisper, borrowing):
    recogniser = borrowing().recogniser
    heard = [recogniser.transcribe(SPEECH).text.split() for _ in range(2)]
    assert [device for device, _ in heard] == ["cuda", "cuda"]
    assert str(os.getpid()) not in [process for _, process in heard]
    assert host.asked == [zerogpu.LOAN_SECONDS] * 2
    assert whisper.device.type == "cpu"


def test_where_none_is_lent_the_cpu_recognises(host, whisper, borrowing):
    host.free = False
    assert borrowing().recogniser.transcribe(SPEECH).text == "from the CPU, en"


def test_where_the_large_whisper_cannot_be_had_no_gpu_is_asked_for(host, borrowing, monkeypatch):
    note = "Whisper small.en could not be downloaded: start again. Until then tiny.en is used."
    monkeypatch.setattr(zerogpu, "load_recogniser", lambda *_: WhisperRecogniser(ScriptedWhisper(), "tiny.en", note))
    assert borrowing().recogniser.transcribe(SPEECH).text == "from the CPU, en"
    assert host.asked == []


def test_other_languages_are_left_to_the_recogniser_of_everyone_else(host, whisper):
    predictor = ScriptedPredictor()
    recogniser = zerogpu.with_lent_gpu(predictor).recogniser
    with pytest.raises(RecogniserError, match="on a lent GPU does not understand 'de'"):
        recogniser.check("de")
    predictor.recogniser = Own(("en", "de"))
    assert recogniser.transcribe(SPEECH, "de").text == "from the CPU, de"
    with pytest.raises(RecogniserError, match="own does not understand 'fr'"):
        recogniser.transcribe(SPEECH, "fr")
    assert host.asked == []


def test_the_recogniser_of_everyone_else_stays(host, whisper):
    predictor = ScriptedPredictor()
    zerogpu.with_lent_gpu(predictor)
    assert predictor.recogniser is None


@pytest.mark.parametrize(("said", "lends"), [("true", True), ("1", True), ("false", False), (None, False)])
def test_the_host_says_whether_it_lends(monkeypatch, said, lends):
    monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)
    if said:
        monkeypatch.setenv("SPACES_ZERO_GPU", said)
    assert zerogpu.lends_gpu() == lends


def test_the_clip_page_offers_it_only_where_it_is_lent():
    import gradio as gr

    def offers(borrowing):
        with gr.Blocks() as page, gr.Tab() as tab:
            clip_page(ScriptedPredictor(), TITLES, tab, borrowing)
        (button,) = (block for block in page.blocks.values() if "host's GPU" in str(getattr(block, "value", "")))
        used = any(button._id == target for fn in page.fns.values() for target, _ in fn.targets)
        return button.visible, used

    assert offers(None) == (False, False)
    assert offers(ScriptedPredictor()) == (True, True)
