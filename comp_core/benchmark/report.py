"""From single runs to means over seeds, and curves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import ttest_rel

from comp_core.benchmark.methods import METHODS
from comp_core.metrics.figures import chosen_by, mean_and_spread

Run = dict[str, Any]
OURS = ("comp", "prlf")
# Methods that are no rivals, but one of ours with a part left out or changed.
_VARIANTS = ("comp-no-", "comp-modulated", "prlf-")


def summary(runs: dict[str, list[Run]], rates: Sequence[float]) -> dict[str, Any]:
    """Join runs, method -> one per seed.

    Returns:
        ``methods``: for each, ``conditions`` (condition -> figure -> mean, sd, seeds), ``area``: the mean of the accuracy over the rates by
        the trapezoid rule, ``weights`` and ``parameters``; for PRLF ``leading``, what tells whether its reliabilities matter. ``majority``.
        ``against_best``: each of ``OURS`` beside the baseline with the largest area, if there is one: the difference at each rate and
        of the areas, with the p of a t-test paired by seed. ``against_whole``: each of ours with a part left out or changed, if there is
        one, beside the whole: what it differs by in accuracy and in the figure that epochs are chosen by, on the mean over the rates.
    """
    methods = {name: {"title": METHODS[name].title, **_method(some, rates)} for name, some in runs.items()}
    first = next(iter(runs.values()))[0]
    report: dict[str, Any] = {"methods": methods, "majority": first["conditions"][_rate(rates[0])]["majority"]}
    rivals = [name for name in methods if name not in OURS and not name.startswith(_VARIANTS)]
    if rivals and len(runs[rivals[0]]) > 1:
        best = max(rivals, key=lambda name: methods[name]["area"]["mean"])
        report["against_best"] = {"baseline": best, **{name: _paired(runs[name], runs[best], rates) for name in OURS if name in runs}}
    wholes = {name: name.split("-")[0] for name in methods if name.startswith(_VARIANTS)}
    if len(next(iter(runs.values()))) > 1:
        report["against_whole"] = {name: _beside_whole(runs[name], runs[w], rates) for name, w in wholes.items() if w in runs}
    return report


def draw(report: dict[str, Any], rates: Sequence[float], path: Path) -> None:
    """Accuracy against missing rate with a band of one standard deviation; variants of ComP and PRLF are not drawn."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.5), layout="constrained")
    drawn = {name: found for name, found in report["methods"].items() if not name.startswith(_VARIANTS)}
    for colour, (name, found) in zip(pyplot.get_cmap("tab10").colors, drawn.items(), strict=False):
        figures = [found["conditions"][_rate(rate)]["accuracy"] for rate in rates]
        mean, sd = (np.array([100 * f[key] for f in figures]) for key in ("mean", "sd"))
        axes.plot(rates, mean, color=colour, label=found["title"], linewidth=2.5 if name in OURS else 1.2)
        axes.fill_between(rates, mean - sd, mean + sd, color=colour, alpha=0.12, linewidth=0)
    axes.axhline(100 * report["majority"], color="grey", linestyle=":", label="always the commonest class")
    axes.set(xlabel="missing rate", ylabel="accuracy in %")
    axes.legend(fontsize=8)
    figure.savefig(path, dpi=150)
    pyplot.close(figure)


def _method(runs: Sequence[Run], rates: Sequence[float]) -> dict[str, Any]:
    first = runs[0]
    figures: dict[str, Any] = {}
    for name, one in first["conditions"].items():
        figures[name] = {key: mean_and_spread([run["conditions"][name][key] for run in runs]) for key in one if _is_figure(one[key])}
        if "own" in one:
            unimodal = [run["conditions"][name]["own"] for run in runs]
            figures[name]["own"] = {key: mean_and_spread([o[key] for o in unimodal]) for key in unimodal[0] if _is_figure(unimodal[0][key])}
    weights = {
        subset: {m: float(np.mean([run["weights"][subset][m] for run in runs])) for m in by_modality}
        for subset, by_modality in first["weights"].items()
    }
    area = mean_and_spread([_area(run, rates) for run in runs])
    leading = {"leading": {name: _leading([run["leading"][name] for run in runs]) for name in first["leading"]}} if first["leading"] else {}
    return {"conditions": figures, "area": area, "weights": weights, "parameters": first["parameters"], **leading}


def _leading(by_run: Sequence[Sequence[dict[str, Any]]]) -> dict[str, Any]:
    """Mean and spread over seeds of the folds' mean."""

    def over(figure_of: Callable[[dict[str, Any]], float]) -> dict[str, float]:
        return mean_and_spread([float(np.mean([figure_of(fold) for fold in folds])) for folds in by_run])

    accuracies = {key: over(lambda fold, key=key: fold[key]["accuracy"]) for key in ("as_judged", "permuted")}
    shares = {key: over(lambda fold, key=key: fold[key]) for key in ("leader_is_best", "always_the_same_is_best")}
    led = {m: over(lambda fold, m=m: fold["led"][m]) for m in by_run[0][0]["led"]}
    return {**accuracies, **shares, "led": led}


def _paired(ours: Sequence[Run], theirs: Sequence[Run], rates: Sequence[float]) -> dict[str, Any]:
    columns = {_rate(rate): [[run["conditions"][_rate(rate)]["accuracy"] for run in runs] for runs in (ours, theirs)] for rate in rates}
    columns["area"] = [[_area(run, rates) for run in runs] for runs in (ours, theirs)]
    return {name: _difference(pair) for name, pair in columns.items()}


def _beside_whole(changed: Sequence[Run], whole: Sequence[Run], rates: Sequence[float]) -> dict[str, Any]:
    found = {}
    for figure in ("accuracy", chosen_by(whole[0]["conditions"][_rate(rates[0])])):
        pair = [[np.mean([run["conditions"][_rate(rate)][figure] for rate in rates]) for run in runs] for runs in (changed, whole)]
        found[figure] = _difference(pair)
    return found


def _difference(pair: Sequence[Sequence[float]]) -> dict[str, float]:
    return {"difference": float(np.mean(np.subtract(*pair))), "p": float(ttest_rel(*pair).pvalue)}


def _area(run: Run, rates: Sequence[float]) -> float:
    accuracy = [run["conditions"][_rate(rate)]["accuracy"] for rate in rates]
    heights = np.convolve(accuracy, [0.5, 0.5], "valid")
    return float(np.average(heights, weights=np.diff(rates))) if len(rates) > 1 else accuracy[0]


def _rate(rate: float) -> str:
    return f"rate {rate}"


def _is_figure(value: object) -> bool:
    return isinstance(value, (int, float))
