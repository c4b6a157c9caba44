"""The fusion models that can be saved, loaded and shown: kind -> configuration and model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import nn

from comp_core.modeling.comp import ComP, ComPConfig
from comp_core.modeling.prlf import PRLF, PRLFConfig
from comp_core.support.checkpoint import load_checkpoint, restore

COMP, PRLF_KIND = "comp", "prlf"
CONFIGS = {COMP: ComPConfig, PRLF_KIND: PRLFConfig}
FusionConfig = ComPConfig | PRLFConfig
_MODELS: dict[type, type[nn.Module]] = {ComPConfig: ComP, PRLFConfig: PRLF}


def build(config: FusionConfig) -> nn.Module:
    """The model of a configuration, untrained."""
    return _MODELS[type(config)](config)


def load_fusion(stem: Path) -> tuple[nn.Module, dict[str, Any]]:
    """A trained fusion model of any kind, and the record that describes it.

    Raises:
        CheckpointError: its files are missing, damaged or of something else.
    """
    config, state, record = load_checkpoint(stem, CONFIGS)
    return restore(build, config, state), record
