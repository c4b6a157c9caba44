"""Propagation beside a literal transcription of its equations (ComP, eq. 3-5)."""

import pytest
import torch

from comp_core.modeling.propagation import AlikeSelfAttention, KnowledgePropagation, SelfAttention, may_look


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


def test_everybody_may_look_at_what_was_observed_and_at_itself():
    found = may_look(torch.tensor([True, False, False]))
    assert found.tolist() == [[True, False, False], [True, True, False], [True, False, True]]


def test_attention_by_prompts_adds_how_alike_they_are_told():
    torch.manual_seed(3)
    block, prompts = AlikeSelfAttention(width=8, heads=2, dropout=0.0), torch.randn(3, 1, 3, 4)
    allowed = may_look(torch.tensor([True, False, True]).expand(3, 1, 3))
    distance = torch.tensor([[[0.0, 1, 2], [1, 0, 1], [2, 1, 0]]])
    found = block.added(allowed, distance, prompts)
    for m in range(3):
        told = []
        for n in range(3):
            seen = [k for k in range(3) if allowed[m, 0, n, k]]
            told.append(prompts[m, 0, n] - sum(prompts[m, 0, k] for k in seen) / len(seen))
        for head in range(2):
            gain, slope = block.log_gain[m, head].exp(), block.log_slope[m, head].exp()
            for n in range(3):
                for k in range(3):
                    alike = torch.cosine_similarity(told[n], told[k], dim=0)
                    torch.testing.assert_close(found[m, 0, head, n, k], gain * alike - slope * distance[0, n, k], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(block.added(allowed, distance, None), block.added(allowed, distance, prompts[..., :0]))


def test_a_width_that_heads_do_not_divide_is_refused():
    with pytest.raises(ValueError, match="8 is not a multiple of 3 heads"):
        SelfAttention(width=8, heads=3, dropout=0.0)
