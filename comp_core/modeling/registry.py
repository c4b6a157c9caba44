"""The fusion models that can be saved, loaded and shown, by the name that stands in their checkpoint. Nobody else asks which one it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from comp_core.modeling.batch import Batch
from comp_core.modeling.comp import ComP, ComPConfig
from comp_core.modeling.comp_loss import comp_loss
from comp_core.modeling.objectives import Objective
from comp_core.modeling.prlf import PRLF, PRLFConfig
from comp_core.modeling.prlf_loss import prlf_loss
from comp_core.support.checkpoint import load_checkpoint, restore

FusionConfig = ComPConfig | PRLFConfig
FusionModel = ComP | PRLF


@dataclass(frozen=True)
class Kind:
    """A kind of fusion model.

    Attributes:
        title: what people call it.
        config: its sizes; saved in the checkpoint.
        model: built from them.
        loss: (model, batch, objective) -> what it is trained to do.
        prompts: its prototypes, prompts and states can be looked at (`comp_core.evaluation.introspection`).
        leads: one modality leads, judged by reliabilities (`comp_core.evaluation.dominance`).
    """

    title: str
    config: type[FusionConfig]
    model: Callable[[Any], FusionModel]
    loss: Callable[[Any, Batch, Objective], Tensor]
    prompts: bool = False
    leads: bool = False


COMP = "comp"
KINDS = {
    COMP: Kind("ComP", ComPConfig, ComP, comp_loss, prompts=True),
    "prlf": Kind("PRLF", PRLFConfig, PRLF, prlf_loss, leads=True),
}


def kind_of(config: FusionConfig) -> Kind:
    """The kind that a configuration belongs to."""
    return next(kind for kind in KINDS.values() if kind.config is type(config))


def build(config: FusionConfig) -> FusionModel:
    """The model of a configuration, untrained."""
    return kind_of(config).model(config)


def load_fusion(stem: Path) -> tuple[FusionModel, dict[str, Any]]:
    """A trained fusion model of any kind, and the record that describes it.

    Raises:
        CheckpointError: its files are missing, damaged or of something else.
    """
    config, state, record = load_checkpoint(stem, {name: kind.config for name, kind in KINDS.items()})
    return restore(build, config, state), record
