"""The contract of what goes in and out."""

import pytest

from comp_core.modeling.batch import Conversations
from tests.core.modeling.made_up import conversations


def test_wrong_shapes_are_refused():
    batch = conversations(2, 3)
    with pytest.raises(ValueError, match="observed"):
        Conversations(batch.features, batch.observed[:, :2], batch.valid)
    with pytest.raises(ValueError, match="text"):
        Conversations({**batch.features, "text": batch.features["text"][:1]}, batch.observed, batch.valid)
