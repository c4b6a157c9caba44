"""Spectral diffusion: graphs, filters and the reverse diffusion, each beside what it should do on tiny tensors."""

import torch

from comp_core.modeling.baselines.baseline import BaselineConfig
from comp_core.modeling.baselines.dgsdnet import LEVELS, REACH, SpectralDiffusion, SpectralFilter, graphs_of
from comp_core.modeling.layers import from_others
from tests.core.modeling.made_up import AUDIO, DIMS, TEXT, VIDEO


def net_of():
    torch.manual_seed(0)
    return SpectralDiffusion(BaselineConfig(DIMS, 2, width=8, dropout=0.0))


def missing_words(count=6, length=5):
    """States whose words are the voice's in another language; the words of the second utterance are missing."""
    torch.manual_seed(1)
    voice, face = torch.randn(2, count, length, 8)
    wanted = torch.stack([voice, voice @ torch.randn(8, 8) / 8**0.5, face])
    known = torch.ones(3, count, length, dtype=torch.bool)
    known[TEXT, :, 1] = False
    return wanted, torch.where(known.unsqueeze(-1), wanted, 0.0), known


def test_graphs_join_near_utterances_more_and_unknown_ones_send_nothing():
    known = torch.ones(3, 1, REACH + 2, dtype=torch.bool)
    known[:, 0, 1] = False
    known[TEXT, 0, 2] = False  # something else of it is known
    speaker, temporal = graphs_of(known)
    weights = torch.tensor([1.0, 0.0, 1 / 3, 1 / 4, 1 / 5])
    torch.testing.assert_close(speaker[0, 0], weights / weights.sum())
    weights[REACH + 1] = 0.0
    torch.testing.assert_close(temporal[0, 0], weights / weights.sum())
    assert (speaker[0, :, 1] == 0).all() and speaker[0, 1].sum() == 1  # it hears, and does not speak
    assert all((graph == 0).all() for graph in graphs_of(torch.zeros(3, 1, 4, dtype=torch.bool)))


def test_a_filter_scales_each_frequency_by_a_polynomial_of_its_eigenvalue():
    torch.manual_seed(0)
    block, width = SpectralFilter(4, 5), 4
    graph, _ = graphs_of(torch.ones(3, 1, 6, dtype=torch.bool))
    values, vectors = torch.linalg.eig(graph[0])
    assert values.imag.abs().max() < 1e-5
    direction = torch.randn(width)
    torch.nn.init.zeros_(block.maps.bias)
    for value, vector in zip(values.real, vectors.real.T, strict=True):
        wave = torch.outer(vector, direction).expand(3, 1, 6, width)
        for m in range(3):
            maps = block.maps.weight[m].split(5, -1)
            expected = torch.outer(vector, sum(value**k * (direction @ w) for k, w in enumerate(maps)))
            torch.testing.assert_close(block(wave, graph)[m, 0], expected, rtol=1e-3, atol=1e-4)


def test_what_is_known_stays_and_what_is_missing_comes_from_others_and_neighbours():
    net = net_of().eval()
    _, states, known = missing_words()
    graphs = graphs_of(known)
    filled = net.filled(states, known, graphs)
    torch.testing.assert_close(filled[known], states[known])
    assert torch.equal(filled, net.filled(states, known, graphs))
    for m, n in ((AUDIO, 1), (VIDEO, 1), (TEXT, 0), (TEXT, 4)):
        other = states.clone()
        other[m, :, n] += 1
        assert (net.filled(other, known, graphs) - filled)[TEXT, :, 1].abs().max() > 1e-4, (m, n)


def test_each_graph_has_a_say():
    net = net_of().eval()
    _, states, known = missing_words()
    filled = net.filled(states, known, graphs_of(known))
    for denoiser in net.denoisers:
        parameters = {name: p.detach().clone() for name, p in denoiser.named_parameters()}
        for p in denoiser.parameters():
            torch.nn.init.zeros_(p)
        assert (net.filled(states, known, graphs_of(known)) - filled)[TEXT, :, 1].abs().max() > 1e-3
        denoiser.load_state_dict(parameters)


def test_the_reverse_diffusion_is_its_steps():
    net = net_of().eval()
    _, states, known = missing_words()
    graphs, told = graphs_of(known), from_others(states)
    x, hidden = states, ~known.unsqueeze(-1)
    for level, lower in ((LEVELS[0], LEVELS[1]), (LEVELS[1], LEVELS[2]), (LEVELS[2], 0.0)):
        paths = [d(x, told, known, torch.tensor(level), graph) for d, graph in zip(net.denoisers, graphs, strict=True)]
        clean = (paths[0] + paths[1]) / 2
        x = torch.where(hidden, clean + lower / level * (x - clean), states)
    torch.testing.assert_close(net.filled(states, known, graphs), x)


def test_a_network_that_takes_off_noise_makes_what_is_missing():
    """Trained on noise alone, it must find the hidden words by the voice; a dead diffusion leaves them as far off as nothing is."""
    net = net_of()
    wanted, states, known = missing_words(count=40)
    graphs, told, hidden = graphs_of(known), from_others(states), ~known
    optimiser = torch.optim.Adam(net.parameters(), lr=0.01)
    for step in range(150):
        level = torch.tensor(LEVELS[step % len(LEVELS)])
        noisy = torch.where(hidden.unsqueeze(-1), wanted + level * torch.randn_like(wanted), states)
        optimiser.zero_grad()
        (net.denoise(noisy, told, known, level, graphs) - wanted)[hidden].square().mean().backward()
        optimiser.step()
    assert (net.filled(states, known, graphs) - wanted)[hidden].square().mean() < 0.3 * wanted[hidden].square().mean()


def test_a_gate_is_told_the_state_the_others_and_the_entropy():
    net, states = net_of(), torch.randn(3, 1, 2, 8)
    share = states[TEXT, 0, 1].abs() / states[TEXT, 0, 1].abs().sum()
    entropy = -(share * share.log()).sum().reshape(1)
    told = torch.cat([states[TEXT, 0, 1], states[AUDIO, 0, 1], states[VIDEO, 0, 1], entropy])
    gate = torch.sigmoid(told @ net.gate.weight[TEXT] + net.gate.bias[TEXT, 0])
    torch.testing.assert_close(net.gated(states)[TEXT, 0, 1], gate * states[TEXT, 0, 1])
    zero = torch.zeros(3, 1, 2, 8, requires_grad=True)
    net.gated(zero).sum().backward()
    assert zero.grad.isfinite().all()


def test_convolutions_carry_over_both_graphs():
    net = net_of().eval()
    known = torch.ones(3, 1, REACH + 3, dtype=torch.bool)
    states = torch.randn(3, 1, REACH + 3, 8)
    graph = sum(graphs_of(known)) / 2
    hidden = net.gated(states)[:, 0].permute(1, 0, 2).flatten(1)
    for layer in net.layers:
        hidden = hidden + torch.relu(layer(graph[0] @ hidden))
    torch.testing.assert_close(net.fuse(states, known)[0], net.classifier(hidden))
