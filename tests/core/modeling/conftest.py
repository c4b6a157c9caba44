"""ComP in its two presets, small and untrained."""

from dataclasses import replace

import pytest
import torch

from comp_core.modeling.comp import ComP, ComPConfig, as_printed
from tests.core.modeling.made_up import DIMS


@pytest.fixture
def model():
    torch.manual_seed(0)
    return ComP(ComPConfig(dims=DIMS, outputs=4, width=16, prompt=4, prototypes=3)).eval()


@pytest.fixture
def printed():
    torch.manual_seed(0)
    return ComP(replace(as_printed(DIMS, 4, length=7), width=16, prompt=4, prototypes=3)).eval()
