"""Two made-up corpora on which a part of ComP's title is needed: a dead part fails here, whatever it does elsewhere."""

from contextlib import nullcontext
from functools import partial

import numpy as np
import pytest
import torch

from comp_core.data.conversations import Conversation, batch_of
from comp_core.evaluation.interventions import interventions
from comp_core.evaluation.loop import predict_entries
from comp_core.modalities import AUDIO, MODALITIES, TEXT, VIDEO
from comp_core.modeling.comp import ALIKE, PROMPTS, ComP, ComPConfig
from comp_core.modeling.comp_loss import comp_loss
from comp_core.modeling.modulators import GradientModulator, parts_of
from comp_core.modeling.objectives import Classes
from comp_core.training.fit import FitConfig
from comp_core.training.fusion import fit_fusion

SIGNS = Classes(("no", "yes"))
GIVEN = (AUDIO, TEXT)
TOPICS, LENGTH = 3, 9


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def conversation(name, audio, text, labels):
    features = {AUDIO: audio.astype(np.float32), TEXT: text.astype(np.float32), VIDEO: np.zeros((len(labels), 1), np.float32)}
    return Conversation.recorded([f"{name} {i}" for i in range(len(labels))], features, labels)


def fitted(conversations, masking, epochs, batch_size, seed, modulated=False, **sizes):
    dims = {m: x.shape[1] for m, x in conversations[0].features.items()}
    torch.manual_seed(seed)
    model = ComP(ComPConfig({m: dims[m] for m in MODALITIES}, SIGNS.outputs, **sizes))
    modulator = GradientModulator(parts_of(*model.by_modality)) if modulated else None
    settings = FitConfig(epochs=epochs, learning_rate=3e-3, average=0.9, seed=seed)
    loss = partial(comp_loss, objective=SIGNS, modulator=modulator)
    around_step = modulator or nullcontext
    trained, _ = fit_fusion(
        model, loss, lambda _: conversations, None, settings, batch_size, masking=masking, given=GIVEN, around_step=around_step
    )
    return trained


def exclusive_or(count, random):
    """The answer is the voice's bit against the words'. The voice also tells the topic; of one topic the words always say the same bit."""
    for name in range(count):
        topic = random.permutation(np.repeat(np.arange(TOPICS), LENGTH // TOPICS))
        told, heard = random.integers(0, 2, TOPICS)[topic], random.integers(0, 2, LENGTH)
        yield conversation(name, np.column_stack([2 * np.eye(TOPICS)[topic], 2 * heard - 1]), (2 * told - 1)[:, None], told ^ heard)


def a_third_of_the_words(recorded, generator):
    observed = recorded.clone()
    observed[..., MODALITIES.index(TEXT)] &= torch.rand(recorded.shape[:2], generator=generator) > 1 / 3
    return observed


def right_where_words_are_gone(model, intervention=None):
    """Accuracy where the words are missing, and were said elsewhere of the same topic: only the voice knows which those are."""
    batch = batch_of(list(exclusive_or(60, np.random.default_rng(99))))
    recorded = batch.conversations.only(GIVEN)
    asked = recorded.observe(a_third_of_the_words(recorded.observed, torch.Generator().manual_seed(1)))
    topic, there = asked.features[AUDIO][..., :TOPICS].argmax(-1), asked.observed[..., MODALITIES.index(TEXT)]
    rows = ~there & ((topic.unsqueeze(2) == topic.unsqueeze(1)) & there.unsqueeze(1)).any(-1)
    with interventions(model)[intervention].on(model, asked, torch.Generator().manual_seed(0)) if intervention else nullcontext():
        named = predict_entries(model, [(asked, rows)]).logits.argmax(-1)
    return (named == batch.labels[rows].numpy()).mean()


@pytest.mark.slow
def test_prompts_tell_a_missing_modality_where_to_look():
    corpus = list(exclusive_or(300, np.random.default_rng(0)))
    fit_one = partial(fitted, corpus, a_third_of_the_words, 40, 20, 0, width=32, prompt=8, prototypes=4, dropout=0.0, preset=ALIKE)
    model = fit_one()
    assert right_where_words_are_gone(model) > 0.95
    assert right_where_words_are_gone(fit_one(without=(PROMPTS,))) < 0.8
    for intervention in ("empty_prompts", "shuffled_prompts"):
        assert right_where_words_are_gone(model, intervention) < 0.8


def easy_and_hard(count, random):
    """The voice says the answer plainly, the words as surely, but as the product of two signs, among noise."""
    for name in range(count):
        answer, sign = random.integers(0, 2, 6), random.choice([-1, 1], 6)
        voice = 2 * (2 * answer - 1)[:, None] + random.normal(size=(6, 4))
        words = 1.5 * np.column_stack([sign, sign * (2 * answer - 1)]) + 0.3 * random.normal(size=(6, 2))
        yield conversation(name, voice, np.column_stack([words, random.normal(size=(6, 16))]), answer)


def named_by_words(model):
    batch = batch_of(list(easy_and_hard(60, np.random.default_rng(99))))
    alone = batch.conversations.only((TEXT,))
    named = predict_entries(model, [(alone, alone.valid)]).logits.argmax(-1)
    return (named == batch.labels.flatten().numpy()).mean()


@pytest.mark.slow
def test_the_gradient_modulator_lets_the_modality_that_lags_catch_up():
    found = {}
    for modulated in (False, True):
        models = (
            fitted(
                list(easy_and_hard(100, np.random.default_rng(seed))),
                lambda recorded, generator: recorded & (torch.rand(recorded.shape, generator=generator) > 0.3),
                14,
                10,
                seed,
                modulated,
                width=24,
                prompt=4,
                prototypes=3,
                dropout=0.1,
            )
            for seed in range(4)
        )
        found[modulated] = np.mean([named_by_words(model) for model in models])
    assert found[True] > found[False] + 0.1
