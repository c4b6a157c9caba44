"""Blocks of ComP as its paper prints them, where the default preset departs: for reproduction and for comparison."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from comp_core.modalities import MODALITIES
from comp_core.modeling.classifier import FusedPrediction
from comp_core.modeling.layers import PerModalityLinear, feed_forward, perceptron
from comp_core.modeling.prompts import similarity


class PositionPrototypes(nn.Module):
    """A = (MLP(Z^T))^T: the utterances at positions 1..n to c prototypes (eq. 6).

    A prototype is tied to positions, rows that were not observed enter it as zeros, and so does padding. The size of the hidden layer
    is not printed; it is c here.

    Args:
        length: n, the longest conversation that can be read.
        count: c.
    """

    def __init__(self, length: int, count: int) -> None:
        super().__init__()
        self.length = length
        self.positions = PerModalityLinear(length, count)  # M^u, whose gradient eq. 11 modulates
        self.mix = PerModalityLinear(count, count)

    def forward(self, state: Tensor, observed: Tensor) -> Tensor:
        """(M, B, N, d) and (M, B, N) bool -> (M, B, c, d).

        Raises:
            ValueError: N is above ``length``.
        """
        missing = self.length - state.shape[2]
        if missing < 0:
            raise ValueError(f"the paper's prototypes know {self.length} positions, but a conversation has {state.shape[2]} utterances")
        seen = torch.where(observed.unsqueeze(-1), state, 0.0)
        by_position = nn.functional.pad(seen, (0, 0, 0, missing)).transpose(-1, -2)
        return self.mix(torch.relu(self.positions(by_position))).transpose(-1, -2)


class PrintedPromptGenerator(nn.Module):
    """P~ = MLP_p(FFN1(S A) + FFN2(Z)) (eq. 7-8).

    The mask of eq. 7 is left out: it adds one constant to a whole row, which a softmax does not notice.
    """

    def __init__(self, width: int, prompt: int, dropout: float) -> None:
        super().__init__()
        self.from_prototypes = feed_forward(width, dropout)
        self.from_state = feed_forward(width, dropout)
        self.to_prompt = nn.Sequential(PerModalityLinear(width, width), nn.GELU(), PerModalityLinear(width, prompt))
        self.prompt = prompt

    def forward(self, state: Tensor, previous: Tensor, prototypes: Tensor, _observed: Tensor) -> Tensor:
        """(M, B, N, d) twice, (M, B, c, d) -> (M, B, N, p)."""
        shares = similarity(state, prototypes)
        return self.to_prompt(self.from_prototypes(shares @ prototypes) + self.from_state(previous))

    def nothing(self, state: Tensor) -> Tensor:
        """The prompts (M, B, N, p) that say nothing: zeros."""
        return state.new_zeros(*state.shape[:-1], self.prompt)


class PrintedCoordinator(nn.Module):
    """A softmax over what the states say (eq. 12-13)."""

    def __init__(self, width: int, modalities: int, dropout: float) -> None:
        super().__init__()
        self.score = perceptron(modalities * width, width, modalities, dropout)

    def forward(self, states: Tensor, _observed: Tensor, _known: Tensor) -> Tensor:
        """(B, N, M, d) -> weights (B, N, M) that sum to 1."""
        return self.score(states.flatten(2)).softmax(-1)


class PrintedFusedPrediction(FusedPrediction):
    """Weighted states side by side through a two-layer classifier, and nothing else (eq. 14-15)."""

    def hidden(self, states: Tensor, weights: Tensor) -> Tensor:
        return self.join((weights.unsqueeze(-1) * states).flatten(2))

    def forward(self, states: Tensor, weights: Tensor, _unimodal: Tensor) -> Tensor:
        return self.out(self.hidden(states, weights))


class StageOne(nn.Module):
    """f^u and the decoders of the first stage: each modality by itself predicts, and gives its features back (eq. 2)."""

    def __init__(self, dims: dict[str, int], width: int, outputs: int) -> None:
        super().__init__()
        self.heads = PerModalityLinear(width, outputs)
        self.decoders = nn.ModuleDict({m: nn.Linear(width, dims[m]) for m in MODALITIES})

    def forward(self, states: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Encoded (M, B, N, d) -> predictions (B, N, M, K), and modality -> features as the encoder was given them, (B, N, D_m)."""
        restored = {m: self.decoders[m](state) for m, state in zip(MODALITIES, states, strict=True)}
        return self.heads(states).permute(1, 2, 0, 3), restored


class PrintedGradientModulator:
    """Eq. 10-11 as printed: the gradient of M^u, the first map of the position prototypes, scaled row by row before Adam."""

    def __init__(self, prototypes: PositionPrototypes) -> None:
        self._weight = prototypes.positions.weight
        self.scale = torch.ones(self._weight.shape[:2])

    def watch(self, errors: Tensor) -> None:
        """Take the errors of a batch, (B, N, M), zero in the padding; a row of M^u is a position, so they are summed over the batch."""
        with torch.no_grad():
            by_position = errors.sum(0)
            gap = by_position.unsqueeze(2) - by_position.unsqueeze(1)  # (N, M, M): E_i^u - E_i^v
            total = gap.sum(0)
            # A modality and itself have no gap, and a sum that vanishes has no quotient.
            defined = total.abs() > 1e-9
            share = torch.where(defined, (total - gap) / torch.where(defined, total, 1.0), 0.0)
            self.scale = torch.zeros_like(self._weight[..., 0])
            self.scale[:, : len(by_position)] = share.sum(2).T / (len(MODALITIES) - 1)

    @contextmanager
    def __call__(self) -> Iterator[None]:
        if self._weight.grad is not None:
            self._weight.grad.mul_(self.scale.unsqueeze(-1))
        yield
