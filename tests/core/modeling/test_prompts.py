"""Prototypes and prompts beside literal transcriptions of their equations (ComP, eq. 6-9)."""

import torch

from comp_core.modeling.prompts import PromptGenerator, Prototypes, momentum, similarity


def test_prototypes_are_attention_over_observed_utterances():
    torch.manual_seed(1)
    block = Prototypes(width=6, count=2)
    state, observed = torch.randn(3, 1, 4, 6), torch.tensor([True, False, True, True]).expand(3, 1, 4)
    for m in range(3):
        keys = state[m, 0] @ block.to_key.weight[m] + block.to_key.bias[m]
        for i, query in enumerate(block.queries[m, 0]):
            score = torch.stack([query @ keys[n] / 6**0.5 for n in (0, 2, 3)]).softmax(0)
            expected = sum(share * state[m, 0, n] for share, n in zip(score, (0, 2, 3), strict=True))
            torch.testing.assert_close(block(state, observed)[m, 0, i], expected)
    assert (block(state, torch.zeros(3, 1, 4, dtype=torch.bool)) == 0).all()


def test_similarity_is_equation_7():
    state, prototypes = torch.randn(3, 2, 4, 6), torch.randn(3, 2, 5, 6)
    found = similarity(state, prototypes, 3.0)
    for m, b, n in [(0, 0, 0), (1, 1, 3), (2, 0, 2)]:
        cosines = torch.stack([torch.cosine_similarity(state[m, b, n], a, dim=0) for a in prototypes[m, b]])
        torch.testing.assert_close(found[m, b, n], (3 * cosines).softmax(0))


def test_prompts_are_equation_8_and_empty_where_nothing_was_observed():
    torch.manual_seed(3)
    block = PromptGenerator(width=6, prompt=2, dropout=0.0).eval()
    torch.nn.init.normal_(block.empty)
    state, previous, prototypes = torch.randn(3, 1, 4, 6), torch.randn(3, 1, 4, 6), torch.randn(3, 1, 5, 6)
    observed = torch.tensor([True, False, True, True]).expand(3, 1, 4)
    made = block(state, previous, prototypes, observed)
    shares = similarity(state, prototypes, block.log_sharpness.exp())
    mixed = torch.einsum("mbnc,mbcd->mbnd", shares, prototypes)
    expected = block.to_prompt(block.from_prototypes(mixed) + block.from_state(previous))
    torch.testing.assert_close(made[:, :, [0, 2, 3]], expected[:, :, [0, 2, 3]])
    torch.testing.assert_close(made[:, 0, 1], block.empty[:, 0, 0])


def test_momentum_is_equation_9():
    torch.testing.assert_close(momentum(torch.tensor(2.0), torch.tensor(10.0), 0.3), torch.tensor(0.3 * 2 + 0.7 * 10))
