"""A trained fusion model in use: moments of a conversation in, calibrated predictions out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from comp_core.checkpoint import WEIGHTS_DIR, CheckpointError
from comp_core.data.masks import SUBSETS, subset_name
from comp_core.modalities import LABELS, MODALITIES
from comp_core.modeling.kinds import load_fusion
from comp_core.modeling.outputs import Conversations, FusionOutput, stack
from comp_core.modeling.prlf import PRLFOutput
from comp_core.senses.base import NOT_GIVEN, SWITCHED_OFF, Reading
from comp_core.windows import CONTEXT, Moment, collate, window_ends

Distribution = dict[str, float]


@dataclass(frozen=True)
class Fused:
    """What the model makes of one moment.

    Attributes:
        fused: label -> probability from all that was observed; None when nothing was: there is nothing to go on.
        by_modality: modality -> label -> probability, from this modality alone; None where it is absent.
        weights: modality -> the coordinator's weight (ComP) or the reliability (PRLF), sum 1; an absent modality, filled in from the
            others and from its neighbours, may have some.
        dominant: the modality that leads, of a model that has one (PRLF).
        observed: modality -> was it there.
        absent_because: modality -> why not, for those that were not.
        sure_from: the probability below which the best label is better not called the answer (found on validation data).
    """

    fused: Distribution | None
    by_modality: dict[str, Distribution | None]
    weights: dict[str, float] | None
    dominant: str | None
    observed: dict[str, bool]
    absent_because: dict[str, str]
    sure_from: float

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, with each modality's prediction under its own name."""
        return {
            "observed": self.observed,
            "absent_because": self.absent_because,
            "fused": self.fused,
            **self.by_modality,
            "weights": self.weights,
            "dominant": self.dominant,
            "sure_from": self.sure_from,
        }


class Fusion:
    """A fusion model with its calibration. Nothing in it belongs to one stream, so visitors may share it.

    Attributes:
        name: what people call it.
        note: what they should know of how it was trained.
    """

    def __init__(self, model: nn.Module, description: dict[str, Any], device: str = "cpu") -> None:
        self.model = model.to(device)
        self.name: str = description["name"]
        self.note: str = description["note"]
        self._device = device
        self._temperature: dict[str, dict[str, float]] = description["temperature"]
        self._sure_from: float = description["sure_from"]

    @classmethod
    def load(cls, model: str | Path, weights: Path = WEIGHTS_DIR, device: str = "cpu") -> Fusion:
        """Load a model by its name in ``weights``, or by its path, with or without suffix.

        Raises:
            CheckpointError: its files are missing, damaged or of something else.
        """
        stem = model_stem(model, weights)
        network, description = load_fusion(stem)
        try:
            return cls(network, description, device)
        except KeyError as error:
            raise CheckpointError(f"{stem.with_suffix('.json')} does not say the model's {error}. Get both files again.") from error

    def fuse(self, moments: Sequence[Moment], without: Collection[str] = ()) -> list[Fused]:
        """Predict every moment of a conversation, each from itself and what came before it.

        Args:
            moments: readings by modality, oldest first; a modality that is not in a moment was not given.
            without: modalities to leave out throughout, as if switched off.
        """
        moments = [_switch_off(moment, without) for moment in moments]
        return self._fuse([moments[part] for part in window_ends(len(moments))])

    def fuse_last(self, moments: Sequence[Moment], without: Collection[str] = ()) -> Fused:
        """The last of `fuse`, at the cost of one."""
        return self._fuse([[_switch_off(moment, without) for moment in moments[-CONTEXT:]]])[0]

    def fuse_subsets(self, moments: Sequence[Moment]) -> dict[str, Distribution | None]:
        """The last moment from each of the seven ``SUBSETS``, as if the other modalities were switched off."""
        off = [[m for m in MODALITIES if m not in subset] for subset in SUBSETS.values()]
        windows = [[_switch_off(moment, without) for moment in moments[-CONTEXT:]] for without in off]
        conversations = collate(windows, self.model.config.dims).to(self._device)
        with torch.inference_mode():
            return dict(zip(SUBSETS, self._together(self.model(conversations), windows), strict=True))

    def window(self, moments: Sequence[Moment]) -> Conversations:
        """The last moments as the model is given them: one conversation."""
        return collate([moments[-CONTEXT:]], self.model.config.dims).to(self._device)

    def _fuse(self, windows: Sequence[Sequence[Moment]]) -> list[Fused]:
        if not windows:
            return []
        conversations = collate(windows, self.model.config.dims).to(self._device)
        # Each modality's own say is asked for without the others: their prompts would have coloured it. One batch of four takes
        # little longer than one pass, because on short conversations the time goes into calls.
        with torch.inference_mode():
            output = self.model(stack([conversations, *(conversations.only((m,)) for m in MODALITIES)]))
        outputs = output.split(len(windows))
        whole, alone = outputs[0], [part.modality_logits[..., i, :] for i, part in enumerate(outputs[1:])]
        last = conversations.valid.sum(1) - 1
        rows = torch.arange(len(windows), device=last.device)
        together = self._together(whole, windows)
        own = {
            m: (logits[rows, last] / self._temperature["own"][m]).softmax(-1).tolist() for m, logits in zip(MODALITIES, alone, strict=True)
        }
        weights = whole.weights[rows, last].tolist()
        leads = whole.dominant[rows, last].tolist() if isinstance(whole, PRLFOutput) else None
        results = []
        for b, window in enumerate(windows):
            readings = {m: window[-1].get(m, Reading.absent(NOT_GIVEN)) for m in MODALITIES}
            grounded = together[b] is not None
            results.append(
                Fused(
                    fused=together[b],
                    by_modality={m: _distribution(own[m][b]) if readings[m].present else None for m in MODALITIES},
                    weights=dict(zip(MODALITIES, weights[b], strict=True)) if grounded else None,
                    dominant=MODALITIES[leads[b]] if leads and grounded else None,
                    observed={m: reading.present for m, reading in readings.items()},
                    absent_because={m: reading.absent_because for m, reading in readings.items() if reading.absent_because},
                    sure_from=self._sure_from,
                )
            )
        return results

    def _together(self, output: FusionOutput, windows: Sequence[Sequence[Moment]]) -> list[Distribution | None]:
        """The fused prediction for the last moment of each window; None where nothing of it was observed."""
        found = []
        for b, window in enumerate(windows):
            # Fewer modalities make other mistakes of confidence: each subset has a temperature of its own.
            present = subset_name(m for m in MODALITIES if m in window[-1] and window[-1][m].present)
            logits = output.logits[b, len(window) - 1]
            found.append(_distribution((logits / self._temperature["fused"][present]).softmax(-1).tolist()) if present else None)
        return found


def model_stem(model: str | Path, weights: Path = WEIGHTS_DIR) -> Path:
    """Where a fusion model's two files are, without suffix: a bare name stands for a file in ``weights``."""
    path = Path(model)
    if path.suffix in (".safetensors", ".json"):
        return path.with_suffix("")
    return weights / path if path.parent == Path() and not path.with_suffix(".json").exists() else path


def _switch_off(moment: Moment, without: Collection[str]) -> Moment:
    return {**moment, **{m: Reading.absent(SWITCHED_OFF) for m in without}}


def _distribution(probabilities: Sequence[float]) -> Distribution:
    return dict(zip(LABELS, probabilities, strict=True))
