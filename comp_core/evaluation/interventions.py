"""What a part of a trained model is worth: it is made to do nothing, or given what belongs to another utterance.

A model that is trained without a part has learnt to do without it. An intervention asks whether this model uses the part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from comp_core.modeling.batch import Conversations
from comp_core.modeling.comp import COORDINATOR, PROMPTS, ComP
from comp_core.modeling.prlf import PRLF
from comp_core.modeling.propagation import SelfAttention

SHUFFLED_RELIABILITIES = "shuffled_reliabilities"
# Of weights that are made alike so much of the difference is left that the same modality leads.
_TRACE = 1e-3


@dataclass(frozen=True)
class Call:
    """A part at work: what it was ``given``, what it ``made`` of it, and the conversations that the model is asked about."""

    part: Any
    given: tuple[Any, ...]
    made: Tensor
    conversations: Conversations
    generator: torch.Generator

    def dealt(self, values: Tensor) -> Tensor:
        """Values (B, N, ...) dealt out anew among the utterances of which the same is observed and known."""
        conversations = self.conversations
        pattern, dealt = torch.cat([conversations.observed, conversations.known], -1), values.clone()
        for one in pattern[conversations.valid].unique(dim=0):
            rows = (pattern == one).all(-1) & conversations.valid
            dealt[rows] = values[rows][torch.randperm(int(rows.sum()), generator=self.generator).to(values.device)]
        return dealt


@dataclass(frozen=True)
class Intervention:
    """A change of a trained model.

    Attributes:
        title: as a table has it.
        parts: of a model, those that are changed; none where it lacks them.
        instead: what a part is taken to have made.
    """

    title: str
    parts: Callable[[Any], Iterable[nn.Module]]
    instead: Callable[[Call], Tensor]

    @contextmanager
    def on(self, model: nn.Module, conversations: Conversations, generator: torch.Generator) -> Iterator[None]:
        """Inside of ``with`` the model is changed, and may be asked about these conversations, and no others."""

        def hook(part: nn.Module, given: tuple[Any, ...], made: Tensor) -> Tensor:
            return self.instead(Call(part, given, made, conversations, generator))

        with ExitStack() as stack:
            for part in self.parts(model):
                stack.callback(part.register_forward_hook(hook).remove)
            yield


def interventions(model: nn.Module) -> dict[str, Intervention]:
    """Name -> intervention: those that this model has the parts for."""
    several = next(found for kind, found in INTERVENTIONS.items() if isinstance(model, kind))
    return {name: one for name, one in several.items() if any(one.parts(model))}


def _prototypes(model: ComP) -> list[nn.Module]:
    return [] if PROMPTS in model.config.without else [model.prototypes]


def _generators(model: ComP) -> list[nn.Module]:
    return [] if PROMPTS in model.config.without else list(model.generators)


def _coordinator(model: ComP) -> list[nn.Module]:
    return [] if COORDINATOR in model.config.without else [model.coordinator]


def _attention(model: nn.Module) -> list[nn.Module]:
    return [part for part in model.modules() if isinstance(part, SelfAttention)]


def _interaction(model: PRLF) -> list[nn.Module]:
    return [model.interact] if model.config.steps else []


def _prompts_of_another(call: Call) -> Tensor:
    """All modalities' prompts (M, B, N, p) of one other utterance."""
    return call.dealt(call.made.permute(1, 2, 0, 3)).permute(2, 0, 1, 3)


def _alike(call: Call) -> Tensor:
    known = call.conversations.known.to(call.made.dtype)
    return (1 - _TRACE) * known / known.sum(-1, keepdim=True).clamp(min=1) + _TRACE * call.made


def _sees_itself_only(call: Call) -> Tensor:
    state, allowed, *rest = call.given
    itself = torch.eye(allowed.shape[-1], dtype=torch.bool, device=allowed.device)
    return call.part.forward(state, itself.expand_as(allowed), *rest)


_ALONE = Intervention("attention to the utterance itself only", _attention, _sees_itself_only)
# Kind of model -> name -> intervention.
INTERVENTIONS: dict[type[nn.Module], dict[str, Intervention]] = {
    ComP: {
        "empty_prompts": Intervention("prompts that say nothing", _generators, lambda call: call.part.nothing(call.given[0])),
        "shuffled_prompts": Intervention("prompts of another utterance", _generators, _prompts_of_another),
        "zero_prototypes": Intervention("prototypes set to zero", _prototypes, lambda call: torch.zeros_like(call.made)),
        "equal_weights": Intervention("equal weights", _coordinator, _alike),
        "no_neighbours": _ALONE,
    },
    PRLF: {
        SHUFFLED_RELIABILITIES: Intervention(
            "reliabilities of another utterance", lambda model: [model.reliability], lambda call: call.dealt(call.made)
        ),
        "equal_reliabilities": Intervention("equal reliabilities, the same leader", lambda model: [model.reliability], _alike),
        "no_interaction": Intervention("no interaction with the leader", _interaction, lambda call: call.given[0]),
        "no_neighbours": _ALONE,
    },
}
