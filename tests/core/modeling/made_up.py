"""Small conversations, and what is asked of a model that reads them."""

from dataclasses import replace

import torch

from comp_core.modalities import MODALITIES
from comp_core.modeling.batch import Conversations
from comp_core.modeling.prlf import PRLF, PRLFConfig

AUDIO, TEXT, VIDEO = range(len(MODALITIES))
DIMS = {"audio": 5, "text": 7, "video": 3}


def conversations(count, length, seed=0, rate=0.4):
    """Random features, of which a share is missing."""
    generator = torch.Generator().manual_seed(seed)
    features = {m: torch.randn(count, length, DIMS[m], generator=generator) for m in MODALITIES}
    observed = torch.rand(count, length, len(MODALITIES), generator=generator) >= rate
    return Conversations(features, observed, torch.ones(count, length, dtype=torch.bool))


def part(batch, rows, columns):
    features = {m: x[rows, columns] for m, x in batch.features.items()}
    return Conversations(features, batch.observed[rows, columns], batch.valid[rows, columns])


def assert_same(one, other):
    for name in ("logits", "modality_logits", "weights"):
        torch.testing.assert_close(getattr(one, name), getattr(other, name), rtol=1e-4, atol=1e-5)


def affected_by_text_of_the_first_utterance(model, batch):
    """How much each state moves, (M, B, N), when the first utterance's words change."""
    changed = {**batch.features, "text": batch.features["text"].clone()}
    changed["text"][:, 0] += 1
    before, after = (model.propagate(replace(batch, features=f)) for f in (batch.features, changed))
    return (after - before).abs().amax(-1)


def under(observed):
    """Random features under a mask, (B, N, M)."""
    observed = torch.as_tensor(observed)
    return conversations(*observed.shape[:2], seed=1, rate=0.0).observe(observed)


def prlf_of(outputs=4, **changes):
    """PRLF, small and untrained."""
    torch.manual_seed(0)
    return PRLF(PRLFConfig(DIMS, outputs, width=8, **changes)).eval()
