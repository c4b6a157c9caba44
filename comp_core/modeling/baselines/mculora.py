"""Low-rank adapters by combination of modalities (after MCULoRA; Zhao et al., arXiv 2507.11202, 2025)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from comp_core.modalities import MODALITIES
from comp_core.modeling.baselines.baseline import Baseline, BaselineConfig


class Combinations(Baseline):
    """One map joins the states, and each combination of known modalities adds a low-rank change of its own to it.

    MCULoRA also trains more on combinations that are harder to tell apart; here masks are those that every model meets.
    """

    RANK = 4

    def __init__(self, config: BaselineConfig) -> None:
        super().__init__(config)
        inputs, combinations = len(MODALITIES) * config.width, 2 ** len(MODALITIES)
        self.join = nn.Linear(inputs, config.width)
        self.down = nn.Parameter(torch.randn(combinations, inputs, self.RANK) / inputs**0.5)
        # Changes begin small.
        self.up = nn.Parameter(0.01 * torch.randn(combinations, self.RANK, config.width))
        self.out = nn.Sequential(nn.GELU(), nn.Dropout(config.dropout), nn.Linear(config.width, config.outputs))

    def fuse(self, states: Tensor, known: Tensor) -> Tensor:
        joined = states.permute(1, 2, 0, 3).flatten(2)
        bits = 2 ** torch.arange(len(MODALITIES), device=known.device)
        combination = (known.permute(1, 2, 0) * bits).sum(-1)
        narrow = torch.einsum("bni,cir->bncr", joined, self.down)
        index = combination[..., None, None].expand(*combination.shape, 1, self.RANK)
        change = torch.einsum("bnr,bnro->bno", narrow.gather(2, index).squeeze(2), self.up[combination])
        return self.out(self.join(joined) + change)
