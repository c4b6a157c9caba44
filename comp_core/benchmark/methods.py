"""The models of the benchmark: how each is built, and what it is trained to do."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from comp_core.modalities import MODALITIES, TEXT
from comp_core.modeling.baselines.baseline import Baseline, BaselineConfig, Reader
from comp_core.modeling.baselines.concat import Concat, ModalityDropout
from comp_core.modeling.baselines.dgsdnet import LEVELS, SpectralDiffusion, graphs_of
from comp_core.modeling.baselines.ebmc import EnhanceThenBalance, balance_loss, doubt, energies, follow_loss, trust
from comp_core.modeling.baselines.gcnet import GraphCompletion
from comp_core.modeling.baselines.late import LateFusion
from comp_core.modeling.baselines.mculora import Combinations
from comp_core.modeling.baselines.mmin import Imagination
from comp_core.modeling.baselines.momke import Experts
from comp_core.modeling.batch import Batch, Conversations
from comp_core.modeling.comp import ALIKE, COMPONENTS, COORDINATOR, PROMPTS, ComP, ComPConfig, as_printed
from comp_core.modeling.comp_loss import comp_loss
from comp_core.modeling.layers import from_others
from comp_core.modeling.modulators import DominanceModulator, GradientModulator, parts_of
from comp_core.modeling.objectives import Objective
from comp_core.modeling.paper_loss import printed_loss, printed_stage_one
from comp_core.modeling.paper_preset import PositionPrototypes, PrintedGradientModulator
from comp_core.modeling.prlf import IN_TURN, PRLF, PRLFConfig
from comp_core.modeling.prlf_loss import prlf_loss
from comp_core.modeling.reliability import CUES
from comp_core.training.fit import FitConfig

# Each method's own functions take its own model.
Loss = Callable[[Any, Batch], Tensor]
AroundStep = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True)
class Problem:
    """What a model is built for and trained on.

    Attributes:
        longest: utterances in the longest conversation.
        steps: of the whole training.
        dropout: of the model; None: the model's own.
    """

    dims: dict[str, int]
    objective: Objective
    given: Collection[str]
    longest: int
    steps: int
    dropout: float | None = None

    @property
    def changes(self) -> dict[str, Any]:
        """What a model's configuration departs by from its own."""
        return {} if self.dropout is None else {"dropout": self.dropout}


# Layers of attention over the conversation of a baseline with context: as many as ComP has.
CONTEXT_LAYERS = ComPConfig.blocks * ComPConfig.layers
_SETTINGS = FitConfig(epochs=0, learning_rate=1e-3, weight_decay=0.05, average=0.97)
# Of `comp-paper`, after its authors' README: 300 epochs on MOSI, whose models here have 30.
_PRINTED, _PRINTED_EPOCHS = FitConfig(epochs=0, learning_rate=1e-4, weight_decay=1e-5, average=0.0), 10.0


@dataclass(frozen=True)
class Method:
    """A model of the benchmark.

    Attributes:
        build: the model for a problem.
        train: (model, problem) -> its loss, and what stands around each step.
        settings: how it is trained, but for epochs and seed.
        epochs: its share of the data set's epochs.
        leads: one modality leads, and it is reported what its reliabilities are worth.
    """

    title: str
    build: Callable[[Problem], Any]
    train: Callable[[Any, Problem], tuple[Loss, AroundStep]]
    settings: FitConfig = _SETTINGS
    epochs: float = 1.0
    leads: bool = False


def _comp(problem: Problem, **changes: Any) -> ComP:
    return ComP(replace(ComPConfig(problem.dims, problem.objective.outputs, width=64), **problem.changes, **changes))


def _train_comp(model: ComP, problem: Problem, modulated: bool = False) -> tuple[Loss, AroundStep]:
    modulator = GradientModulator(parts_of(*model.by_modality)) if modulated else None

    def loss(net: ComP, batch: Batch) -> Tensor:
        return comp_loss(net, batch, problem.objective, modulator)

    return loss, modulator or nullcontext


def _printed(problem: Problem, **changes: Any) -> ComP:
    return ComP(replace(as_printed(problem.dims, problem.objective.outputs, problem.longest), **problem.changes, **changes))


def _train_printed(model: ComP, problem: Problem, modulated: bool = True) -> tuple[Loss, AroundStep]:
    """Half of the steps for the first stage, half for the second."""
    # What it modulates are the prototypes, and without prompts there are none.
    modulator = (
        PrintedGradientModulator(cast(PositionPrototypes, model.prototypes)) if modulated and PROMPTS not in model.config.without else None
    )
    done = 0

    def loss(net: ComP, batch: Batch) -> Tensor:
        nonlocal done
        done += 1
        if done <= problem.steps // 2:
            return printed_stage_one(net, batch, problem.objective)
        total, errors = printed_loss(net, batch, problem.objective)
        if modulator is not None:
            modulator.watch(errors)
        return total

    return loss, modulator or nullcontext


def _prlf(problem: Problem, **changes: Any) -> PRLF:
    return PRLF(replace(PRLFConfig(problem.dims, problem.objective.outputs, width=64), **problem.changes, **changes))


def _train_prlf(_model: PRLF, problem: Problem) -> tuple[Loss, AroundStep]:
    return partial(prlf_loss, objective=problem.objective), nullcontext


def _task_loss(net: Baseline, batch: Batch, objective: Objective) -> Tensor:
    states, known = net.read(batch.conversations)
    rows = known.any(0)
    return objective.loss(net.fuse(states, known)[rows], batch.labels[rows]).mean()


def _train_baseline(_model: Baseline, problem: Problem) -> tuple[Loss, AroundStep]:
    return partial(_task_loss, objective=problem.objective), nullcontext


def _train_late(_model: LateFusion, problem: Problem) -> tuple[Loss, AroundStep]:
    def loss(net: LateFusion, batch: Batch) -> Tensor:
        output = net(batch.conversations)
        rows = output.weights.bool() & output.grounded.unsqueeze(-1)
        return problem.objective.loss(output.modality_logits[rows], batch.unimodal_labels[rows]).mean()

    return loss, nullcontext


def _recorded(batch: Batch, problem: Problem) -> Conversations:
    """All that the data have, whatever is masked."""
    return batch.conversations.observe(batch.recorded).only(problem.given)


def _hidden(net: Baseline, batch: Batch, problem: Problem) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """States (M, B, N, d), what of them is known, (M, B, N), what they would be without the mask, and where that hides one."""
    states, known = net.read(batch.conversations)
    with torch.no_grad():
        wanted, recorded = net.read(_recorded(batch, problem))
    return states, known, wanted, recorded & ~known


def _train_imagination(_model: Imagination, problem: Problem) -> tuple[Loss, AroundStep]:
    def loss(net: Imagination, batch: Batch) -> Tensor:
        states, _, wanted, hidden = _hidden(net, batch, problem)
        imagined = F.mse_loss(net.imagine(states)[hidden], wanted[hidden]) if hidden.any() else states.new_zeros(())
        return _task_loss(net, batch, problem.objective) + imagined

    return loss, nullcontext


def _train_spectral(_model: SpectralDiffusion, problem: Problem) -> tuple[Loss, AroundStep]:
    def loss(net: SpectralDiffusion, batch: Batch) -> Tensor:
        states, known, wanted, hidden = _hidden(net, batch, problem)
        task = _task_loss(net, batch, problem.objective)
        if not hidden.any():
            return task
        level = states.new_tensor(LEVELS)[torch.randint(len(LEVELS), ())]
        noisy = torch.where(hidden.unsqueeze(-1), wanted + level * torch.randn_like(wanted), states)
        return task + F.mse_loss(net.denoise(noisy, from_others(states), known, level, graphs_of(known))[hidden], wanted[hidden])

    return loss, nullcontext


# Weight of each of the losses that EBMC adds to the predictions'.
_BALANCE = 0.1


def _train_energy(_model: EnhanceThenBalance, problem: Problem) -> tuple[Loss, AroundStep]:
    """Half of the steps for the modalities by themselves; what they have become then teaches in the other half."""
    teacher: EnhanceThenBalance | None = None
    objective, done = problem.objective, 0

    def loss(net: EnhanceThenBalance, batch: Batch) -> Tensor:
        nonlocal teacher, done
        done += 1
        states, known = net.read(batch.conversations)
        heard, alone = known.permute(1, 2, 0), net.alone(states)
        own = objective.loss(alone, batch.unimodal_labels)
        enhanced = net.split_loss(states, known, batch.unimodal_labels, objective) + net.remake_loss(states, known)
        if done <= problem.steps // 2:
            return own[heard].mean() + _BALANCE * enhanced
        if teacher is None:
            teacher = copy.deepcopy(net).eval().requires_grad_(False)
        with torch.no_grad():
            taught = teacher.alone(teacher.read(batch.conversations)[0])
            sigma = doubt(taught, heard)
        rows, logits = known.any(0), net.fuse(states, known)
        balanced = balance_loss(energies(states, known, own, sigma), states, known)
        followed = follow_loss(logits, taught, trust(sigma, heard))[rows].mean()
        return objective.loss(logits[rows], batch.labels[rows]).mean() + _BALANCE * (enhanced + balanced + followed)

    return loss, nullcontext


def _train_experts(_model: Experts, problem: Problem) -> tuple[Loss, AroundStep]:
    """A third of the steps for the experts by themselves."""
    done = 0

    def loss(net: Experts, batch: Batch) -> Tensor:
        nonlocal done
        done += 1
        if done > problem.steps // 3:
            return _task_loss(net, batch, problem.objective)
        states, known = net.read(batch.conversations)
        rows, logits = known.permute(1, 2, 0), net.alone(states)
        return problem.objective.loss(logits[rows], batch.unimodal_labels[rows]).mean()

    return loss, nullcontext


def _train_graph(_model: GraphCompletion, problem: Problem) -> tuple[Loss, AroundStep]:
    def loss(net: GraphCompletion, batch: Batch) -> Tensor:
        recorded = _recorded(batch, problem).by_modality
        rebuilt = net.rebuilt(*net.read(batch.conversations))
        wanted = net.encoders.standardised(batch.conversations.features, recorded)
        gaps = [F.mse_loss(rebuilt[m][there], wanted[m][there]) for m, there in zip(MODALITIES, recorded, strict=True) if there.any()]
        return _task_loss(net, batch, problem.objective) + torch.stack(gaps).mean()

    return loss, nullcontext


def _train_balanced(model: Concat, problem: Problem) -> tuple[Loss, AroundStep]:
    modulator = DominanceModulator(parts_of(model.encoders))

    def loss(net: Concat, batch: Batch) -> Tensor:
        output = net(batch.conversations)
        rows = output.grounded
        errors = problem.objective.error(output.modality_logits.detach(), batch.unimodal_labels)
        modulator.watch(errors[rows], batch.conversations.observed[rows])
        return problem.objective.loss(output.logits[rows], batch.labels[rows]).mean()

    return loss, modulator


def _baseline(kind: type[Reader], context: int = 0) -> Callable[[Problem], nn.Module]:
    return lambda problem: kind(BaselineConfig(problem.dims, problem.objective.outputs, width=64, context=context, **problem.changes))


# Name -> title, model, how it is trained. Each is a method as it is, and once more with attention over the conversation.
_BASELINES: dict[str, tuple[str, type[Reader], Callable[..., tuple[Loss, AroundStep]]]] = {
    "concat": ("concatenation", Concat, _train_baseline),
    "late": ("late fusion", LateFusion, _train_late),
    "dropout": ("modality dropout", ModalityDropout, _train_baseline),
    "imagination": ("imagination (MMIN)", Imagination, _train_imagination),
    "experts": ("experts (MoMKE)", Experts, _train_experts),
    "graph": ("graph completion (GCNet)", GraphCompletion, _train_graph),
    "combinations": ("adapters by combination (MCULoRA)", Combinations, _train_baseline),
    "balance": ("concatenation, balanced (OGM-GE)", Concat, _train_balanced),
    "energy": ("energies in balance (EBMC)", EnhanceThenBalance, _train_energy),
    "spectral": ("spectral diffusion (DGSDNet)", SpectralDiffusion, _train_spectral),
}


METHODS: dict[str, Method] = {
    "comp": Method("ComP, default", _comp, _train_comp),
    "comp-paper": Method("ComP, as printed", _printed, _train_printed, _PRINTED, _PRINTED_EPOCHS),
    **{
        f"{name}-no-{part}": Method(f"{title} without {part}", partial(build, without=(part,)), train, settings, epochs)
        for name, title, build, train, settings, epochs in (
            ("comp", "ComP", _comp, _train_comp, _SETTINGS, 1.0),
            ("comp-paper", "ComP as printed,", _printed, _train_printed, _PRINTED, _PRINTED_EPOCHS),
        )
        for part in COMPONENTS
    },
    "comp-paper-no-modulator": Method(
        "ComP as printed, without modulator", _printed, partial(_train_printed, modulated=False), _PRINTED, _PRINTED_EPOCHS
    ),
    # The paper's Table 3 adds part after part; its last row but one is the method above.
    **{
        f"comp-paper-{name}": Method(
            f"ComP as printed, {has}",
            partial(_printed, without=without),
            partial(_train_printed, modulated=False),
            _PRINTED,
            _PRINTED_EPOCHS,
        )
        for name, has, without in (
            ("base", "none of its parts", COMPONENTS),
            ("kp", "propagation only", (PROMPTS, COORDINATOR)),
            ("kp-pg", "propagation and prompts", (COORDINATOR,)),
        )
    },
    # These two earned no place on real data, so the default goes without.
    "comp-alike": Method("ComP, attention by prompts", partial(_comp, preset=ALIKE), _train_comp),
    "comp-modulated": Method("ComP with modulator", _comp, partial(_train_comp, modulated=True)),
    "prlf": Method("PRLF", _prlf, _train_prlf, leads=True),
    **{f"prlf-{cue}": Method(f"PRLF by {cue} only", partial(_prlf, cues=(cue,)), _train_prlf, leads=True) for cue in CUES},
    "prlf-turn": Method("PRLF led by each in turn", partial(_prlf, leader=IN_TURN), _train_prlf, leads=True),
    "prlf-text": Method("PRLF led by the words", partial(_prlf, leader=TEXT), _train_prlf, leads=True),
    "prlf-no-interaction": Method("PRLF without interaction", partial(_prlf, steps=0), _train_prlf, leads=True),
    **{name: Method(title, _baseline(kind), train) for name, (title, kind, train) in _BASELINES.items()},
    **{
        f"{name}-context": Method(f"{title} with context", _baseline(kind, CONTEXT_LAYERS), train)
        for name, (title, kind, train) in _BASELINES.items()
    },
}
