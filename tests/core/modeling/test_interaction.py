"""A step of interaction beside a literal transcription of its equation (PRLF)."""

import pytest
import torch

from comp_core.modeling.interaction import ProgressiveInteraction, alignment
from tests.core.modeling.made_up import AUDIO, TEXT, VIDEO


def test_a_step_of_interaction_is_its_equation():
    torch.manual_seed(3)
    block = ProgressiveInteraction(width=8, heads=2, dropout=0.0).eval()
    states, reliability = torch.randn(3, 1, 2, 8), torch.rand(3, 1, 2)
    leads = torch.tensor([[[True, False]], [[False, False]], [[False, True]]])
    after = block(states, reliability, leads)

    def linear(layer, m, x):
        return x @ layer.weight[m] + layer.bias[m, 0]

    for n, d in ((0, AUDIO), (1, VIDEO)):
        torch.testing.assert_close(after[d, 0, n], states[d, 0, n])
        for m in {AUDIO, TEXT, VIDEO} - {d}:
            h, rivals = states[m, 0, n], [states[d, 0, n], states[m, 0, n]]
            query = linear(block.to_query, m, h)
            heads = []
            for part in (slice(0, 4), slice(4, 8)):
                keys, values = ([linear(block.to_key_value, m, r).split(8)[i][part] for r in rivals] for i in (0, 1))
                share = torch.stack([query[part] @ key / 2 for key in keys]).softmax(0)
                heads.append(share[0] * values[0] + share[1] * values[1])
            taken = linear(block.out, m, torch.cat(heads))
            ahead = (reliability[d, 0, n] - reliability[m, 0, n]).reshape(1)
            gate = torch.sigmoid(linear(block.gate, m, torch.cat([h, taken, ahead])))
            expected = torch.nn.functional.layer_norm(h + gate * taken, (8,))
            torch.testing.assert_close(after[m, 0, n], expected, rtol=1e-4, atol=1e-5)


def test_alignment_is_the_cosine_to_the_dominant_state_and_does_not_pull_at_it():
    states = torch.randn(3, 1, 1, 8, requires_grad=True)
    leads = torch.tensor([False, True, False]).reshape(3, 1, 1)
    found = alignment(states, leads)
    expected = [torch.cosine_similarity(states[m, 0, 0], states[TEXT, 0, 0], dim=0) for m in range(3)]
    torch.testing.assert_close(found.flatten(), torch.stack(expected))
    (-found[[AUDIO, VIDEO]].sum()).backward()
    assert states.grad[TEXT].abs().sum() == 0
    assert states.grad[AUDIO].abs().sum() > 0


def test_a_width_that_heads_do_not_divide_is_refused():
    with pytest.raises(ValueError, match="8 is not a multiple of 3 heads"):
        ProgressiveInteraction(width=8, heads=3, dropout=0.0)
