"""Every training, and what judges it, on a device that is not the processor: the same results, and no tensor elsewhere."""

from contextlib import nullcontext
from functools import partial

import numpy as np
import pytest
import torch

from comp_core.benchmark.methods import METHODS
from comp_core.benchmark.protocol import Protocol, train_and_test
from comp_core.cli import main
from comp_core.evaluation.predictions import predictions
from comp_core.modalities import LABELS, MODALITIES
from comp_core.modeling.comp import ComPConfig
from comp_core.modeling.objectives import Classes, Scores
from comp_core.modeling.prlf import PRLFConfig
from comp_core.senses.words.network import WordsNet, WordsNetConfig
from comp_core.support.devices import device_of, random_state, set_random_state
from comp_core.training import words
from comp_core.training.fit import FitConfig, fit
from comp_core.training.fusion import fit_on_windows
from comp_core.training.live import _leading
from comp_core.training.minilm import build_tokenizer
from comp_core.training.texts import run
from comp_core.training.voice_fit import VoiceFit, answers, fit_voice
from comp_core.training.voice_heard import STUDIO
from comp_core.training.words import loss_of
from tests.core.benchmark.test_benchmark import FAST, made_up
from tests.core.training.test_training import made_up_dialogues, write_ferplus
from tests.core.training.test_voice_training import made_up as made_up_voices
from tests.support.methods import ALL_BUT_THE_PAPERS_ABLATION
from tests.support.stand_in import NAME, stand_in
from tests.support.stand_in import drawn as stand_ins_random

SETTINGS = FitConfig(epochs=2, learning_rate=1e-3)


def on_both(train):
    """What ``train`` returns on the processor, and on the stand-in."""
    torch.manual_seed(0)
    here = train("cpu")
    with stand_in() as device:
        torch.manual_seed(0)
        return here, train(device)


def test_the_stand_in_computes_and_refuses_what_lies_elsewhere():
    with stand_in() as device:
        network, x = torch.nn.Linear(3, 1).to(device), torch.ones(2, 3)
        network(x.to(device)).sum().backward()
        assert network.weight.grad.cpu().tolist() == [[2.0, 2.0, 2.0]]
        with pytest.raises(RuntimeError, match="on standin and on cpu"):
            network(x)
        with pytest.raises((RuntimeError, TypeError)):
            network.weight.detach().numpy()


@pytest.mark.parametrize("name", ALL_BUT_THE_PAPERS_ABLATION)
def test_methods_of_the_benchmark(name):
    dataset = made_up(Scores(), count=3)
    here, there = on_both(lambda device: train_and_test(dataset, METHODS[name], 0, 0, None, Protocol(FAST.rates, device=device)))
    for condition, found in here.found.items():
        np.testing.assert_allclose(there.found[condition][0].logits, found[0].logits, rtol=1e-4, atol=1e-5)
    assert [epoch["score"] for epoch in there.history] == pytest.approx([epoch["score"] for epoch in here.history], rel=1e-4)
    assert there.leading.keys() == here.leading.keys()


@pytest.mark.parametrize("kind", [ComPConfig, PRLFConfig])
def test_the_live_models(kind):
    random = np.random.default_rng(0)
    train, valid = made_up_dialogues(20, random), made_up_dialogues(4, random).draw(random)
    config = kind(dims=dict.fromkeys(MODALITIES, 7), outputs=7, width=8)
    weight = np.linspace(0.5, 1.5, 7)

    def trained(device):
        model, _ = fit_on_windows(train.draw, valid, config, SETTINGS, Classes(LABELS, weight), device=device)
        assert device_of(model) == torch.device(device)
        if kind is PRLFConfig:
            _leading(model, valid, seed=0)
        return predictions(model, valid)

    here, there = on_both(trained)
    for subset, found in here.items():
        np.testing.assert_allclose(there[subset]["fused"], found["fused"], rtol=1e-4, atol=1e-5)


def test_the_voice_network():
    heard, config = made_up_voices()

    def trained(device):
        reader, _ = fit_voice(heard, np.arange(60), config, VoiceFit(epochs=2), device)
        assert device_of(reader) == torch.device(device)
        return answers(reader, heard.versions[STUDIO])[1]["live"]

    here, there = on_both(trained)
    np.testing.assert_allclose(there, here, rtol=1e-3, atol=1e-4)


def test_the_words_network(monkeypatch):
    # The stand-in does not know bfloat16, so that the processor does without.
    monkeypatch.setattr(words, "in_bfloat16", lambda _device: nullcontext())
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "b"]
    config = WordsNetConfig(len(pieces), width=8, layers=1, heads=2, inner=8, positions=9)
    tokens = torch.randint(0, 6, (12, 5))
    batch = (tokens, torch.ones_like(tokens, dtype=torch.bool), torch.eye(7)[tokens[:, 0]], tokens[:, 1] % 2)

    loss = partial(loss_of, shares=torch.full((2, 7), 1 / 7))

    def trained(device):
        network, _ = fit(WordsNet(config).to(device), lambda _: [batch] * 3, 3, loss, None, SETTINGS)
        features, heads = run(network, build_tokenizer(pieces, 9), ["a b", "b"])
        return np.concatenate([features, *heads.values()], 1)

    here, there = on_both(trained)
    np.testing.assert_allclose(there, here, rtol=1e-4, atol=1e-5)


def test_a_stopped_training_goes_on_with_the_devices_random_numbers(tmp_path, monkeypatch):
    # What lies on the stand-in cannot be loaded again, so that the model itself stays on the processor.
    monkeypatch.setattr("comp_core.training.fit.device_of", lambda _model: torch.device(NAME, 0))
    monkeypatch.setattr("comp_core.training.fit.moved", lambda batch, _device: batch)

    def train(resume, stop=None):
        torch.manual_seed(0)
        stand_ins_random.manual_seed(0)

        def batches(epoch):
            if epoch == stop:
                raise KeyboardInterrupt
            return [torch.ones(4, 3)]

        def loss(net, x):
            return (net(x) - torch.randn(4, 1, generator=stand_ins_random)).square().mean()

        return fit(torch.nn.Linear(3, 1), batches, 1, loss, None, FitConfig(4, 0.1, average=0.0), resume=resume)[0].weight

    whole = train(None)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "it.resume", stop=2)
    torch.testing.assert_close(train(tmp_path / "it.resume"), whole)


def test_random_numbers_of_the_processor_are_kept_where_a_training_changes_its_device():
    kept = random_state(torch.device("cpu"))
    wanted = torch.rand(3)
    stand_ins_random.manual_seed(5)
    before = stand_ins_random.get_state()
    set_random_state(torch.device(NAME, 0), kept)
    assert torch.equal(torch.rand(3), wanted) and torch.equal(stand_ins_random.get_state(), before)


def test_train_face_on_a_device(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_ferplus(tmp_path)
    with stand_in() as device:
        arguments = ["--data", str(tmp_path), "--weights", "w", "--reports", "r", "--epochs", "1", "--device", device]
        assert main(["train", "face", *arguments]) == 0
    assert (tmp_path / "w" / "face.safetensors").is_file()


def test_a_device_that_is_not_there_is_said(tmp_path, capsys):
    assert main(["train", "face", "--data", str(tmp_path), "--device", "cuda:99"]) == 2
    assert "cuda:99" in capsys.readouterr().err
