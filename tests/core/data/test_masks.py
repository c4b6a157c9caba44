"""Missing modalities."""

import numpy as np
import pytest
import torch

from comp_core.data.masks import exact_random_mask, fixed_mask, highest_rate, random_mask
from comp_core.modalities import MODALITIES, SUBSETS

NAMES = [f"u{i}" for i in range(600)]


def given(names):
    return np.tile([m in names for m in MODALITIES], (len(NAMES), 1))


def test_the_seven_subsets():
    assert set(SUBSETS) == {"A", "T", "V", "AT", "AV", "TV", "ATV"}
    assert SUBSETS["AV"] == ("audio", "video")


def test_random_masks_keep_a_modality_and_leave_padding_alone():
    valid = torch.arange(12) < torch.randint(1, 13, (500, 1))
    observed = random_mask(valid.unsqueeze(-1).expand(-1, -1, 3), 0.7, torch.Generator().manual_seed(0))
    assert observed.shape == (500, 12, len(MODALITIES))
    assert (observed.any(-1) == valid).all()


def test_random_masks_hold_every_subset_and_the_same_seed_gives_the_same():
    whole = torch.ones(400, 6, 3, dtype=torch.bool)
    observed = random_mask(whole, 0.7, torch.Generator().manual_seed(1))
    patterns = {tuple(row) for row in observed.flatten(0, 1).tolist()}
    assert len(patterns) == 7
    assert (observed == random_mask(whole, 0.7, torch.Generator().manual_seed(1))).all()
    assert (observed != random_mask(whole, 0.7, torch.Generator().manual_seed(2))).any()
    same = (observed == observed[:, :1]).all(2).all(1).float().mean()
    assert 0.4 < same < 0.75


def test_random_masks_of_two_modalities_keep_one_of_the_two_and_prefer_neither():
    recorded = torch.tensor([True, False, True]).expand(800, 6, 3)
    observed = random_mask(recorded, 0.5, torch.Generator().manual_seed(0))
    assert observed.any(-1).all() and not observed[..., 1].any()
    shares = observed.float().mean((0, 1))
    assert abs(shares[0] - shares[2]) < 0.05


def test_random_masks_never_show_what_was_not_recorded():
    recorded = torch.rand(300, 5, 3, generator=torch.Generator().manual_seed(3)) > 0.4
    observed = random_mask(recorded, 0.7, torch.Generator().manual_seed(0))
    assert not (observed & ~recorded).any()
    assert (observed.any(-1) == recorded.any(-1)).all()


@pytest.mark.parametrize("names", [("audio", "text", "video"), ("audio", "text"), ("audio", "video"), ("text", "video")])
@pytest.mark.parametrize("rate", [0.0, 0.1, 0.2, 0.3, 0.4, 0.5])
def test_as_many_entries_are_missing_as_the_rate_says_of_any_number_of_modalities(names, rate):
    recorded = given(names)
    for seed in range(3):
        mask = fixed_mask(NAMES, "test", seed, rate, recorded)
        assert (recorded & ~mask).sum() == round(rate * recorded.sum())
        assert mask.any(1).all() and not (mask & ~recorded).any()


@pytest.mark.parametrize("names", [("audio", "text", "video"), ("audio", "text"), ("audio", "video")])
def test_no_modality_is_preferred(names):
    rate = highest_rate(len(names))
    kept = np.mean([fixed_mask(NAMES, "test", seed, rate, given(names)).mean(0) for seed in range(20)], 0)
    wanted = [1 / len(names) if m in names else 0.0 for m in MODALITIES]
    np.testing.assert_allclose(kept, wanted, atol=0.02)


def test_at_the_highest_rate_one_modality_is_left():
    assert (fixed_mask(NAMES, "test", 0, 0.7).sum(1) == 1).all()
    assert (fixed_mask(NAMES, "test", 0, 0.5, given(("audio", "text"))).sum(1) == 1).all()


def test_a_rate_that_cannot_be_reached_is_refused():
    assert (highest_rate(3), highest_rate(2), highest_rate(1)) == (0.7, 0.5, 0.0)
    with pytest.raises(ValueError, match="of 2 modalities at most 50% can be missing"):
        fixed_mask(NAMES, "test", 0, 0.6, given(("audio", "text")))
    with pytest.raises(ValueError, match="of 3 modalities at most 70%"):
        fixed_mask(NAMES, "test", 0, 0.8)


def test_fixed_masks_hang_on_nothing_but_their_key():
    mask = fixed_mask(NAMES, "test", 1, 0.3)
    np.testing.assert_array_equal(fixed_mask(NAMES[::-1], "test", 1, 0.3), mask[::-1])
    for other in (fixed_mask(NAMES, "valid", 1, 0.3), fixed_mask(NAMES, "test", 2, 0.3), fixed_mask(NAMES, "test", 1, 0.4)):
        assert (other != mask).any()


def test_what_was_not_recorded_is_not_hidden_again():
    recorded = np.random.default_rng(0).random((600, 3)) > 0.2
    mask = fixed_mask(NAMES, "test", 0, 0.3, recorded)
    assert (recorded & ~mask).sum() == round(0.3 * recorded.sum())
    assert (mask.any(1) == recorded.any(1)).all()


def test_imbalanced_masks_have_a_rate_for_each_modality():
    mask = fixed_mask(NAMES, "test", 0, {"text": 0.9, "audio": 0.2})
    np.testing.assert_allclose(1 - mask.mean(0), [0.2, 0.9, 0.0])
    # More than one modality of each cannot go: the highest rate is kept, and the others share what is left.
    mask = fixed_mask(NAMES, "test", 0, {"text": 0.9, "audio": 0.7, "video": 0.7})
    assert mask.any(1).all() and 1 - mask[:, 1].mean() == pytest.approx(0.9)
    np.testing.assert_allclose(1 - mask[:, [0, 2]].mean(0), [0.55, 0.55], atol=0.05)
    with pytest.raises(ValueError, match="smell"):
        fixed_mask(["u"], "test", 0, {"smell": 0.5})


def test_a_batch_is_hidden_at_one_exact_rate_for_training():
    valid = torch.arange(12) < torch.randint(1, 13, (40, 1), generator=torch.Generator().manual_seed(0))
    recorded = valid.unsqueeze(-1).expand(-1, -1, 3)
    observed = exact_random_mask(recorded, 0.4, torch.Generator().manual_seed(0))
    assert (observed.any(-1) == valid).all()
    assert (recorded & ~observed).sum() == round(0.4 * int(recorded.sum()))
