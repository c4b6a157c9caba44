"""Propagation beside a literal transcription of its equations (ComP, eq. 3-5)."""

import torch

from comp_core.modeling.propagation import KnowledgePropagation, may_look


def test_propagation_is_equations_3_to_5():
    torch.manual_seed(2)
    block = KnowledgePropagation(width=8, prompts=4, layers=2, heads=2, dropout=0.0).eval()
    state, prompts = torch.randn(3, 1, 3, 8), torch.randn(3, 1, 3, 4)
    observed = torch.tensor([True, False, True]).expand(3, 1, 3)
    distance = torch.tensor([[[0.0, 1, 4], [1, 0, 3], [4, 3, 0]]])
    after, carried = block(state, prompts, may_look(observed), distance)
    for m in range(3):
        mixed = torch.cat([state[m, 0], prompts[m, 0]], -1) @ block.enter.weight[m] + block.enter.bias[m]
        for layer in block.attention:
            query, key, value = (layer.to_qkv(layer.norm(mixed.expand(3, 1, 3, 8)))[m, 0]).split(8, -1)
            rows = []
            for n in range(3):
                seen = [k for k in range(3) if observed[m, 0, k] or k == n]
                parts = []
                for h, slope in zip((slice(0, 4), slice(4, 8)), layer.log_slope[m].exp(), strict=True):
                    share = torch.stack([query[n, h] @ key[k, h] / 4**0.5 - slope * distance[0, n, k] for k in seen]).softmax(0)
                    parts.append(sum(s * value[k, h] for s, k in zip(share, seen, strict=True)))
                rows.append(torch.cat(parts))
            mixed = mixed + torch.stack(rows) @ layer.out.weight[m] + layer.out.bias[m]
        out = mixed @ block.leave.weight[m] + block.leave.bias[m]
        torch.testing.assert_close(after[m, 0], out[:, :8], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(carried[m, 0], out[:, 8:], rtol=1e-4, atol=1e-5)
