"""Whether modalities are used and trained evenly."""

import numpy as np
import pytest

from comp_core.metrics.balance import modality_equity, modality_learning

GIVEN = ("audio", "text", "video")


def adding(audio, text, video, chance=0.2):
    """Figures in which each modality adds its share, whatever else is there."""
    gains = {"A": audio, "T": text, "V": video}
    return {name: chance + sum(gains[m] for m in name) for name in ("A", "T", "V", "AT", "AV", "TV", "ATV")}


def test_equity_is_one_where_all_contribute_alike_and_nought_where_one_does_everything():
    assert modality_equity(adding(0.1, 0.1, 0.1), GIVEN, 0.2) == pytest.approx(1.0)
    assert modality_equity(adding(0.0, 0.4, 0.0), GIVEN, 0.2) == pytest.approx(0.0)
    assert 0 < modality_equity(adding(0.1, 0.4, 0.1), GIVEN, 0.2) < modality_equity(adding(0.2, 0.4, 0.2), GIVEN, 0.2) < 1
    assert modality_equity(adding(-0.1, 0.4, -0.1), GIVEN, 0.2) == pytest.approx(0.0)
    assert modality_equity(adding(0.0, 0.0, 0.0), GIVEN, 0.2) == 0.0


def test_what_two_tell_together_is_shared_between_them():
    """The figure rises only where both are there: each has half of the gain."""
    together = {"A": 0.5, "V": 0.5, "AV": 0.9}
    assert modality_equity(together, ("audio", "video"), 0.5) == pytest.approx(1.0)


def test_learning_is_nought_where_gradients_are_alike():
    assert modality_learning(np.full((10, 3), 0.3)) == pytest.approx(0.0)
    uneven = modality_learning(np.tile([0.1, 0.5, 0.1], (10, 1)))
    assert uneven > modality_learning(np.tile([0.2, 0.3, 0.2], (10, 1))) > 0
    assert modality_learning(np.zeros((4, 3))) == 0.0
