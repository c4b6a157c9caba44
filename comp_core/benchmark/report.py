"""From single runs to means over seeds, and curves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import ttest_rel

from comp_core.benchmark.methods import METHODS
from comp_core.evaluation.metrics import mean_and_spread

Run = dict[str, Any]
# Methods that are not rivals of the first: the same model with a part left out.
_VARIANT = "comp-no-"


def summary(runs: dict[str, list[Run]], rates: Sequence[float]) -> dict[str, Any]:
    """Join runs, method -> one per seed.

    Returns:
        ``methods``: for each, ``conditions`` (condition -> figure -> mean, sd, seeds), ``area``: the mean of the accuracy over the rates by
        the trapezoid rule, ``weights`` and ``parameters``. ``majority``. ``against_best``: the default ComP beside the baseline with the
        largest area, if both are there: the difference at each rate and of the areas, with the p of a t-test paired by seed.
    """
    methods = {name: {"title": METHODS[name].title, **_method(some, rates)} for name, some in runs.items()}
    first = next(iter(runs.values()))[0]
    report: dict[str, Any] = {"methods": methods, "majority": first["conditions"][_rate(rates[0])]["majority"]}
    rivals = [name for name in methods if name != "comp" and not name.startswith(_VARIANT)]
    if "comp" in methods and rivals and len(runs["comp"]) > 1:
        best = max(rivals, key=lambda name: methods[name]["area"]["mean"])
        report["against_best"] = {"baseline": best, **_paired(runs["comp"], runs[best], rates)}
    return report


def draw(report: dict[str, Any], rates: Sequence[float], path: Path) -> None:
    """Accuracy against missing rate with a band of one standard deviation; what is left of ComP without a part is not drawn."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.5), layout="constrained")
    drawn = {name: found for name, found in report["methods"].items() if not name.startswith(_VARIANT)}
    for colour, (name, found) in zip(pyplot.get_cmap("tab10").colors, drawn.items(), strict=False):
        figures = [found["conditions"][_rate(rate)]["accuracy"] for rate in rates]
        mean, sd = (np.array([100 * f[key] for f in figures]) for key in ("mean", "sd"))
        axes.plot(rates, mean, color=colour, label=found["title"], linewidth=2.5 if name == "comp" else 1.2)
        axes.fill_between(rates, mean - sd, mean + sd, color=colour, alpha=0.12, linewidth=0)
    axes.axhline(100 * report["majority"], color="grey", linestyle=":", label="always the commonest class")
    axes.set(xlabel="missing rate", ylabel="accuracy in %")
    axes.legend(fontsize=8)
    figure.savefig(path, dpi=150)
    pyplot.close(figure)


def _method(runs: Sequence[Run], rates: Sequence[float]) -> dict[str, Any]:
    names = runs[0]["conditions"]
    figures: dict[str, Any] = {}
    for name, first in names.items():
        figures[name] = {key: mean_and_spread([run["conditions"][name][key] for run in runs]) for key in first if _is_figure(first[key])}
        if "own" in first:
            own = [run["conditions"][name]["own"] for run in runs]
            figures[name]["own"] = {key: mean_and_spread([o[key] for o in own]) for key in own[0] if _is_figure(own[0][key])}
    weights = {
        subset: {m: float(np.mean([run["weights"][subset][m] for run in runs])) for m in by_modality}
        for subset, by_modality in runs[0]["weights"].items()
    }
    area = mean_and_spread([_area(run, rates) for run in runs])
    return {"conditions": figures, "area": area, "weights": weights, "parameters": runs[0]["parameters"]}


def _paired(ours: Sequence[Run], theirs: Sequence[Run], rates: Sequence[float]) -> dict[str, Any]:
    columns = {_rate(rate): [[run["conditions"][_rate(rate)]["accuracy"] for run in runs] for runs in (ours, theirs)] for rate in rates}
    columns["area"] = [[_area(run, rates) for run in runs] for runs in (ours, theirs)]
    return {name: {"difference": float(np.mean(np.subtract(*pair))), "p": float(ttest_rel(*pair).pvalue)} for name, pair in columns.items()}


def _area(run: Run, rates: Sequence[float]) -> float:
    accuracy = [run["conditions"][_rate(rate)]["accuracy"] for rate in rates]
    heights = np.convolve(accuracy, [0.5, 0.5], "valid")
    return float(np.average(heights, weights=np.diff(rates))) if len(rates) > 1 else accuracy[0]


def _rate(rate: float) -> str:
    return f"rate {rate}"


def _is_figure(value: object) -> bool:
    return isinstance(value, (int, float))
