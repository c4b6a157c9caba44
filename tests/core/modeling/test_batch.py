"""The contract of what goes in and out."""

import numpy as np
import pytest
import torch

from comp_core.modalities import MODALITIES
from comp_core.modeling.batch import Conversations, FusionOutput, collate, stack
from tests.core.modeling.made_up import AUDIO, DIMS, TEXT, VIDEO, conversations, under


def test_wrong_shapes_are_refused():
    batch = conversations(2, 3)
    with pytest.raises(ValueError, match="observed"):
        Conversations(batch.features, batch.observed[:, :2], batch.valid)
    with pytest.raises(ValueError, match="text"):
        Conversations({**batch.features, "text": batch.features["text"][:1]}, batch.observed, batch.valid)


def test_conversations_of_any_length_become_one_batch():
    random = np.random.default_rng(0)
    features = [{m: random.normal(size=(n, d)).astype(np.float32) for m, d in DIMS.items()} for n in (2, 4)]
    batch = collate(features, [np.ones((n, 3), bool) for n in (2, 4)])
    assert batch.valid.tolist() == [[True, True, False, False], [True] * 4]
    assert not batch.observed[0, 2:].any() and batch.observed[1].all()
    for m in MODALITIES:
        np.testing.assert_array_equal(batch.features[m][0, :2], features[0][m])
        assert (batch.features[m][0, 2:] == 0).all()
    assert batch.position.tolist() == [[0, 1, 2, 3]] * 2


def test_known_is_what_occurs_anywhere_in_the_conversation_and_is_no_padding():
    observed = torch.zeros(2, 3, 3, dtype=torch.bool)
    observed[0, 1, TEXT] = True
    observed[1, 2, AUDIO] = True  # in the padding
    batch = under(observed)
    batch.valid[1, 2] = False
    assert batch.known[0].tolist() == [[False, True, False]] * 3
    assert not batch.known[1].any() and not batch.by_modality[AUDIO].any()
    assert batch.by_modality[TEXT].tolist() == [[False, True, False], [False] * 3]


def test_distance_is_in_utterances_as_they_were_said():
    batch = Conversations({m: torch.zeros(1, 3, d) for m, d in DIMS.items()}, *_seen(3), torch.tensor([[4, 0, 1]]))
    assert batch.distance.tolist() == [[[0, 4, 3], [4, 0, 1], [3, 1, 0]]]


def _seen(length):
    return torch.ones(1, length, 3, dtype=torch.bool), torch.ones(1, length, dtype=torch.bool)


def test_only_leaves_a_subset_and_stack_keeps_the_order():
    batch = conversations(2, 3)
    some = batch.only(("audio", "video"))
    assert not some.observed[..., TEXT].any()
    assert torch.equal(some.observed[..., [AUDIO, VIDEO]], batch.observed[..., [AUDIO, VIDEO]])
    both = stack([batch, some])
    assert torch.equal(both.observed, torch.cat([batch.observed, some.observed])) and both.valid.shape == (4, 3)
    assert torch.equal(both.features["text"][2:], batch.features["text"])


def test_an_output_is_taken_apart_by_conversation():
    logits = torch.arange(5.0).reshape(5, 1, 1)
    whole = FusionOutput(logits=logits, modality_logits=logits, weights=logits, grounded=logits > 0)
    assert [len(part.weights) for part in whole.split(2)] == [2, 2, 1]
    taken = whole.take([4, 1])
    assert taken.logits.flatten().tolist() == [4, 1] and taken.grounded.flatten().tolist() == [True, True] and taken.dominant is None
