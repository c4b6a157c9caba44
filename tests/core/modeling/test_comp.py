"""ComP's default preset: what may and what may not influence a prediction."""

from dataclasses import replace

import pytest
import torch

from comp_core.modalities import MODALITIES
from comp_core.modeling.batch import Conversations
from comp_core.modeling.comp import COMPONENTS, COORDINATOR, PROMPTS, PROPAGATION, ComP, ComPConfig
from tests.core.modeling.made_up import AUDIO, DIMS, TEXT, VIDEO, affected_by_text_of_the_first_utterance, assert_same, conversations, part


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


def test_gradients_reach_every_parameter(model):
    batch = conversations(4, 6)
    # One conversation for each modality that has nothing of it.
    batch.observed[:3] &= ~torch.eye(3, dtype=torch.bool).unsqueeze(1)
    output = model.train()(batch)
    (output.logits.square().mean() + output.modality_logits.square().mean()).backward()
    without = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    # A key bias moves all scores of a softmax alike: its gradient is zero by construction.
    assert [name for name in without if not name.endswith("to_key.bias")] == []


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


def test_an_unknown_component_is_refused():
    with pytest.raises(ValueError, match="momentum"):
        ComPConfig(dims=DIMS, outputs=4, without=("momentum",))


def test_presets_are_told_apart():
    with pytest.raises(ValueError, match="length"):
        ComPConfig(dims=DIMS, outputs=4, preset="paper")
    with pytest.raises(ValueError, match="preset"):
        ComPConfig(dims=DIMS, outputs=4, preset="prited")
