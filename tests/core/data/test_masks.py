"""Missing modalities."""

import torch

from comp_core.data.masks import random_mask
from comp_core.modalities import MODALITIES, SUBSETS


def test_the_seven_subsets():
    assert set(SUBSETS) == {"A", "T", "V", "AT", "AV", "TV", "ATV"}
    assert SUBSETS["AV"] == ("audio", "video")


def test_random_masks_keep_a_modality_and_leave_padding_alone():
    valid = torch.arange(12) < torch.randint(1, 13, (500, 1))
    observed = random_mask(valid, 0.7, torch.Generator().manual_seed(0))
    assert observed.shape == (500, 12, len(MODALITIES))
    assert (observed.any(-1) == valid).all()


def test_random_masks_hold_every_subset_and_the_same_seed_gives_the_same():
    valid = torch.ones(400, 6, dtype=torch.bool)
    observed = random_mask(valid, 0.7, torch.Generator().manual_seed(1))
    patterns = {tuple(row) for row in observed.flatten(0, 1).tolist()}
    assert len(patterns) == 7
    assert (observed == random_mask(valid, 0.7, torch.Generator().manual_seed(1))).all()
    whole = (observed == observed[:, :1]).all(2).all(1).float().mean()
    assert 0.4 < whole < 0.75
