"""The curve that a visitor may ask for."""

import numpy as np
import pytest
import torch

from comp_core.data.conversations import Conversation
from comp_core.evaluation.curve import DRAWS, LATE, MOSTLY_GONE, curve, load_conversations, save_conversations
from comp_core.modalities import MODALITIES
from comp_core.modeling.batch import FusionOutput

LABELS = 3


class Trusting(torch.nn.Module):
    """Features are one-hot labels; sums what is observed in the utterance itself."""

    def __init__(self):
        super().__init__()
        self.anything = torch.nn.Parameter(torch.zeros(1))

    def forward(self, conversations):
        observed = conversations.observed & conversations.valid.unsqueeze(-1)
        own = torch.stack([torch.where(observed[..., i : i + 1], conversations.features[m], 0.0) for i, m in enumerate(MODALITIES)], 2)
        weights = torch.full(observed.shape, 1 / 3)
        return FusionOutput(logits=own.sum(2), modality_logits=9 * own, weights=weights, grounded=observed.any(-1))


def conversation(name, random, right=("audio", "text", "video")):
    labels = random.integers(0, LABELS, 9)
    features = {m: np.eye(LABELS, dtype=np.float32)[labels if m in right else (labels + 1) % LABELS] for m in MODALITIES}
    return Conversation.recorded([f"{name}_{i}" for i in range(9)], features, labels)


def test_conversations_survive_being_saved(tmp_path):
    random = np.random.default_rng(0)
    some = [conversation("a", random), conversation("b", random).window(slice(0, 4))]
    save_conversations(tmp_path / "lab" / "some.npz", some)
    again = load_conversations(tmp_path / "lab" / "some.npz")
    assert [c.ids for c in again] == [c.ids for c in some]
    for one, other in zip(again, some, strict=True):
        assert np.array_equal(one.labels, other.labels) and np.array_equal(one.unimodal_labels, other.unimodal_labels)
        assert all(np.array_equal(one.features[m], other.features[m]) for m in MODALITIES)


def test_who_knows_is_right_at_every_rate():
    random = np.random.default_rng(0)
    points = list(curve({"trusting": Trusting()}, [conversation(str(i), random) for i in range(4)], (0.0, 0.6), None, seed=0))
    assert [point.rate for point in points] == [0.0, 0.6]
    for point in points:
        assert point.accuracy == {"trusting": [1.0] * DRAWS, LATE: [1.0] * DRAWS}


def test_what_is_mostly_gone_counts_little():
    random = np.random.default_rng(0)
    liars = [conversation(str(i), random, right=("audio",)) for i in range(12)]

    def accuracy(gone):
        (point,) = curve({"trusting": Trusting()}, liars, (0.0,), gone, seed=1)
        return np.mean(point.accuracy["trusting"])

    assert accuracy("audio") == pytest.approx(0.0, abs=1e-9)
    assert accuracy("text") > 0.0 == accuracy(None)
    assert MOSTLY_GONE < 1


def test_another_seed_meets_other_masks():
    random = np.random.default_rng(0)
    mixed = [conversation(str(i), random, right=("text", "audio")[i % 2 :]) for i in range(6)]
    first, again, other = (next(curve({"t": Trusting()}, mixed, (0.5,), None, seed)).accuracy for seed in (0, 0, 50))
    assert first == again != other
