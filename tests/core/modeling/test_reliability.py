"""Reliability beside a literal transcription of its equation (PRLF)."""

import pytest
import torch
from torch.distributions import Normal

from comp_core.modalities import MODALITIES
from comp_core.modeling.reliability import CONFIDENCE, FISHER, Reliability


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
