"""What the lab page shows, as plain data: one moment from every subset of modalities, and curves of accuracy against missing rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from app.live.phrases import in_words, listed
from comp_core.evaluation.curve import LATE, Point
from comp_core.evaluation.interventions import interventions
from comp_core.evaluation.introspection import Introspection, introspect
from comp_core.inference.fusion import Fused, Fusion, Moment
from comp_core.metrics.rules import late_average
from comp_core.modalities import MODALITIES, NAMES, SUBSETS
from comp_core.predictor import Heard, Predictor
from comp_core.support.spreadsheet import csv_text


@dataclass(frozen=True)
class Row:
    """One subset of the modalities.

    Attributes:
        given: the modalities that are left, in words.
        missing: some of them are not there in this moment anyway.
        cells: title of a model -> its prediction.
    """

    given: str
    missing: bool
    cells: dict[str, Cell]


@dataclass(frozen=True)
class Cell:
    """A prediction: in words, the weights by modality (None: nothing to go on), and who leads (if the model says)."""

    told: str
    weights: dict[str, float] | None
    leads: str | None


def seven(predictor: Predictor, heard: Sequence[Heard], index: int) -> list[Row]:
    """The utterance of that number from each of the seven subsets, by every fusion model and by late fusion."""
    moments = [one.moment for one in heard[: index + 1]]
    rows = []
    for subset in SUBSETS.values():
        without = [m for m in MODALITIES if m not in subset]
        found = {fusion.name: fusion.fuse_last(moments, without) for fusion in predictor.fusions.values()}
        cells = {name: _cell(fused) for name, fused in found.items()}
        first = next(iter(found.values()))
        cells[LATE] = _late(first)
        rows.append(Row(listed([NAMES[m] for m in subset]), not all(first.observed[m] for m in subset), cells))
    return rows


@dataclass(frozen=True)
class Step:
    """One utterance of a conversation: when, its words, and title of a model -> what it made of it."""

    start: float
    words: str
    cells: dict[str, Cell]


def along(predictor: Predictor, heard: Sequence[Heard]) -> list[Step]:
    """The conversation utterance by utterance, by every fusion model: how the weights go with what is there (the paper's Fig. 5d)."""
    moments = [one.moment for one in heard]
    found = {fusion.name: fusion.fuse(moments) for fusion in predictor.fusions.values()}
    return [Step(one.start, one.transcript, {name: _cell(fused[i]) for name, fused in found.items()}) for i, one in enumerate(heard)]


def introspections(predictor: Predictor, heard: Sequence[Heard], index: int) -> Introspection | None:
    """What happens inside ComP for that utterance; None if no fusion model is one, or nothing is there."""
    moments = [one.moment for one in heard[: index + 1]]
    if not any(reading.present for reading in moments[-1].values()):
        return None
    for fusion in predictor.fusions.values():
        if fusion.kind.prompts:
            return introspect(fusion.model, fusion.window(moments))
    return None


@dataclass(frozen=True)
class Use:
    """What an intervention on a model changes in one utterance.

    Attributes:
        title: of the intervention.
        told: the prediction under it, in words.
        added: what it adds to the probability of the label that is likeliest without it.
    """

    title: str
    told: str
    added: float


def uses(predictor: Predictor, heard: Sequence[Heard], index: int) -> dict[str, list[Use]]:
    """Title of a fusion model -> what it uses for that utterance; empty where one modality is there: then its sense answers."""
    moments = [one.moment for one in heard[: index + 1]]
    if sum(reading.present for reading in moments[-1].values()) < 2:
        return {}
    inside = [fusion for fusion in predictor.fusions.values() if fusion.kind.prompts or fusion.kind.leads]
    return {fusion.name: _uses(fusion, fusion.left(moments)) for fusion in inside if fusion.fuse_last(moments).fused is not None}


def _uses(fusion: Fusion, moments: Sequence[Moment]) -> list[Use]:
    # Visitors share the model: what is changed is a copy.
    model, conversation = deepcopy(fusion.model), fusion.window(moments)
    threshold = fusion.fuse_last(moments).answer_threshold

    def distribution() -> dict[str, float]:
        with torch.inference_mode():
            return fusion.together(model(conversation), [moments])[0]

    usual, found = distribution(), []
    likeliest = max(usual, key=usual.__getitem__)
    for one in interventions(model).values():
        with one.on(model, conversation, torch.Generator().manual_seed(0)):
            changed = distribution()
        found.append(Use(one.title, in_words(changed, threshold), changed[likeliest] - usual[likeliest]))
    return found


def qualities(heard: Heard) -> dict[str, float | None]:
    """What the senses themselves think of what they were given, 0 to 1; None where there was nothing."""
    return {m: reading.quality if reading.present else None for m, reading in heard.moment.items()}


@dataclass(frozen=True)
class Series:
    """A curve: missing rates, means and standard deviations of the accuracy, all from 0 to 1."""

    title: str
    rates: tuple[float, ...]
    means: tuple[float, ...]
    spreads: tuple[float, ...]


def reported(report: Mapping[str, Any], names: Sequence[str]) -> list[Series]:
    """The curves of a benchmark report."""
    rates = tuple(report["rates"])
    found = []
    for name in names:
        if name in report["methods"]:
            figures = [report["methods"][name]["conditions"][f"rate {rate}"]["accuracy"] for rate in rates]
            means, spreads = (tuple(f[key] for f in figures) for key in ("mean", "sd"))
            found.append(Series(report["methods"][name]["title"], rates, means, spreads))
    return found


def measured(points: Sequence[Point], titles: Mapping[str, str]) -> list[Series]:
    """The curves of the points so far."""
    rates = tuple(point.rate for point in points)
    return [
        Series(
            titles.get(name, name),
            rates,
            tuple(float(np.mean(p.accuracy[name])) for p in points),
            tuple(float(np.std(p.accuracy[name])) for p in points),
        )
        for name in points[0].accuracy
    ]


def learning(by_way: Mapping[str, Mapping[str, Sequence[Mapping[str, float]]]]) -> list[Series]:
    """The curves of one data set of the report ``balance``, for each modality and way of training; epochs stand for rates."""
    return [
        Series(
            f"{NAMES[modality]}, {way}",
            tuple(float(epoch + 1) for epoch in range(len(epochs))),
            tuple(epoch["mean"] for epoch in epochs),
            tuple(epoch["sd"] for epoch in epochs),
        )
        for modality in MODALITIES
        for way, by_modality in by_way.items()
        for epochs in (by_modality.get(modality),)
        if epochs
    ]


def as_csv(series: Sequence[Series], axis: str = "missing rate") -> str:
    """The curves as a table: which one, where on the ``axis``, mean accuracy, standard deviation."""
    rows: list[tuple[Any, ...]] = [("curve", axis.replace(" ", "_"), "accuracy_mean", "accuracy_sd")]
    rows += [(s.title, r, f"{m:.4f}", f"{d:.4f}") for s in series for r, m, d in zip(s.rates, s.means, s.spreads, strict=True)]
    return csv_text(rows)


def _cell(fused: Fused) -> Cell:
    leads = NAMES[fused.dominant] if fused.dominant else None
    return Cell(in_words(fused.fused, fused.answer_threshold), fused.weights, leads)


def _late(fused: Fused) -> Cell:
    """The mean of what each modality says by itself."""
    own = {m: p for m, p in fused.by_modality.items() if p is not None}
    if not own:
        return Cell(in_words(None, fused.answer_threshold), None, None)
    mean = late_average(np.array([list(p.values()) for p in own.values()]), np.empty(0))
    weights = {m: 1 / len(own) if m in own else 0.0 for m in MODALITIES}
    return Cell(in_words(dict(zip(next(iter(own.values())), mean.tolist(), strict=True)), fused.answer_threshold), weights, None)
