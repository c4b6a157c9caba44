"""ComP's default preset: what may and what may not influence a prediction."""

import pytest
import torch

from comp_core.modalities import MODALITIES
from comp_core.modeling.comp import ComP, ComPConfig
from comp_core.modeling.outputs import Conversations
from comp_core.modeling.prompts import Prototypes, momentum
from comp_core.modeling.propagation import KnowledgePropagation

DIMS = {"audio": 5, "text": 7, "video": 3}


@pytest.fixture
def model():
    torch.manual_seed(0)
    return ComP(ComPConfig(dims=DIMS, outputs=4, width=16, prompt=4, prototypes=3)).eval()


def conversations(count, length, seed=0, rate=0.4):
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


def test_shapes_and_weights(model):
    output = model(conversations(2, 6))
    assert output.logits.shape == (2, 6, 4)
    assert output.modality_logits.shape == (2, 6, 3, 4)
    torch.testing.assert_close(output.weights.sum(-1), torch.ones(2, 6))


def test_a_conversation_does_not_depend_on_its_batch(model):
    batch = conversations(3, 5)
    whole = model(batch)
    alone = model(part(batch, slice(1, 2), slice(None)))
    torch.testing.assert_close(whole.logits[1:2], alone.logits, rtol=1e-4, atol=1e-5)


def test_padding_changes_nothing(model):
    batch = conversations(2, 8)
    valid = batch.valid.clone()
    valid[:, 5:] = False
    # What stands in the padding must not matter either, whatever ``observed`` says of it.
    padded = model(Conversations(batch.features, batch.observed, valid))
    short = model(part(batch, slice(None), slice(0, 5)))
    for name in ("logits", "modality_logits", "weights", "grounded"):
        torch.testing.assert_close(getattr(padded, name)[:, :5], getattr(short, name), rtol=1e-4, atol=1e-5)


def test_order_of_utterances_only_permutes_the_output(model):
    batch = conversations(2, 6)
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    permuted = model(part(batch, slice(None), order))
    original = model(batch)
    torch.testing.assert_close(permuted.logits, original.logits[:, order], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("rubbish", [1e6, float("nan"), float("inf")])
def test_values_of_missing_modalities_never_matter(model, rubbish):
    batch = conversations(2, 6)
    spoilt = {m: torch.where(batch.observed[..., i : i + 1], x, rubbish) for i, (m, x) in enumerate(batch.features.items())}
    assert_same(model(batch), model(Conversations(spoilt, batch.observed, batch.valid)))


def test_observed_values_do_matter(model):
    batch = conversations(1, 4, rate=0.0)
    for modality in MODALITIES:
        changed = {**batch.features, modality: batch.features[modality] + 1}
        difference = model(Conversations(changed, batch.observed, batch.valid)).logits - model(batch).logits
        assert difference.abs().max() > 1e-4, modality


@pytest.mark.parametrize("length", [1, 2, 40])
def test_every_pattern_of_missing_modalities_is_safe(model, length):
    for code in range(8):
        kept = torch.tensor([bool(code >> i & 1) for i in range(3)])
        batch = conversations(2, length, rate=0.0)
        output = model(batch.observe(batch.observed & kept))
        assert output.logits.isfinite().all() and output.modality_logits.isfinite().all()
        assert output.grounded.all() == (code > 0)


def test_an_absent_modality_is_filled_in_from_the_others(model):
    batch = conversations(1, 3, rate=0.0)
    without_face = batch.observe(batch.observed & torch.tensor([True, True, False]))
    states = model.propagate(without_face)
    louder = {**batch.features, "audio": batch.features["audio"] * 2 + 1}
    changed = model.propagate(Conversations(louder, without_face.observed, batch.valid))
    assert (states["video"] - changed["video"]).abs().max() > 1e-4


def test_gradients_reach_every_parameter(model):
    output = model.train()(conversations(4, 6))
    (output.logits.square().mean() + output.modality_logits.square().mean()).backward()
    without = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    # A key bias moves all scores of a softmax alike: its gradient is zero by construction.
    assert [name for name in without if not name.endswith("to_key.bias")] == []


def test_prototypes_are_attention_over_observed_utterances():
    torch.manual_seed(1)
    block = Prototypes(width=6, count=2)
    state, observed = torch.randn(1, 4, 6), torch.tensor([[True, False, True, True]])
    keys = state[0] @ block.to_key.weight.T + block.to_key.bias
    for i, query in enumerate(block.queries):
        score = torch.stack([query @ keys[n] / 6**0.5 for n in (0, 2, 3)]).softmax(0)
        expected = sum(share * state[0, n] for share, n in zip(score, (0, 2, 3), strict=True))
        torch.testing.assert_close(block(state, observed)[0, i], expected)
    assert (block(state, torch.zeros(1, 4, dtype=torch.bool)) == 0).all()


def test_momentum_is_equation_9():
    torch.testing.assert_close(momentum(torch.tensor(2.0), torch.tensor(10.0), 0.3), torch.tensor(0.3 * 2 + 0.7 * 10))


def test_propagation_looks_at_observed_utterances_and_itself_only():
    torch.manual_seed(2)
    block = KnowledgePropagation(width=8, prompts=4, layers=2, heads=2, dropout=0.0).eval()
    state, prompts = torch.randn(1, 3, 8), torch.randn(1, 3, 4)
    observed = torch.tensor([[True, False, True]])
    before, _ = block(state, prompts, observed)
    state[0, 1] += 1
    after, _ = block(state, prompts, observed)
    torch.testing.assert_close(before[0, [0, 2]], after[0, [0, 2]])
    assert (before[0, 1] - after[0, 1]).abs().max() > 1e-4


def test_features_are_standardised_by_training_data(model):
    batch = conversations(2, 5, rate=0.0)
    expected = model(batch).logits
    scaled = {m: x * 1000 + 300 for m, x in batch.features.items()}
    reference = {m: torch.tensor([[-1.0], [1.0]]).repeat(1, DIMS[m]) for m in MODALITIES}
    for modality, encoder in model.encoders.items():
        encoder.standardise_by(reference[modality])
    plain = model(batch).logits
    for modality, encoder in model.encoders.items():
        encoder.standardise_by(reference[modality] * 1000 + 300)
    torch.testing.assert_close(model(Conversations(scaled, batch.observed, batch.valid)).logits, plain, rtol=1e-3, atol=1e-4)
    assert (expected - plain).abs().max() > 1e-4


def test_wrong_shapes_are_refused():
    batch = conversations(2, 3)
    with pytest.raises(ValueError, match="observed"):
        Conversations(batch.features, batch.observed[:, :2], batch.valid)
    with pytest.raises(ValueError, match="text"):
        Conversations({**batch.features, "text": batch.features["text"][:1]}, batch.observed, batch.valid)
