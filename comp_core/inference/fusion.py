"""A trained fusion model in use: moments of a conversation in, calibrated predictions out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch

from comp_core.inference.fusion_record import check_record
from comp_core.inference.windows import CONTEXT, Moment, conversations_of, window_ends
from comp_core.metrics.rules import ALIKE, MODEL, PEOPLE, RULES, as_people
from comp_core.modalities import LABELS, MODALITIES, SUBSETS, subset_name
from comp_core.modeling.batch import Conversations, FusionOutput, stack
from comp_core.modeling.registry import COMP, KINDS, FusionModel, load_fusion
from comp_core.senses.reading import NOT_GIVEN, NOT_LEARNT, SWITCHED_OFF, Reading
from comp_core.support.checkpoint import WEIGHTS_DIR, CheckpointError
from comp_core.support.devices import Placed
from comp_core.support.hub import OnTheHub, Source, fetched

Distribution = dict[str, float]
EVERYTHING = subset_name(MODALITIES)
# The name of the model's two files in a folder that holds one model, as `train own` writes it.
OWN = "model"


@dataclass(frozen=True)
class Fused:
    """What the model makes of one moment.

    Attributes:
        fused: label -> probability from all that was observed; None when nothing was: there is nothing to go on. From one modality it is
            that modality's own; from several it is the fusion model's, or a simpler rule's where the model is not worth its place.
        by_modality: modality -> label -> probability from this modality alone; None where it is absent. The sense's own prediction, or
            of a model with labels of its own the model's.
        weights: modality -> the coordinator's weight (ComP) or the reliability (PRLF), sum 1; an absent modality, filled in from the
            others and from its neighbours, may have some.
        dominant: the modality that leads, of a model that has one (PRLF).
        observed: modality -> was it there.
        absent_because: modality -> why not, for those that were not.
        answer_threshold: the probability below which the best label is better not called the answer (found on validation data).
        scores: of a model of scores: ``score`` from all that was observed, and one for each modality; it has no labels, and ``fused`` and
            ``by_modality`` hold nothing.
    """

    fused: Distribution | None
    by_modality: dict[str, Distribution | None]
    weights: dict[str, float] | None
    dominant: str | None
    observed: dict[str, bool]
    absent_because: dict[str, str]
    answer_threshold: float
    scores: dict[str, float | None] | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, with each modality's prediction under its own name."""
        there = {"observed": self.observed, "absent_because": self.absent_because}
        how = {"weights": self.weights, "dominant": self.dominant}
        if self.scores is not None:
            return {**there, **self.scores, **how}
        return {**there, "fused": self.fused, **self.by_modality, **how, "sure_from": self.answer_threshold}


class Fusion(OnTheHub):
    """A fusion model with its calibration. Nothing in it belongs to one stream, so visitors may share it.

    Attributes:
        kind: what can be asked of it.
        name: what people call it.
        note: what they should know of how it was trained.
        placed: where it runs.
        answer_thresholds: subset -> confidence from which on its answer is given.
        temperatures: subset -> what divides its logits.
        labels: what it tells apart; none of a model of scores.
        by_senses: what one modality says is its sense's own prediction; otherwise it is the model's, whose labels the senses do not know.
        learnt: the modalities that it was trained on; the others are left out.
        context: utterances that it reads together.
        senses: sense -> hash of the weights whose features it was trained on, where its JSON says so.
    """

    def __init__(self, model: FusionModel, description: dict[str, Any], device: str = "cpu") -> None:
        check_record(description)
        self.model = model
        self.kind = KINDS[description["kind"]]
        self.name: str = description["name"]
        self.note: str = description["note"]
        self.placed = Placed(f"the fusion model {self.name}", device, model)
        temperature: dict[str, dict[str, float]] = description["temperature"]
        self.temperatures: dict[str, float] = {name: temperature["fused"][name] for name in SUBSETS}
        self._unimodal_temperatures: dict[str, float] = {m: temperature["unimodal"][m] for m in MODALITIES}
        self.answer_thresholds: dict[str, float] = {name: description["sure_from"][name] for name in SUBSETS}
        self.labels: tuple[str, ...] = tuple(description.get("labels", LABELS))
        self.by_senses: bool = description.get("by_senses", True)
        self.learnt: tuple[str, ...] = tuple(description.get("learnt", MODALITIES))
        self.context: int = description.get("context", CONTEXT)
        self.senses: dict[str, str] = description.get("made_of", {})
        # What scores were standardised by in training.
        self._scale: dict[str, float] = description.get("scale", {})
        # Subset -> who answers for it; one that is not named is the model's own.
        self._rules: dict[str, str] = description.get("rules", {})
        self._joint = np.array(description["joint"], float) if PEOPLE in self._rules.values() else ALIKE
        if len(self.labels) != (0 if self._scale else model.config.outputs) or (self.by_senses and self.labels != LABELS):
            raise CheckpointError(f"the labels of {self.name} are not those of its weights. Get both files again.")
        if unknown := set(self._rules.values()) - {MODEL, PEOPLE, *RULES}:
            raise CheckpointError(f"{self.name} is to be answered for by {sorted(unknown)}, which this version does not know.")
        if self._joint.shape not in (ALIKE.shape, ALIKE.shape * 3) or not np.isfinite(self._joint).all():
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
        except (TypeError, ValueError) as error:
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
        moments = self._known(moments, without)
        return self._fuse([moments[part] for part in window_ends(len(moments), self.context)])

    def fuse_last(self, moments: Sequence[Moment], without: Collection[str] = ()) -> Fused:
        """The last of `fuse`, at the cost of one."""
        return self._fuse([self.left(moments, without)])[0]

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
        windows = [self.left(moments) for moments, _ in asked]
        conversations = conversations_of(windows, self.model.config.dims).to(device)
        with torch.inference_mode():
            output = self.model(stack([conversations.only(subset) for subset in SUBSETS.values()]))
        by_subset = dict(zip(SUBSETS, output.split(len(windows)), strict=True))
        alone = {m: by_subset[subset_name((m,))] for m in MODALITIES}
        own = self._own(alone, windows)
        subsets = {
            name: self._together(part, [_without(w, [m for m in MODALITIES if m not in SUBSETS[name]]) for w in windows], own)
            for name, part in by_subset.items()
        }
        # Which of the seven is left by the switches; where nothing is left, any will do, for nothing is read from it.
        names, rows = list(SUBSETS), []
        for b, (_, without) in enumerate(asked):
            left = subset_name(m for m in MODALITIES if m not in without) or names[-1]
            rows.append(names.index(left) * len(windows) + b)
        switched = [_without(window, without) for window, (_, without) in zip(windows, asked, strict=True)]
        fused = self._described(output.take(rows), alone, switched)
        return [(one, {name: self._distribution(found[b]) for name, found in subsets.items()}) for b, one in enumerate(fused)]

    def window(self, moments: Sequence[Moment]) -> Conversations:
        """The last moments as the model is given them: one conversation."""
        return conversations_of([self.left(moments)], self.model.config.dims).to(self.placed.device)

    def left(self, moments: Sequence[Moment], without: Collection[str] = ()) -> list[Moment]:
        """The last moments as the model reads them: as many as it reads together, and without what is switched off or not learnt."""
        return self._known(moments[-self.context :], without)

    def _known(self, moments: Sequence[Moment], without: Collection[str]) -> list[Moment]:
        return _without(_without(moments, [m for m in MODALITIES if m not in self.learnt], NOT_LEARNT), without)

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
        own = self._own(alone, windows)
        together = self._together(whole, windows, own)
        weights = whole.weights[rows, last].tolist()
        leads = None if whole.dominant is None else whole.dominant[rows, last].tolist()
        results = []
        for b, window in enumerate(windows):
            readings = {m: window[-1].get(m, Reading.absent(NOT_GIVEN)) for m in MODALITIES}
            grounded = together[b] is not None
            said = {m: own[b][m] if reading.present else None for m, reading in readings.items()}
            results.append(
                Fused(
                    fused=self._distribution(together[b]),
                    by_modality={m: self._distribution(values) for m, values in said.items()},
                    weights=dict(zip(MODALITIES, weights[b], strict=True)) if grounded else None,
                    dominant=MODALITIES[leads[b]] if leads and grounded else None,
                    observed={m: reading.present for m, reading in readings.items()},
                    absent_because={m: reading.absent_because for m, reading in readings.items() if reading.absent_because},
                    answer_threshold=self.answer_thresholds[subset_name(m for m in MODALITIES if readings[m].present) or EVERYTHING],
                    scores=None if self.labels else {name: _number(values) for name, values in {"score": together[b], **said}.items()},
                )
            )
        return results

    def together(self, output: FusionOutput, windows: Sequence[Sequence[Moment]]) -> list[Distribution | None]:
        """The fused prediction for the last moment of each window, of a model of labels; None where nothing of it was observed."""
        conversations = conversations_of(windows, self.model.config.dims).to(output.logits.device)
        with torch.inference_mode():
            alone = {m: self.model(conversations.only((m,))) for m in MODALITIES}
        return [self._distribution(values) for values in self._together(output, windows, self._own(alone, windows))]

    def _own(self, alone: Mapping[str, FusionOutput], windows: Sequence[Sequence[Moment]]) -> list[dict[str, np.ndarray]]:
        """Of the last moment of each window, modality -> (K,) what it says alone; where it is absent, anything."""
        found = []
        for b, window in enumerate(windows):
            heads = {m: alone[m].modality_logits[b, len(window) - 1, i] for i, m in enumerate(MODALITIES)}
            own = {m: self._said(logits, self._unimodal_temperatures[m]) for m, logits in heads.items()}
            if self.by_senses:
                # Of a sense that predicts nothing it is what the model makes of it alone.
                own |= {m: r.probabilities for m, r in window[-1].items() if r.probabilities is not None}
            found.append(own)
        return found

    def _together(
        self, output: FusionOutput, windows: Sequence[Sequence[Moment]], own: Sequence[Mapping[str, np.ndarray]]
    ) -> list[np.ndarray | None]:
        """(K,) the fused prediction for the last moment of each window; None where nothing of it was observed."""
        found: list[np.ndarray | None] = []
        for b, window in enumerate(windows):
            there = {m: window[-1][m] for m in MODALITIES if m in window[-1] and window[-1][m].present}
            # Fewer modalities make other mistakes of confidence: each subset has a temperature of its own.
            subset = subset_name(there)
            if not there:
                found.append(None)
            elif (ruled := self._by_rule(subset, there, own[b])) is not None:
                found.append(ruled)
            else:
                found.append(self._said(output.logits[b, len(window) - 1], self.temperatures[subset]))
        return found

    def _by_rule(self, subset: str, there: Mapping[str, Reading], own: Mapping[str, np.ndarray]) -> np.ndarray | None:
        """(K,) what single modalities' predictions amount to; None where the model answers, or a sense has no prediction."""
        rule = self._rules.get(subset, MODEL)
        if self.by_senses and any(reading.probabilities is None for reading in there.values()):
            return None
        if len(there) == 1:
            return next(own[m] for m in there)
        if rule == MODEL:
            return None
        alone = {m: own[m][None] for m in there}
        if rule == PEOPLE:
            return as_people(alone, self._joint)[0]
        return RULES[rule](np.stack(list(alone.values())), np.full(len(self.labels), 1 / len(self.labels)))[0]

    def _said(self, logits: torch.Tensor, temperature: float) -> np.ndarray:
        """(K,) outputs of the model -> probabilities, or the score."""
        if self.labels:
            return (logits / temperature).softmax(-1).cpu().numpy()
        return (self._scale["mean"] + self._scale["spread"] * logits).cpu().numpy()

    def _distribution(self, values: np.ndarray | None) -> Distribution | None:
        return dict(zip(self.labels, values.tolist(), strict=True)) if self.labels and values is not None else None


def model_stem(model: str | Path, weights: Path = WEIGHTS_DIR) -> Path:
    """Where a fusion model's two files are, without suffix: a bare name stands for a file in ``weights``, or a folder of `train own`."""
    path = Path(model)
    if path.suffix in (".safetensors", ".json"):
        return path.with_suffix("")
    if (path / f"{OWN}.json").is_file():
        return path / OWN
    return weights / path if path.parent == Path() and not path.with_suffix(".json").exists() else path


def _without(moments: Sequence[Moment], modalities: Collection[str], reason: str = SWITCHED_OFF) -> list[Moment]:
    off = {m: Reading.absent(reason) for m in modalities}
    return [{**moment, **off} for moment in moments]


def _number(score: np.ndarray | None) -> float | None:
    return None if score is None else score.item()


def sure_label(distribution: Mapping[str, float] | None, answer_threshold: float) -> str | None:
    """The likeliest label; None where there is nothing to go on, or its probability is below ``answer_threshold``."""
    if distribution is None:
        return None
    best = max(distribution, key=distribution.__getitem__)
    return best if distribution[best] >= answer_threshold else None
