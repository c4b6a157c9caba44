"""Conversations that are held on a device and asked about under several masks."""

import numpy as np
import torch

from comp_core.benchmark import held
from comp_core.benchmark.held import Held
from comp_core.data.conversations import Conversation
from comp_core.modalities import MODALITIES
from comp_core.modeling.batch import FusionOutput

LENGTHS = (3, 40, 4, 1, 38, 3)


class Echo(torch.nn.Module):
    """Answers with an utterance's own feature, and how often it was asked; what is not observed counts as 0."""

    def __init__(self):
        super().__init__()
        self.still = torch.nn.Parameter(torch.zeros(1))
        self.asked = []

    def forward(self, conversations):
        self.asked.append(conversations)
        seen = conversations.observed.float()
        said = torch.stack([conversations.features[m][..., 0] for m in MODALITIES], -1) * seen
        return FusionOutput(
            logits=said.sum(-1, keepdim=True), modality_logits=said.unsqueeze(-1), weights=seen, grounded=conversations.observed.any(-1)
        )


def made():
    ends = np.cumsum(LENGTHS)
    numbers = np.split(np.arange(ends[-1], dtype=np.float32)[:, None], ends[:-1])
    return [Conversation.recorded([f"{x:g}" for x in part[:, 0]], dict.fromkeys(MODALITIES, part), part[:, 0]) for part in numbers]


def masks(random):
    return [random.random((n, len(MODALITIES))) < 0.5 for n in LENGTHS]


def test_answers_are_in_the_order_of_the_conversations_under_each_mask():
    random = np.random.default_rng(0)
    several, model = [masks(random) for _ in range(3)], Echo()
    for found, asked in zip(Held(made(), "cpu").under(*several).answers(model), several, strict=True):
        seen = np.concatenate(asked)
        np.testing.assert_array_equal(found.weights, seen)
        np.testing.assert_array_equal(found.logits[:, 0], np.arange(len(seen)) * seen.sum(1))
        np.testing.assert_array_equal(found.unimodal[..., 0], np.arange(len(seen))[:, None] * seen)


def test_long_and_short_conversations_are_not_padded_to_one_length():
    model = Echo()
    Held(made(), "cpu").under(masks(np.random.default_rng(0))).answers(model)
    assert sorted(tuple(batch.valid.shape) for batch in model.asked) == [(1, 1), (2, 40), (3, 4)]


def test_several_masks_go_through_the_model_together_as_far_as_they_fit(monkeypatch):
    monkeypatch.setattr(held, "_TOGETHER", 80)
    random, model = np.random.default_rng(0), Echo()
    held.Held(made(), "cpu").under(*(masks(random) for _ in range(3))).answers(model)
    # Two long ones are 80 entries under one mask.
    assert [tuple(batch.valid.shape) for batch in model.asked] == [(2, 40)] * 3 + [(9, 4), (3, 1)]


def test_what_was_not_recorded_stays_missing_whatever_the_mask():
    (first, *rest), model = made(), Echo()
    there = np.zeros((LENGTHS[0], len(MODALITIES)), bool)
    conversations = [Conversation(first.ids, first.features, first.labels, first.unimodal_labels, there), *rest]
    (found,) = Held(conversations, "cpu").under([np.ones((n, len(MODALITIES)), bool) for n in LENGTHS]).answers(model)
    assert not found.weights[: LENGTHS[0]].any() and found.weights[LENGTHS[0] :].all()
