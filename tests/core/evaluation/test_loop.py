"""The prediction loop: which utterances of which batch, in which order."""

import numpy as np
import torch
from torch import nn

from comp_core.data.conversations import Conversation
from comp_core.evaluation import predictions as module
from comp_core.evaluation.loop import last_of
from comp_core.evaluation.predictions import predictions
from comp_core.modalities import MODALITIES
from comp_core.modeling.batch import FusionOutput


class Echo(nn.Module):
    """Says the features themselves, where they are observed."""

    def __init__(self):
        super().__init__()
        self.anything = nn.Parameter(torch.zeros(1))

    def forward(self, batch):
        alone = torch.stack([batch.features[m] for m in MODALITIES], 2) * batch.observed.unsqueeze(-1)
        return FusionOutput(logits=alone.sum(2), modality_logits=alone, weights=batch.observed.float(), grounded=batch.observed.any(-1))


def test_the_last_of_each_row():
    valid = torch.tensor([[True, True, True], [True, False, False], [True, True, False]])
    assert last_of(valid).nonzero().tolist() == [[0, 2], [1, 0], [2, 1]]


def test_each_utterance_is_answered_once_in_its_place_however_batches_are_cut(monkeypatch):
    random = np.random.default_rng(0)
    some = [
        Conversation.recorded(
            [f"{name}{i}" for i in range(n)], {m: random.normal(size=(n, 7)).astype(np.float32) for m in MODALITIES}, np.arange(n) % 7
        )
        for name, n in (("a", 15), ("b", 2), ("c", 6))
    ]
    masks = [random.random((len(c), 3)) < 0.6 for c in some]
    monkeypatch.setattr(module, "WINDOWS_TOGETHER", 4)
    found = predictions(Echo(), some, {"AV": ("audio", "video")}, masks)["AV"]
    wanted = np.concatenate(masks) & [m in ("audio", "video") for m in MODALITIES]
    features = np.stack([np.concatenate([c.features[m] for c in some]) for m in MODALITIES], 1)
    assert np.array_equal(found["weights"], wanted)
    assert np.array_equal(found["unimodal"], features * wanted[..., None])
    assert np.array_equal(found["labels"], np.concatenate([c.labels for c in some]))
