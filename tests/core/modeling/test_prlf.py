"""PRLF: each block beside a literal transcription of its equation, who leads, and that reliability is an estimate and no lever."""

import copy
from dataclasses import replace

import pytest
import torch
from torch.distributions import Normal

from comp_core.modalities import MODALITIES, TEXT
from comp_core.modeling.batch import Batch, Conversations
from comp_core.modeling.interaction import ProgressiveInteraction, alignment
from comp_core.modeling.objectives import Classes, Scores
from comp_core.modeling.prlf import IN_TURN, PRLF, PRLFConfig
from comp_core.modeling.prlf_loss import prlf_loss
from comp_core.modeling.reliability import CONFIDENCE, FISHER, Reliability

DIMS = {"audio": 5, "text": 7, "video": 3}
AUDIO, WORDS, VIDEO = range(3)


def conversations(observed):
    observed = torch.as_tensor(observed)
    generator = torch.Generator().manual_seed(1)
    features = {m: torch.randn(*observed.shape[:2], DIMS[m], generator=generator) for m in MODALITIES}
    return Conversations(features, observed, torch.ones(observed.shape[:2], dtype=torch.bool))


def model_of(outputs=4, **changes):
    torch.manual_seed(0)
    return PRLF(PRLFConfig(DIMS, outputs, width=8, **changes)).eval()


def cues_of(unimodal, score=False):
    return Reliability(score=score).cues(torch.tensor(unimodal).expand(1, 1, 3, -1))[0, 0, 0]


def test_cues_of_classes_are_confidence_and_label_free_information():
    probability = torch.tensor([0.7, 0.2, 0.1])
    trace = (torch.diag(probability) - torch.outer(probability, probability)).trace()
    expected = torch.stack([torch.logit(torch.tensor(0.7)), torch.log(-torch.log(trace))])
    torch.testing.assert_close(cues_of(probability.log().tolist()), expected, rtol=1e-3, atol=1e-3)


def test_cues_of_a_score_are_how_sure_its_sign_is_and_its_precision():
    mean, spread = 1.2, 0.8
    right_sign = 2 * Normal(0.0, 1.0).cdf(torch.tensor(mean / spread)) - 1
    expected = torch.stack([torch.logit(right_sign), torch.log(torch.tensor(spread**-2.0))])
    torch.testing.assert_close(cues_of([mean, 2 * torch.log(torch.tensor(spread)).item()], score=True), expected)


def test_both_cues_rise_with_confidence_and_neither_is_infinite():
    levels = torch.stack([cues_of([x, 0.0, 0.0]) for x in (0.0, 1.0, 3.0, 8.0, 200.0)])
    assert (levels.diff(dim=0)[:3] > 0).all()
    assert levels.isfinite().all()


def test_reliabilities_are_shared_by_what_is_known():
    block, unimodal = Reliability().eval(), torch.randn(1, 2, 3, 4)
    there = torch.tensor([[[True, False, True], [False, False, False]]])
    found = block(unimodal, there)
    z = (block.cues(unimodal) - block.mean) / block.variance.sqrt()
    expected = (z.mean(-1)[0, 0, [0, 2]]).softmax(0)
    torch.testing.assert_close(found[0, 0], torch.tensor([expected[0], 0.0, expected[1]]))
    torch.testing.assert_close(found[0, 1], torch.full((3,), 1 / 3))


@pytest.mark.parametrize(("cues", "column"), [((CONFIDENCE,), 0), ((FISHER,), 1)])
def test_a_single_cue_decides_alone(cues, column):
    block, unimodal = Reliability(cues, temperature=2.0).eval(), torch.randn(2, 3, 3, 4)
    expected = (block.cues(unimodal)[..., column] / 2).softmax(-1)
    torch.testing.assert_close(block(unimodal, torch.ones(2, 3, 3, dtype=torch.bool)), expected)


def test_only_training_data_move_the_running_statistics():
    block, unimodal, there = Reliability(), torch.randn(4, 5, 3, 4) * 3, torch.ones(4, 5, 3, dtype=torch.bool)
    before = block.mean.clone()
    block.eval()(unimodal, there)
    assert torch.equal(block.mean, before)
    for _ in range(300):
        block.train()(unimodal, there)
    torch.testing.assert_close(block.mean, block.cues(unimodal).mean((0, 1, 2)), rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(block.variance, block.cues(unimodal).var((0, 1, 2), correction=0), rtol=1e-3, atol=1e-3)


def test_phi_is_the_mean_squared_gradient_of_each_sample_per_parameter():
    torch.manual_seed(2)
    block, heads = Reliability(), [torch.nn.Linear(6, 4) for _ in MODALITIES]
    inputs, target = torch.randn(1, 5, 3, 6), torch.randint(4, (5,))
    there = torch.rand(1, 5, 3) > 0.3
    wanted, gradients = [], torch.zeros(1, 5, 3, 4)
    for m, head in enumerate(heads):
        squares = []
        for n in range(5):
            head.zero_grad()
            logits = head(inputs[0, n, m])
            logits.retain_grad()
            torch.nn.functional.cross_entropy(logits, target[n]).backward()
            gradients[0, n, m] = logits.grad
            if there[0, n, m]:
                squares.append(torch.cat([p.grad.flatten() for p in head.parameters()]).square().mean())
        wanted.append(torch.stack(squares).mean().log())
    for _ in range(400):
        block.watch(gradients, inputs, there)
    torch.testing.assert_close(block.log_phi, torch.stack(wanted), rtol=1e-3, atol=1e-3)


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
        for m in {AUDIO, WORDS, VIDEO} - {d}:
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
    expected = [torch.cosine_similarity(states[m, 0, 0], states[WORDS, 0, 0], dim=0) for m in range(3)]
    torch.testing.assert_close(found.flatten(), torch.stack(expected))
    (-found[[AUDIO, VIDEO]].sum()).backward()
    assert states.grad[WORDS].abs().sum() == 0
    assert states.grad[AUDIO].abs().sum() > 0


def test_what_it_tells_beside_the_contract():
    output = model_of(steps=3)(conversations(torch.ones(2, 5, 3, dtype=torch.bool)))
    assert output.alignment.shape == (2, 5, 3, 4)
    assert torch.equal(output.dominant, output.weights.argmax(-1))
    ahead = output.alignment.gather(2, output.dominant[..., None, None].expand(2, 5, 1, 4))
    torch.testing.assert_close(ahead, torch.ones_like(ahead))


@pytest.mark.parametrize("outputs", [1, 4])
def test_a_modality_speaks_for_its_neighbours_but_not_for_a_conversation_without_it(outputs):
    observed = torch.ones(2, 4, 3, dtype=torch.bool)
    observed[0, 2, WORDS] = False  # missing once
    observed[1, :, WORDS] = False  # missing throughout
    output = model_of(outputs)(conversations(observed))
    assert output.weights[0, 2, WORDS] > 0
    assert (output.weights[1, :, WORDS] == 0).all()
    assert (output.dominant[1] != WORDS).all()


def test_who_leads_can_be_fixed():
    batch = conversations(torch.ones(1, 6, 3, dtype=torch.bool))
    assert model_of(leader=IN_TURN)(batch).dominant[0].tolist() == [0, 1, 2, 0, 1, 2]
    assert model_of(leader=IN_TURN)(batch.only(("audio", "video"))).dominant[0].tolist() == [0, 2, 2, 0, 2, 2]
    assert (model_of(leader=TEXT)(batch).dominant == WORDS).all()


def test_without_steps_states_stay_as_they_were_read():
    batch, model = conversations(torch.ones(1, 4, 3, dtype=torch.bool)), model_of(steps=0)
    assert model(batch).alignment.shape[-1] == 1
    assert not any(name.startswith("interact") for name, _ in model.named_parameters())


def test_reliabilities_can_be_replaced_to_see_what_they_do():
    batch, model = conversations(torch.ones(2, 4, 3, dtype=torch.bool)), model_of()
    states, unimodal = model.read(batch)
    as_judged = model.reliability(unimodal, batch.known)
    torch.testing.assert_close(model.fuse(batch, states, unimodal, as_judged).logits, model(batch).logits)
    assert (model.fuse(batch, states, unimodal, as_judged.flip(-1)).logits - model(batch).logits).abs().max() > 1e-4


def test_the_fused_loss_does_not_teach_a_head_to_look_sure():
    model = model_of().train()
    model(conversations(torch.ones(2, 4, 3, dtype=torch.bool))).logits.square().sum().backward()
    assert model.heads.weight.grad is None or model.heads.weight.grad.abs().sum() == 0
    assert model.classifier[0].weight.grad.abs().sum() > 0


@pytest.mark.parametrize("objective", [Scores(), Classes("abcd")], ids=["scores", "classes"])
def test_the_loss_lets_phi_follow_and_ignores_padding(objective):
    torch.manual_seed(5)
    whole = conversations(torch.ones(2, 4, 3, dtype=torch.bool))
    labels = torch.randn(2, 4) if objective.outputs == 1 else torch.randint(4, (2, 4))
    valid = torch.tensor([[True] * 4, [True, True, False, False]])
    padded = replace(whole, valid=valid)
    model = model_of(objective.outputs, dropout=0.0)

    def loss_of(targets):
        batch = Batch(padded, targets, targets.unsqueeze(-1).expand(2, 4, 3), padded.observed)
        # In a copy: phi moves, and the next loss with it.
        return prlf_loss(copy.deepcopy(model), batch, objective).item()

    changed = torch.where(valid, labels, labels.flip(-1) + (1 if objective.outputs == 1 else 0))
    assert not torch.equal(changed, labels)
    assert loss_of(labels) == pytest.approx(loss_of(changed))
    before = model.reliability.log_phi.clone()
    prlf_loss(model, Batch(whole, labels, labels.unsqueeze(-1).expand(2, 4, 3), whole.observed), objective)
    assert (model.reliability.log_phi != before).all()


def test_unknown_cues_and_leaders_are_refused():
    with pytest.raises(ValueError, match="confidence and fisher"):
        PRLFConfig(DIMS, 4, cues=("luck",))
    with pytest.raises(ValueError, match="leader"):
        PRLFConfig(DIMS, 4, leader="audio")
