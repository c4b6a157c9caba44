"""ComP's default preset: what may and what may not influence a prediction."""

from dataclasses import replace

import pytest
import torch

from comp_core.modalities import MODALITIES
from comp_core.modeling.batch import Conversations
from comp_core.modeling.comp import COMPONENTS, COORDINATOR, PROMPTS, PROPAGATION, ComP, ComPConfig, as_printed
from comp_core.modeling.layers import PerModalityLinear, PerModalityNorm, from_others
from comp_core.modeling.paper_preset import PositionPrototypes, PrintedPromptGenerator
from comp_core.modeling.prompts import PromptGenerator, Prototypes, momentum, similarity
from comp_core.modeling.propagation import KnowledgePropagation, SelfAttention, may_look

AUDIO, TEXT, VIDEO = range(len(MODALITIES))
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
    # An utterance keeps its time, wherever it stands.
    shuffled = replace(part(batch, slice(None), order), position=batch.position[:, order])
    torch.testing.assert_close(model(shuffled).logits, model(batch).logits[:, order], rtol=1e-4, atol=1e-5)


def test_near_utterances_are_heard_better_than_far_ones(model):
    batch = conversations(1, 8, rate=0.0)
    moved = affected_by_text_of_the_first_utterance(model, batch)[TEXT, 0]
    far = replace(batch, position=batch.position * 100)
    assert moved[1:4].sum() > moved[5:].sum()
    # So far apart only the prototypes connect them.
    assert affected_by_text_of_the_first_utterance(model, far)[TEXT, 0, 1:].sum() < moved[1:].sum()


@pytest.mark.parametrize("rubbish", [1e6, float("nan"), float("inf")])
def test_values_of_missing_modalities_never_matter(model, rubbish):
    batch = conversations(2, 6)
    other = {m: torch.where(batch.observed[..., i : i + 1], x, rubbish) for i, (m, x) in enumerate(batch.features.items())}
    assert_same(model(batch), model(Conversations(other, batch.observed, batch.valid)))


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
    assert (states[VIDEO] - changed[VIDEO]).abs().max() > 1e-4


def test_from_the_second_block_on_what_was_filled_in_speaks_too(model):
    batch = conversations(1, 4, rate=0.0)
    batch.observed[0, 3, TEXT] = False
    batch.observed[0, :, VIDEO] = False
    told = []
    for generator in model.generators:
        generator.register_forward_pre_hook(lambda _, arguments: told.append(arguments[3]))
    model(batch)
    assert torch.equal(told[0], batch.by_modality)
    assert told[1][TEXT].all() and not told[1][VIDEO].any()


@pytest.mark.parametrize("without", [(), ("prompts",), ("propagation",)], ids=["whole", "no prompts", "no propagation"])
def test_all_at_once_say_what_each_says_alone(without):
    torch.manual_seed(0)
    model = ComP(ComPConfig(DIMS, outputs=5, width=16, prompt=4, prototypes=3, blocks=3, without=without)).eval()
    for parameter in model.parameters():  # empty prompts start as zero, slopes alike
        torch.nn.init.normal_(parameter, std=0.5)
    batch = conversations(4, 6)
    batch.observed[1, :, TEXT] = False
    found = model.alone(batch)
    for i, modality in enumerate(MODALITIES):
        torch.testing.assert_close(found[:, :, i], model(batch.only((modality,))).modality_logits[:, :, i], rtol=1e-4, atol=1e-5)


def test_in_the_papers_preset_all_at_once_is_refused():
    with pytest.raises(ValueError, match="one modality at a time"):
        ComP(as_printed(DIMS, 5, length=6)).alone(conversations(2, 6))


def test_a_modality_that_never_occurs_has_no_weight_and_one_that_is_missing_once_may_have(model):
    batch = conversations(1, 4, rate=0.0)
    batch.observed[0, 3, TEXT] = False
    batch.observed[0, :, VIDEO] = False
    weights = model(batch).weights[0]
    assert (weights[:, VIDEO] == 0).all()
    assert weights[3, TEXT] > 0
    nothing = batch.observe(torch.zeros_like(batch.observed))
    torch.testing.assert_close(model(nothing).weights, torch.full((1, 4, 3), 1 / 3))


def test_gradients_reach_every_parameter(model):
    batch = conversations(4, 6)
    # One conversation for each modality that has nothing of it.
    batch.observed[:3] &= ~torch.eye(3, dtype=torch.bool).unsqueeze(1)
    output = model.train()(batch)
    (output.logits.square().mean() + output.modality_logits.square().mean()).backward()
    without = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    # A key bias moves all scores of a softmax alike: its gradient is zero by construction.
    assert [name for name in without if not name.endswith("to_key.bias")] == []


def test_a_linear_map_for_each_modality():
    torch.manual_seed(1)
    layer, x = PerModalityLinear(5, 4), torch.randn(3, 2, 6, 5)
    for m in range(3):
        torch.testing.assert_close(layer(x)[m], x[m] @ layer.weight[m] + layer.bias[m])


def test_a_norm_for_each_modality():
    torch.manual_seed(1)
    layer, x = PerModalityNorm(5), torch.randn(3, 2, 6, 5)
    torch.nn.init.normal_(layer.gain), torch.nn.init.normal_(layer.bias)
    for m in range(3):
        centred = x[m] - x[m].mean(-1, keepdim=True)
        expected = centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt() * layer.gain[m] + layer.bias[m]
        torch.testing.assert_close(layer(x)[m], expected)


def test_a_modality_receives_what_the_others_have_in_their_order():
    prompts = torch.randn(3, 2, 4, 5)
    for m in range(3):
        expected = torch.cat([prompts[other] for other in range(3) if other != m], -1)
        torch.testing.assert_close(from_others(prompts)[m], expected)


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


def test_the_fused_output_is_equations_12_to_15(model):
    batch = conversations(2, 5)
    states, output = model.propagate(batch), model(batch)
    layers = model.coordinator.score
    for b, n in [(0, 0), (1, 4)]:
        side_by_side = torch.cat([states[m, b, n] for m in range(3)])
        weights = layers(torch.cat([side_by_side, batch.observed[b, n].float()])).softmax(0)
        side_by_side = torch.cat([3 * weights[m] * states[m, b, n] for m in range(3)])
        departs = model.fused.out(model.fused.join(side_by_side))
        unimodal = sum(weights[m] * (states[m, b, n] @ model.heads.weight[m] + model.heads.bias[m, 0]) for m in range(3))
        torch.testing.assert_close(output.weights[b, n], weights, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(output.logits[b, n], departs + unimodal, rtol=1e-4, atol=1e-5)


def test_the_fused_prediction_teaches_the_heads_nothing(model):
    model.train()
    output = model(conversations(2, 5))
    output.logits[output.grounded].sum().backward()
    assert model.heads.weight.grad is None
    assert model.norm.gain.grad.abs().sum() > 0


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_component_can_be_removed_and_is_gone(model, component):
    torch.manual_seed(0)
    less = ComP(replace(model.config, without=(component,))).eval()
    count = {which: sum(p.numel() for p in net.parameters()) for which, net in (("all", model), ("less", less))}
    assert count["less"] < count["all"]
    batch = conversations(2, 5, rate=0.0)
    output = less(batch)
    assert output.logits.shape == model(batch).logits.shape
    if component == COORDINATOR:
        torch.testing.assert_close(output.weights, torch.full((2, 5, 3), 1 / 3))
    assert (affected_by_text_of_the_first_utterance(less, batch)[AUDIO].max() < 1e-6) == (component == PROMPTS)


def test_without_prompts_and_propagation_no_utterance_knows_of_another(model):
    batch = conversations(2, 5, rate=0.0)
    assert affected_by_text_of_the_first_utterance(model, batch)[:, :, 1:].min() > 1e-6
    for without, isolated in (((PROMPTS,), False), ((PROPAGATION,), False), ((PROMPTS, PROPAGATION), True)):
        less = ComP(replace(model.config, without=without)).eval()
        assert (affected_by_text_of_the_first_utterance(less, batch)[:, :, 1:].max() < 1e-6) == isolated, without


def affected_by_text_of_the_first_utterance(model, batch):
    """How much each state moves, (M, B, N), when the first utterance's words change."""
    changed = {**batch.features, "text": batch.features["text"].clone()}
    changed["text"][:, 0] += 1
    before, after = (model.propagate(replace(batch, features=f)) for f in (batch.features, changed))
    return (after - before).abs().amax(-1)


def test_an_unknown_component_is_refused():
    with pytest.raises(ValueError, match="momentum"):
        ComPConfig(dims=DIMS, outputs=4, without=("momentum",))


def test_features_are_standardised_by_training_data(model):
    batch = conversations(2, 5, rate=0.0)
    expected = model(batch).logits
    scaled = {m: x * 1000 + 300 for m, x in batch.features.items()}
    reference = {m: torch.tensor([[-1.0], [1.0]]).repeat(1, DIMS[m]) for m in MODALITIES}
    model.encoders.standardise_by(reference)
    plain = model(batch).logits
    model.encoders.standardise_by({m: x * 1000 + 300 for m, x in reference.items()})
    torch.testing.assert_close(model(Conversations(scaled, batch.observed, batch.valid)).logits, plain, rtol=1e-3, atol=1e-4)
    assert (expected - plain).abs().max() > 1e-4


def test_wrong_shapes_are_refused():
    batch = conversations(2, 3)
    with pytest.raises(ValueError, match="observed"):
        Conversations(batch.features, batch.observed[:, :2], batch.valid)
    with pytest.raises(ValueError, match="text"):
        Conversations({**batch.features, "text": batch.features["text"][:1]}, batch.observed, batch.valid)


@pytest.fixture
def printed():
    torch.manual_seed(0)
    return ComP(replace(as_printed(DIMS, 4, length=7), width=16, prompt=4, prototypes=3)).eval()


def test_the_papers_preset_reads_conversations_up_to_its_length(printed):
    output = printed(conversations(2, 7))
    assert output.logits.shape == (2, 7, 4)
    assert printed.coordinator.score[0].in_features == 3 * 16
    with pytest.raises(ValueError, match="7 positions"):
        printed(conversations(2, 8))


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


def test_presets_are_told_apart():
    with pytest.raises(ValueError, match="length"):
        ComPConfig(dims=DIMS, outputs=4, preset="paper")
    with pytest.raises(ValueError, match="preset"):
        ComPConfig(dims=DIMS, outputs=4, preset="prited")
