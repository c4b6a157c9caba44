"""A device without memory left: the network moves to the CPU, says so, and answers as it would have there.

``cpu:0`` stands in for the device: to torch it is the CPU, to us it is something else.
"""

import numpy as np
import pytest
import torch

from app.capture.browser import server_functions
from comp_core.predictor import Predictor
from comp_core.senses.speech.recognition import WhisperRecogniser
from comp_core.support.devices import CPU, Placed, out_of_memory
from tests.app.sessions import Page
from tests.core.senses.test_recognition import HEARD, FakeWhisper, scripted  # noqa: F401 (a fixture)
from tests.core.test_predictor import moments
from tests.places import SAMPLES

DEVICE = "cpu:0"
CUDA_SAYS = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB."),
    RuntimeError("CUDA error: out of memory"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
]


def short_of_memory(placed, network):
    """Every pass of the network fails, until it has moved; counts them."""
    passes = []

    def fail(*_):
        passes.append(placed.device)
        if placed.device == DEVICE:
            raise CUDA_SAYS[0]

    network.register_forward_pre_hook(fail)
    return passes


@pytest.fixture(scope="module")
def on_cpu():
    torch.set_num_threads(1)
    return Predictor.load(device=CPU)


@pytest.fixture
def predictor():
    return Predictor.load(device=DEVICE)


def calls(predictor):
    """What each part is asked, and the numbers it answers."""
    fusion = predictor.fusion()
    crops = np.random.default_rng(0).integers(0, 255, (1, 48, 48), dtype=np.uint8)
    sound = np.random.default_rng(0).normal(0, 0.1, 16000).astype(np.float32)
    some = moments(predictor, 4)
    return {
        "the face sense": lambda: predictor.face.features(crops),
        "the words sense": lambda: predictor.words.read("what a lovely day").feature,
        "the fusion model ComP": lambda: [*fusion.fuse_last(some).fused.values(), *fusion.fuse_present([(some, ())])[0][1]["ATV"].values()],
        "the voice sense": lambda: predictor.voice.read(sound).feature,
    }


def test_every_network_moves_to_the_cpu_and_answers(predictor, on_cpu):
    parts = {
        "the face sense": (predictor.face.placed, predictor.face.network),
        "the words sense": (predictor.words.placed, predictor.words.network),
        "the fusion model ComP": (predictor.fusion().placed, predictor.fusion().model),
        "the voice sense": (predictor.voice.placed, predictor.voice.network),
    }
    for name, ask in calls(predictor).items():
        placed, network = parts[name]
        passes = short_of_memory(placed, network)
        np.testing.assert_allclose(ask(), calls(on_cpu)[name](), rtol=1e-5)
        assert passes[:2] == [DEVICE, CPU]
        ask()
        assert passes.count(DEVICE) == 1
        assert placed.notice == f"The memory of cpu:0 ran out: {name} goes on on the CPU, slower."
    assert len(predictor.notices) == len(parts)


def test_other_errors_are_told_as_they_are(predictor):
    placed = predictor.face.placed
    with pytest.raises(RuntimeError, match="shapes"):
        placed.run(lambda device: (_ for _ in ()).throw(RuntimeError("shapes differ")))
    assert (placed.device, placed.notice) == (DEVICE, "")
    assert not out_of_memory(RuntimeError("device-side assert triggered"))
    assert all(map(out_of_memory, CUDA_SAYS))


def test_a_network_for_which_there_is_no_room_from_the_start_begins_on_the_cpu():
    class Large:
        device = None

        def to(self, device):
            if device != CPU:
                raise torch.OutOfMemoryError("CUDA out of memory.")
            self.device = device

    large = Large()
    placed = Placed("the large one", "cuda", large)
    assert (large.device, placed.device) == (CPU, CPU)
    assert "the large one" in placed.notice


@pytest.mark.usefixtures("scripted")
def test_speech_recognition_moves_too():
    class Short(FakeWhisper):
        device = torch.device("cuda")

        def decode(self, *asked):
            if self.device.type == "cuda":
                raise torch.OutOfMemoryError("CUDA out of memory.")
            return super().decode(*asked)

    recogniser = WhisperRecogniser(Short(HEARD), "tiny.en")
    assert recogniser.transcribe(np.ones(1600)).text == HEARD.text
    assert "speech recognition" in recogniser.placed.notice


def test_a_file_is_read_to_its_end(predictor):
    short_of_memory(predictor.fusion().placed, predictor.fusion().model)
    (record,) = predictor.predict_file(SAMPLES / "face.jpg")
    assert record["observed"]["video"]
    assert predictor.notices == ["The memory of cpu:0 ran out: the fusion model ComP goes on on the CPU, slower."]


def test_the_page_is_told():
    page, told = Page(), []
    exchange = next(
        call for call in server_functions(page.visitors, page.transcriber, ("comp",), lambda: told) if call.__name__ == "exchange"
    )
    token = page.start()
    assert exchange({"token": token})["notices"] == []
    told.append("The memory of cuda ran out.")
    assert exchange({"token": token})["notices"] == ["The memory of cuda ran out."]
