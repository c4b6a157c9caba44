"""Features to states (ComP, eq. 1-2)."""

import torch

from comp_core.modalities import MODALITIES
from comp_core.modeling.batch import Conversations
from tests.core.modeling.made_up import DIMS, conversations


def test_features_are_standardised_by_training_data(model):
    batch = conversations(2, 5, rate=0.0)
    expected = model(batch).logits
    scaled = {m: x * 1000 + 300 for m, x in batch.features.items()}
    reference = {m: torch.tensor([[-1.0], [1.0]]).repeat(1, DIMS[m]) for m in MODALITIES}
    model.encoders.standardise_by(reference)
    plain = model(batch).logits
    model.encoders.standardise_by({m: x * 1000 + 300 for m, x in reference.items()})
    torch.testing.assert_close(model(Conversations(scaled, batch.observed, batch.valid)).logits, plain, rtol=1e-3, atol=1e-4)
    assert (expected - plain).abs().max() > 1e-4
