"""Enhance, then balance: each loss beside its equation on tiny tensors, and what it is there for."""

import pytest
import torch
import torch.nn.functional as F

from comp_core.modeling.baselines.baseline import BaselineConfig
from comp_core.modeling.baselines.ebmc import EnhanceThenBalance, balance_loss, contrast, doubt, energies, follow_loss, trust
from comp_core.modeling.objectives import Scores
from tests.core.modeling.made_up import AUDIO, DIMS, TEXT, VIDEO

ALL = torch.ones(3, 4, 6, dtype=torch.bool)


def net_of(outputs=1):
    torch.manual_seed(0)
    return EnhanceThenBalance(BaselineConfig(DIMS, outputs, width=8, dropout=0.0))


def views_of_one_cause():
    """States in which each modality says the same of an utterance in a language of its own, beside something of its own."""
    torch.manual_seed(1)
    cause = torch.randn(4, 6, 4)
    return torch.stack([torch.cat([cause @ torch.randn(4, 4), torch.randn(4, 6, 4)], -1) for _ in range(3)])


def taught(net, loss_of, steps=150):
    optimiser = torch.optim.Adam(net.parameters(), lr=0.01)
    for _ in range(steps):
        optimiser.zero_grad()
        loss_of().backward()
        optimiser.step()


def test_the_contrast_asks_which_belongs_to_which():
    one, other = torch.tensor([[1.0, 0.0], [0.0, 2.0]]), torch.tensor([[3.0, 0.0], [1.0, 1.0]])
    likeness = torch.tensor([[1.0, 0.5**0.5], [0.0, 0.5**0.5]]) / 0.05
    expected = -(likeness[0, 0] - likeness[0].logsumexp(0) + likeness[1, 1] - likeness[1].logsumexp(0)) / 2
    torch.testing.assert_close(contrast(one, other), expected)
    assert contrast(one, other.flip(0)) > contrast(one, other) + 1


def test_parts_are_split_into_what_is_shared_and_what_is_not():
    net, states = net_of(), views_of_one_cause()
    labels = states[:, ..., 4].permute(1, 2, 0)  # each modality shows something else
    other_way = net.shared(states)
    before = contrast(other_way[AUDIO][ALL[0]], other_way[TEXT][ALL[0]]).item()
    taught(net, lambda: net.split_loss(states, ALL, labels, Scores()))
    shared, specific = net.shared(states), net.specific(states)
    assert contrast(shared[AUDIO][ALL[0]], shared[TEXT][ALL[0]]).item() < before / 4
    assert F.cosine_similarity(specific[AUDIO], specific[TEXT], dim=-1).square().mean() < 0.1
    own = net.specific_heads(specific).squeeze(-1).permute(1, 2, 0)
    assert (own - labels).square().mean() < 0.2 * labels.var()


def test_the_loss_of_the_parts_is_its_sum():
    net, states = net_of(), torch.randn(3, 4, 6, 8)
    known = ALL.clone()
    known[VIDEO] = False
    labels = torch.randn(4, 6, 3)
    shared, specific = net.shared(states), net.specific(states)
    own = (net.specific_heads(specific).squeeze(-1).permute(1, 2, 0) - labels)[..., :VIDEO].square().mean()
    alike = F.cosine_similarity(specific[AUDIO], specific[TEXT], dim=-1).square().mean()
    expected = (own + contrast(shared[AUDIO].flatten(0, 1), shared[TEXT].flatten(0, 1)) + alike) / 3
    torch.testing.assert_close(net.split_loss(states, known, labels, Scores()), expected)


def test_a_state_is_made_again_from_its_own_part_and_anothers():
    net, states = net_of(), torch.randn(3, 4, 6, 8)
    known = ALL.clone()
    known[VIDEO] = False
    shared, specific, answers = net.shared(states), net.specific(states), net.heads(states)
    gaps = []
    for one, other in ((AUDIO, TEXT), (TEXT, AUDIO)):
        made = net.generator(torch.cat([shared[other], specific[one]], -1))
        gaps += [(made - states[one]).square().mean(), (net.heads(made.expand(3, 4, 6, 8))[one] - answers[one]).square().mean()]
    torch.testing.assert_close(net.remake_loss(states, known), sum(gaps) / 2)
    assert net.remake_loss(states, known & torch.tensor([True, False, False])[:, None, None]) == 0
    before = net.remake_loss(states, ALL).item()
    taught(net, lambda: net.remake_loss(states, ALL))
    assert net.remake_loss(states, ALL).item() < 0.3 * before


def test_energies_are_size_loss_and_doubt_of_what_is_known():
    states, losses, sigma = torch.randn(3, 1, 2, 8), torch.rand(1, 2, 3), torch.rand(1, 2, 3)
    known = torch.tensor([[[True, True]], [[False, True]], [[False, False]]])
    found = energies(states, known, losses, sigma)
    of = [[states[m, 0, n].square().mean() + losses[0, n, m] + sigma[0, n, m] for n in range(2)] for m in range(3)]
    torch.testing.assert_close(found, torch.stack([(of[AUDIO][0] + of[AUDIO][1]) / 2, of[TEXT][1], torch.tensor(0.0)]))


def test_balance_pulls_the_energies_together_and_leaves_out_what_is_not_there():
    states = torch.zeros(3, 1, 2, 8)
    known = torch.ones(3, 1, 2, dtype=torch.bool)
    energy = torch.tensor([3.0, 1.0, 2.0], requires_grad=True)
    loss = balance_loss(energy, states, known)
    assert loss == 4 + 1 + 1
    loss.backward()
    torch.testing.assert_close(energy.grad, torch.tensor([6.0, -6.0, 0.0]))
    known[VIDEO] = False
    assert balance_loss(energy, states, known) == 4
    # The gradient of |h|^2 / d is 2 h / d: with ones its square sums to 4 / d.
    torch.testing.assert_close(balance_loss(torch.ones(3), torch.ones(3, 1, 2, 8), known), torch.tensor(0.01 * 4 / 8))


def test_a_batch_without_a_modality_has_gradients():
    net, known = net_of(), ALL.clone()
    known[VIDEO] = False
    states = torch.randn(3, 4, 6, 8, requires_grad=True)
    losses = (net.alone(states).squeeze(-1) - 1).square()
    balance_loss(energies(states, known, losses, torch.zeros(4, 6, 3)), states, known).backward()
    assert states.grad.isfinite().all() and states.grad[AUDIO].abs().sum() > 0


def test_doubt_is_entropy_or_the_distance_from_the_others():
    known = torch.tensor([[[True, True, False]]])
    torch.testing.assert_close(doubt(torch.zeros(1, 1, 3, 4), known), torch.full((1, 1, 3), torch.log(torch.tensor(4.0)).item()))
    scores = torch.tensor([[[[2.0], [1.0], [50.0]]]])
    torch.testing.assert_close(doubt(scores, known)[..., :2], torch.tensor([[[0.5, 0.5]]]))


def test_trust_is_shared_by_what_is_known_and_falls_with_doubt():
    sigma, known = torch.tensor([[[0.2, 1.0, 0.1]]]), torch.tensor([[[True, True, False]]])
    raw = torch.exp(-sigma) / (torch.log(1 + sigma**2) + 0.1)
    expected = torch.stack([raw[0, 0, 0], raw[0, 0, 1], torch.tensor(0.0)]) / (raw[0, 0, 0] + raw[0, 0, 1])
    torch.testing.assert_close(trust(sigma, known)[0, 0], expected)
    assert expected[0] > 0.8
    assert (trust(sigma, torch.zeros_like(known)) == 0).all()


def test_the_fused_prediction_follows_whom_it_trusts():
    weights = torch.tensor([[[0.75, 0.25, 0.0]]])
    scores = torch.tensor([[[[1.0], [3.0], [9.0]]]])
    torch.testing.assert_close(follow_loss(torch.tensor([[[2.0]]]), scores, weights), torch.tensor([[1.0]]))
    teachers, logits = torch.randn(1, 1, 3, 4), torch.randn(1, 1, 4)
    apart = [F.kl_div(logits[0, 0].log_softmax(-1), teachers[0, 0, m].softmax(-1), reduction="sum") for m in range(3)]
    torch.testing.assert_close(follow_loss(logits, teachers, weights), (0.75 * apart[0] + 0.25 * apart[1]).reshape(1, 1))
    assert follow_loss(teachers[:, :, 0], teachers, torch.tensor([[[1.0, 0.0, 0.0]]])) == pytest.approx(0, abs=1e-6)


def test_the_fused_prediction_reads_all_states():
    net, states = net_of(4), torch.randn(3, 1, 2, 8)
    x = torch.cat([states[m, 0, 1] for m in range(3)])
    expected = net.classifier(x + torch.relu(net.residual[0](x)))
    torch.testing.assert_close(net.fuse(states, torch.ones(3, 1, 2, dtype=torch.bool))[0, 1], expected)
