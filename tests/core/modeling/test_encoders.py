"""Features to states (ComP, eq. 1-2)."""

import torch
import torch.nn.functional as F

from comp_core.modalities import MODALITIES
from comp_core.modeling.batch import Conversations
from comp_core.modeling.encoders import Encoders
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


def test_states_are_equations_1_and_2():
    torch.manual_seed(0)
    block, observed = Encoders(DIMS, 6, dropout=0.0), torch.tensor([[[True, False]], [[True, True]], [[False, False]]])
    features = {m: torch.randn(1, 2, d) for m, d in DIMS.items()}
    block.standardise_by({m: torch.randn(50, d) * 3 + 1 for m, d in DIMS.items()})
    features["audio"][0, 1] = torch.nan  # what is not observed is never looked at
    states = block(features, observed)
    for i, m in enumerate(MODALITIES):
        for n in range(2):
            given = (features[m][0, n] - getattr(block, f"mean_{m}")) / getattr(block, f"spread_{m}")
            state = F.gelu(block.widen[m](given)) @ block.mix.weight[i] + block.mix.bias[i, 0]
            torch.testing.assert_close(states[i, 0, n], state if observed[i, 0, n] else torch.zeros(6))


def test_a_feature_that_never_varies_is_not_blown_up():
    block = Encoders(DIMS, 6, dropout=0.0)
    block.standardise_by({"audio": torch.full((20, 5), 7.0)})
    seen = torch.ones(3, 1, 1, dtype=torch.bool)
    found = block.standardised({m: torch.full((1, 1, d), 7.001) for m, d in DIMS.items()}, seen)
    torch.testing.assert_close(found["audio"], torch.full((1, 1, 5), 0.1), rtol=0.01, atol=0.0)
