"""The blocks of ComP as its paper prints them."""

import pytest
import torch

from comp_core.modeling.comp import ComP, as_printed
from comp_core.modeling.paper_preset import PositionPrototypes, PrintedPromptGenerator
from comp_core.modeling.prompts import similarity
from comp_core.modeling.propagation import KnowledgePropagation, SelfAttention, may_look
from tests.core.modeling.made_up import DIMS, conversations


def test_the_papers_preset_reads_conversations_up_to_its_length(printed):
    output = printed(conversations(2, 7))
    assert output.logits.shape == (2, 7, 4)
    assert printed.coordinator.score[0].in_features == 3 * 16
    with pytest.raises(ValueError, match="7 positions"):
        printed(conversations(2, 8))


def test_in_the_papers_preset_all_at_once_is_refused():
    with pytest.raises(ValueError, match="one modality at a time"):
        ComP(as_printed(DIMS, 5, length=6)).alone(conversations(2, 6))


def test_printed_prototypes_are_equation_6():
    torch.manual_seed(4)
    block = PositionPrototypes(length=5, count=2)
    state, observed = torch.randn(3, 1, 4, 6), torch.tensor([True, False, True, True]).expand(3, 1, 4)
    for m in range(3):
        rows = torch.zeros(5, 6)
        rows[[0, 2, 3]] = state[m, 0, [0, 2, 3]]
        hidden = torch.relu(rows.T @ block.positions.weight[m] + block.positions.bias[m])
        expected = (hidden @ block.mix.weight[m] + block.mix.bias[m]).T
        torch.testing.assert_close(block(state, observed)[m, 0], expected)


def test_printed_prompts_are_equation_8_for_every_row():
    torch.manual_seed(3)
    block = PrintedPromptGenerator(width=6, prompt=2, dropout=0.0).eval()
    state, previous, prototypes = torch.randn(3, 1, 4, 6), torch.randn(3, 1, 4, 6), torch.randn(3, 1, 5, 6)
    mixed = torch.einsum("mbnc,mbcd->mbnd", similarity(state, prototypes), prototypes)
    expected = block.to_prompt(block.from_prototypes(mixed) + block.from_state(previous))
    torch.testing.assert_close(block(state, previous, prototypes, torch.zeros(3, 1, 4, dtype=torch.bool)), expected)


def test_the_printed_classifier_reads_weighted_states_and_nothing_else(printed):
    batch = conversations(2, 5)
    states, output = printed.propagate(batch), printed(batch)
    torch.testing.assert_close(states, list(printed.blocks(batch))[-1][0])
    fused = torch.cat([output.weights[1, 4, m] * states[m, 1, 4] for m in range(3)])
    torch.testing.assert_close(output.logits[1, 4], printed.fused.out(printed.fused.join(fused)), rtol=1e-4, atol=1e-5)


def test_printed_propagation_has_neither_norm_nor_distance():
    torch.manual_seed(2)
    block = KnowledgePropagation(width=8, prompts=4, layers=1, heads=1, dropout=0.0, attention=SelfAttention).eval()
    state, prompts = torch.randn(3, 1, 3, 8), torch.randn(3, 1, 3, 4)
    seen = torch.ones(3, 1, 3, dtype=torch.bool)
    after, _ = block(state, prompts, may_look(seen), torch.rand(1, 3, 3) * 50)
    for m in range(3):
        mixed = torch.cat([state[m, 0], prompts[m, 0]], -1) @ block.enter.weight[m] + block.enter.bias[m]
        layer = block.attention[0]
        query, key, value = (mixed @ layer.to_qkv.weight[m] + layer.to_qkv.bias[m]).split(8, -1)
        mixed = mixed + (query @ key.T / 8**0.5).softmax(-1) @ value @ layer.out.weight[m] + layer.out.bias[m]
        torch.testing.assert_close(after[m, 0], (mixed @ block.leave.weight[m] + block.leave.bias[m])[:, :8], rtol=1e-4, atol=1e-5)
