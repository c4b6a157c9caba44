"""Spectral diffusion over two graphs (after DGSDNet, the Dual-Graph Spectral Diffusion Network).

We found no text of the paper, only its title and its released code: this is built after the code. Taken: two graphs join the utterances.
What is missing of a modality is made by a reverse diffusion, once over each graph, and averaged; its network filters in the graph's
spectrum and is told the other modalities (DSD). Gates read states, their entropy and the others (GSC). Graph convolutions over both
graphs end it.

Changed: who speaks is not known here, so the speaker graph is that of one speaker. The temporal graph reaches as far back as forward,
where theirs has all of the past. A filter is a polynomial of the graph: it acts on the spectrum without eigenvectors, whose signs and
order depend on chance and padding. What is known of a modality stays, where the released code replaces all of it. There are three steps
instead of a hundred, and they begin at the mean of the noise, so that an answer is no matter of chance. The network also learns to take
noise off recorded states; the released code learns from labels alone.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from comp_core.modalities import MODALITIES
from comp_core.modeling.baselines.baseline import Baseline, BaselineConfig
from comp_core.modeling.layers import PerModalityLinear, from_others

# Neighbours on either side in the temporal graph; the speaker graph joins the whole conversation.
REACH = 3
# Sizes of the noise, from the first step of the reverse diffusion to the last.
LEVELS = (2.0, 1.0, 0.5)
DEGREE = 2  # of a filter
LAYERS = 2  # of graph convolution

# The speaker graph and the temporal graph, each (B, N, N).
Graphs = tuple[Tensor, Tensor]


def graphs_of(known: Tensor) -> Graphs:
    """The graphs of conversations of which this is known, (M, B, N) bool; their rows sum to 1 or 0.

    A weight falls with the distance. Utterances of which nothing is known, padding among them, send nothing.
    """
    place = torch.arange(known.shape[-1], device=known.device)
    distance = (place.unsqueeze(1) - place).abs()
    near = 1 / (1 + distance.float())
    sends = known.any(0).unsqueeze(1)
    speaker, temporal = (weights * sends for weights in (near, near * (distance <= REACH)))
    return normalised(speaker), normalised(temporal)


def normalised(graph: Tensor) -> Tensor:
    """Rows divided by their sums, (B, N, N) -> the same: eigenvalues lie between -1 and 1."""
    return graph / graph.sum(-1, keepdim=True).clamp(min=1e-9)


class SpectralFilter(nn.Module):
    """sum_k A^k X W_k, for each modality: each frequency of the graph is scaled by a polynomial of its eigenvalue."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.outputs = outputs
        self.maps = PerModalityLinear(inputs, (DEGREE + 1) * outputs)

    def forward(self, x: Tensor, graph: Tensor) -> Tensor:
        """(M, B, N, inputs) and (B, N, N) -> (M, B, N, outputs)."""
        *others, total = self.maps(x).split(self.outputs, -1)
        for part in reversed(others):
            total = part + graph @ total
        return total


class Denoiser(nn.Module):
    """States with noise where they are missing, and what the other modalities tell -> states without."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.filter = SpectralFilter(len(MODALITIES) * width + 2, width)
        self.leave = nn.Sequential(nn.GELU(), nn.Dropout(dropout), PerModalityLinear(width, width))

    def forward(self, noisy: Tensor, told: Tensor, known: Tensor, level: Tensor, graph: Tensor) -> Tensor:
        """States (M, B, N, d), from others (M, B, N, (M - 1) d), known (M, B, N) bool, size of the noise () -> (M, B, N, d)."""
        noise = torch.where(known, 0.0, level).unsqueeze(-1)
        x = torch.cat([noisy / (1 + noise.square()).sqrt(), told, noise, known.unsqueeze(-1)], -1)
        return self.leave(self.filter(x, graph))


class SpectralDiffusion(Baseline):
    """What is missing is made by diffusion over two graphs; gated states are read by graph convolutions."""

    def __init__(self, config: BaselineConfig) -> None:
        super().__init__(config)
        width, wide = config.width, len(MODALITIES) * config.width
        self.denoisers = nn.ModuleList(Denoiser(width, config.dropout) for _ in ("speaker", "temporal"))
        self.gate = PerModalityLinear(wide + 1, width)
        self.layers = nn.ModuleList(nn.Linear(wide, wide) for _ in range(LAYERS))
        self.dropout = nn.Dropout(config.dropout)
        self.classifier = nn.Linear(wide, config.outputs)

    def denoise(self, noisy: Tensor, told: Tensor, known: Tensor, level: Tensor, graphs: Graphs) -> Tensor:
        """One look at states (M, B, N, d) with noise of size ``level`` where they are not known: the mean over the two graphs."""
        paths = [network(noisy, told, known, level, graph) for network, graph in zip(self.denoisers, graphs, strict=True)]
        return torch.stack(paths).mean(0)

    def filled(self, states: Tensor, known: Tensor, graphs: Graphs) -> Tensor:
        """States (M, B, N, d), zero where they are not ``known`` -> the same with what is missing made; what is known stays."""
        x, told = states, from_others(states)
        for level, lower in zip(LEVELS, (*LEVELS[1:], 0.0), strict=True):
            clean = self.denoise(x, told, known, x.new_tensor(level), graphs)
            # What is left of the noise shrinks with its size.
            x = torch.where(known.unsqueeze(-1), states, clean + lower / level * (x - clean))
        return x

    def gated(self, states: Tensor) -> Tensor:
        """States (M, B, N, d) times a gate that is told their entropy and the other modalities."""
        shares = states.abs() / states.abs().sum(-1, keepdim=True).clamp(min=1e-9)
        # The logarithm's gradient is without bound where a state is zero.
        entropy = -(shares * (shares + 1e-9).log()).sum(-1, keepdim=True)
        return states * torch.sigmoid(self.gate(torch.cat([states, from_others(states), entropy], -1)))

    def fuse(self, states: Tensor, known: Tensor) -> Tensor:
        graphs = graphs_of(known)
        hidden = self.gated(self.filled(states, known, graphs)).permute(1, 2, 0, 3).flatten(2)
        graph = torch.stack(graphs).mean(0)
        for layer in self.layers:
            hidden = hidden + self.dropout(F.relu(layer(graph @ hidden)))
        return self.classifier(hidden)
