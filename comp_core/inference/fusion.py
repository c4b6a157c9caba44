"""A trained fusion model in use: moments of a conversation in, calibrated predictions out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch

from comp_core.inference.windows import CONTEXT, Moment, conversations_of, window_ends
from comp_core.metrics.rules import ALIKE, MODEL, PEOPLE, RULES, as_people
from comp_core.modalities import LABELS, MODALITIES, SUBSETS, subset_name
from comp_core.modeling.batch import Conversations, FusionOutput, stack
from comp_core.modeling.registry import COMP, KINDS, FusionModel, load_fusion
from comp_core.senses.reading import NOT_GIVEN, SWITCHED_OFF, Reading
from comp_core.support.checkpoint import WEIGHTS_DIR, CheckpointError
from comp_core.support.devices import Placed
from comp_core.support.hub import OnTheHub, Source, fetched

Distribution = dict[str, float]
EVERYTHING = subset_name(MODALITIES)


@dataclass(frozen=True)
class Fused:
    """What the model makes of one moment.

    Attributes:
        fused: label -> probability from all that was observed; None when nothing was: there is nothing to go on. From one modality it is
            the sense's own prediction; from several it is the fusion model's, or a simpler rule's where the model is not worth its place.
        by_modality: modality -> label -> probability, the sense's own prediction from this modality alone; None where it is absent.
        weights: modality -> the coordinator's weight (ComP) or the reliability (PRLF), sum 1; an absent modality, filled in from the
            others and from its neighbours, may have some.
        dominant: the modality that leads, of a model that has one (PRLF).
        observed: modality -> was it there.
        absent_because: modality -> why not, for those that were not.
        answer_threshold: the probability below which the best label is better not called the answer (found on validation data).
    """

    fused: Distribution | None
    by_modality: dict[str, Distribution | None]
    weights: dict[str, float] | None
    dominant: str | None
    observed: dict[str, bool]
    absent_because: dict[str, str]
    answer_threshold: float

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, with each modality's prediction under its own name."""
        return {
            "observed": self.observed,
            "absent_because": self.absent_because,
            "fused": self.fused,
            **self.by_modality,
            "weights": self.weights,
            "dominant": self.dominant,
            "sure_from": self.answer_threshold,
        }


class Fusion(OnTheHub):
    """A fusion model with its calibration. Nothing in it belongs to one stream, so visitors may share it.

    Attributes:
        kind: what can be asked of it.
        name: what people call it.
        note: what they should know of how it was trained.
        placed: where it runs.
        answer_thresholds: subset -> confidence from which on its answer is given.
        temperatures: subset -> what divides its logits.
    """

    def __init__(self, model: FusionModel, description: dict[str, Any], device: str = "cpu") -> None:
        self.model = model
        self.kind = KINDS[description["kind"]]
        self.name: str = description["name"]
        self.note: str = description["note"]
        self.placed = Placed(f"the fusion model {self.name}", device, model)
        self._temperature: dict[str, dict[str, float]] = description["temperature"]
        self.temperatures: dict[str, float] = {name: self._temperature["fused"][name] for name in SUBSETS}
        self.answer_thresholds: dict[str, float] = {name: description["sure_from"][name] for name in SUBSETS}
        # Subset -> who answers for it; one that is not named is the model's own.
        self._rules: dict[str, str] = description.get("rules", {})
        self._joint = np.array(description["joint"]) if PEOPLE in self._rules.values() else ALIKE
        if unknown := set(self._rules.values()) - {MODEL, PEOPLE, *RULES}:
            raise CheckpointError(f"{self.name} is to be answered for by {sorted(unknown)}, which this version does not know.")
        if self._joint.shape not in (ALIKE.shape, ALIKE.shape * 3):
            raise CheckpointError(f"{self.name}'s table of how far voice and face agree is damaged. Get both files again.")

    @classmethod
    def load(cls, model: str | Path, weights: Path = WEIGHTS_DIR, device: str = "cpu") -> Self:
        """Load a model by its name in ``weights``, or by its path, with or without suffix.

        Raises:
            CheckpointError: its files are missing, damaged or of something else.
        """
        stem = model_stem(model, weights)
        network, description = load_fusion(stem)
        try:
            return cls(network, description, device).lying_at(stem)
        except KeyError as error:
            raise CheckpointError(f"{stem.with_suffix('.json')} does not say the model's {error}. Get both files again.") from error
        except TypeError as error:
            raise CheckpointError(f"{stem.with_suffix('.json')} is of another version. Get both files again.") from error

    @classmethod
    def from_pretrained(  # type: ignore[override]  # see `SenseOnTheHub.from_pretrained`
        cls, name: str | Path, *, model: str = COMP, device: str = "cpu", sha256: str | None = None, **source: Any
    ) -> Self:
        """Load from a folder or from the Hub.

        Args:
            name: a folder, or ``USER/NAME`` on the Hub.
            model: name of the model's files in it.
            sha256: the hash that the weights must have.
            source: the fields of `Source`.

        Raises:
            CheckpointError: files are missing, too large, damaged, replaced or of another kind, or the Hub cannot be reached.
        """
        return cls.load(fetched(name, model, sha256=sha256, source=Source(**source)) / model, device=device)

    def fuse(self, moments: Sequence[Moment], without: Collection[str] = ()) -> list[Fused]:
        """Predict every moment of a conversation, each from itself and what came before it.

        Args:
            moments: readings by modality, oldest first; a modality that is not in a moment was not given.
            without: modalities to leave out throughout, as if switched off.
        """
        moments = _switch_off(moments, without)
        return self._fuse([moments[part] for part in window_ends(len(moments))])

    def fuse_last(self, moments: Sequence[Moment], without: Collection[str] = ()) -> Fused:
        """The last of `fuse`, at the cost of one."""
        return self._fuse([_switch_off(moments[-CONTEXT:], without)])[0]

    def fuse_present(self, asked: Sequence[tuple[Sequence[Moment], Collection[str]]]) -> list[tuple[Fused, dict[str, Distribution | None]]]:
        """For each conversation, with the modalities that are switched off in it: `fuse_last`, and the same moment from each of the
        seven ``SUBSETS``, as if the other modalities were switched off.

        All that `fuse_last` asks for is among the seven, and all conversations go through the model together: results are those
        of one at a time.
        """
        return self.placed.run(lambda device: self._fuse_present_on(device, asked))

    def _fuse_present_on(
        self, device: str, asked: Sequence[tuple[Sequence[Moment], Collection[str]]]
    ) -> list[tuple[Fused, dict[str, Distribution | None]]]:
        windows = [moments[-CONTEXT:] for moments, _ in asked]
        conversations = conversations_of(windows, self.model.config.dims).to(device)
        with torch.inference_mode():
            output = self.model(stack([conversations.only(subset) for subset in SUBSETS.values()]))
        by_subset = dict(zip(SUBSETS, output.split(len(windows)), strict=True))
        subsets = {
            name: self.together(part, [_switch_off(w, [m for m in MODALITIES if m not in SUBSETS[name]]) for w in windows])
            for name, part in by_subset.items()
        }
        # Which of the seven is left by the switches; where nothing is left, any will do, for nothing is read from it.
        names, rows = list(SUBSETS), []
        for b, (_, without) in enumerate(asked):
            left = subset_name(m for m in MODALITIES if m not in without) or names[-1]
            rows.append(names.index(left) * len(windows) + b)
        alone = {m: by_subset[subset_name((m,))] for m in MODALITIES}
        switched = [_switch_off(window, without) for window, (_, without) in zip(windows, asked, strict=True)]
        fused = self._described(output.take(rows), alone, switched)
        return [(one, {name: found[b] for name, found in subsets.items()}) for b, one in enumerate(fused)]

    def window(self, moments: Sequence[Moment]) -> Conversations:
        """The last moments as the model is given them: one conversation."""
        return conversations_of([moments[-CONTEXT:]], self.model.config.dims).to(self.placed.device)

    def _fuse(self, windows: Sequence[Sequence[Moment]]) -> list[Fused]:
        return self.placed.run(lambda device: self._fuse_on(device, windows)) if windows else []

    def _fuse_on(self, device: str, windows: Sequence[Sequence[Moment]]) -> list[Fused]:
        conversations = conversations_of(windows, self.model.config.dims).to(device)
        # Each modality's own say is asked for without the others: their prompts would have coloured it. One batch of four takes
        # little longer than one pass, because on short conversations the time goes into calls.
        with torch.inference_mode():
            output = self.model(stack([conversations, *(conversations.only((m,)) for m in MODALITIES)]))
        whole, *alone = output.split(len(windows))
        return self._described(whole, dict(zip(MODALITIES, alone, strict=True)), windows)

    def _described(self, whole: FusionOutput, alone: Mapping[str, FusionOutput], windows: Sequence[Sequence[Moment]]) -> list[Fused]:
        """The last moment of each window, from what the model made of the windows and of each modality of them alone."""
        last = torch.tensor([len(window) - 1 for window in windows], device=whole.logits.device)
        rows = torch.arange(len(windows), device=last.device)
        together = self.together(whole, windows)
        by_model = {
            m: (alone[m].modality_logits[rows, last, i] / self._temperature["unimodal"][m]).softmax(-1).tolist()
            for i, m in enumerate(MODALITIES)
        }
        weights = whole.weights[rows, last].tolist()
        leads = None if whole.dominant is None else whole.dominant[rows, last].tolist()
        results = []
        for b, window in enumerate(windows):
            readings = {m: window[-1].get(m, Reading.absent(NOT_GIVEN)) for m in MODALITIES}
            grounded = together[b] is not None
            results.append(
                Fused(
                    fused=together[b],
                    by_modality={m: _unimodal(readings[m], by_model[m][b]) for m in MODALITIES},
                    weights=dict(zip(MODALITIES, weights[b], strict=True)) if grounded else None,
                    dominant=MODALITIES[leads[b]] if leads and grounded else None,
                    observed={m: reading.present for m, reading in readings.items()},
                    absent_because={m: reading.absent_because for m, reading in readings.items() if reading.absent_because},
                    answer_threshold=self.answer_thresholds[subset_name(m for m in MODALITIES if readings[m].present) or EVERYTHING],
                )
            )
        return results

    def together(self, output: FusionOutput, windows: Sequence[Sequence[Moment]]) -> list[Distribution | None]:
        """The fused prediction for the last moment of each window; None where nothing of it was observed."""
        found: list[Distribution | None] = []
        for b, window in enumerate(windows):
            there = {m: window[-1][m] for m in MODALITIES if m in window[-1] and window[-1][m].present}
            # Fewer modalities make other mistakes of confidence: each subset has a temperature of its own.
            subset = subset_name(there)
            if not there:
                found.append(None)
            elif (ruled := self._by_rule(subset, there)) is not None:
                found.append(_distribution(ruled.tolist()))
            else:
                logits = output.logits[b, len(window) - 1] / self.temperatures[subset]
                found.append(_distribution(logits.softmax(-1).tolist()))
        return found

    def _by_rule(self, subset: str, there: Mapping[str, Reading]) -> np.ndarray | None:
        """(7,) what the senses' own predictions amount to; None where the model answers, or a sense has no prediction."""
        alone = {m: reading.probabilities[None] for m, reading in there.items() if reading.probabilities is not None}
        rule = self._rules.get(subset, MODEL)
        if len(alone) < len(there) or (len(there) > 1 and rule == MODEL):
            return None
        if len(there) == 1:
            return next(iter(alone.values()))[0]
        return as_people(alone, self._joint)[0] if rule == PEOPLE else RULES[rule](np.stack(list(alone.values())), ALIKE)[0]


def model_stem(model: str | Path, weights: Path = WEIGHTS_DIR) -> Path:
    """Where a fusion model's two files are, without suffix: a bare name stands for a file in ``weights``."""
    path = Path(model)
    if path.suffix in (".safetensors", ".json"):
        return path.with_suffix("")
    return weights / path if path.parent == Path() and not path.with_suffix(".json").exists() else path


def _switch_off(moments: Sequence[Moment], without: Collection[str]) -> list[Moment]:
    off = {m: Reading.absent(SWITCHED_OFF) for m in without}
    return [{**moment, **off} for moment in moments]


def _unimodal(reading: Reading, by_model: Sequence[float]) -> Distribution | None:
    """What the sense says; of a sense that predicts nothing, what the model makes of it alone."""
    if not reading.present:
        return None
    return _distribution(by_model if reading.probabilities is None else reading.probabilities.tolist())


def _distribution(probabilities: Sequence[float]) -> Distribution:
    return dict(zip(LABELS, probabilities, strict=True))


def sure_label(distribution: Mapping[str, float] | None, answer_threshold: float) -> str | None:
    """The likeliest label; None where there is nothing to go on, or its probability is below ``answer_threshold``."""
    if distribution is None:
        return None
    best = max(distribution, key=distribution.__getitem__)
    return best if distribution[best] >= answer_threshold else None
