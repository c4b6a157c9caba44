"""From single runs to means over seeds, and curves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import numpy as np

from comp_core.benchmark.methods import METHODS
from comp_core.metrics.balance import modality_equity
from comp_core.metrics.bootstrap import Tally, difference
from comp_core.metrics.figures import chosen_by, mean_and_spread
from comp_core.modalities import SUBSETS

Run = dict[str, Any]
OURS = ("comp", "prlf")
_CHANCE_OF_A_SIGN = 0.5


def summary(runs: dict[str, list[Run]], rates: Sequence[float]) -> dict[str, Any]:
    """Join runs, method -> one per seed.

    Returns:
        ``methods``: for each, ``conditions`` (condition -> figure -> mean, sd, values of the seeds), ``area``: the mean of the accuracy
        over the rates by the trapezoid rule, ``weights``, ``parameters``, ``settings``: how often each was chosen, and the indices
        ``equity`` and ``learning`` (`comp_core.metrics.balance`); for PRLF ``leading``, what tells whether its reliabilities matter.
        ``majority``.
        ``against_best``: each of ``OURS`` beside the baseline with the largest area, if there is one: the difference at each rate and
        of the areas. ``against_whole``: each method that is another one with a part left out, added or changed (its name begins with the
        other's) beside that: what it differs by in accuracy and in the figure that epochs are chosen by, on the mean over the rates.
        Differences come with their 95 % interval and p of a bootstrap over conversations and seeds.
    """
    methods = {name: {"title": METHODS[name].title, **_method(some, rates)} for name, some in runs.items()}
    first = next(iter(runs.values()))[0]
    report: dict[str, Any] = {"methods": methods, "majority": first["conditions"][_rate(rates[0])]["majority"]}
    rivals = [name for name in methods if name.split("-")[0] not in OURS]
    if rivals:
        best = max(rivals, key=lambda name: methods[name]["area"]["mean"])
        report["against_best"] = {"baseline": best, **{name: _beside(runs[name], runs[best], rates) for name in OURS if name in runs}}
    wholes = {name: whole for name in methods if (whole := _whole(name, methods))}
    report["against_whole"] = {name: _on_the_mean(runs[name], runs[whole], rates) for name, whole in wholes.items()}
    return report


def _whole(name: str, methods: Collection[str]) -> str:
    """Of which of the methods this one is a variant, "" if of none."""
    return max((other for other in methods if name.startswith(f"{other}-")), key=len, default="")


def draw(report: dict[str, Any], rates: Sequence[float], path: Path) -> None:
    """Accuracy against missing rate with a band of one standard deviation; variants of a method are not drawn."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.5), layout="constrained")
    drawn = {name: found for name, found in report["methods"].items() if not _whole(name, report["methods"])}
    for colour, (name, found) in zip(matplotlib.color_sequences["tab10"], drawn.items(), strict=False):
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
        figures[name] = {key: _by_seed([run["conditions"][name][key] for run in runs]) for key in one if _is_figure(one[key])}
        if "unimodal" in one:
            unimodal = [run["conditions"][name]["unimodal"] for run in runs]
            figures[name]["unimodal"] = {key: _by_seed([o[key] for o in unimodal]) for key in unimodal[0] if _is_figure(unimodal[0][key])}
    weights = {
        subset: {m: float(np.mean([run["weights"][subset][m] for run in runs])) for m in by_modality}
        for subset, by_modality in first["weights"].items()
    }
    found: dict[str, Any] = {
        "conditions": figures,
        "area": _by_seed([_area([run["conditions"][_rate(rate)]["accuracy"] for rate in rates], rates) for run in runs]),
        "weights": weights,
        "parameters": first["parameters"],
        "settings": dict(Counter(setting for run in runs for setting in run["settings"])),
        "learning": _by_seed([float(np.mean(run["learning"])) for run in runs]),
    }
    if len(first["weights"]) > 1:
        found["equity"] = _by_seed([_equity(run) for run in runs])
    if first["leading"]:
        found["leading"] = {name: _leading([run["leading"][name] for run in runs]) for name in first["leading"]}
    return found


def _equity(run: Run) -> float:
    """The modality equity index, by UAR of classes and by accuracy of signs."""
    subsets = {name: run["conditions"][f"only {name}"] for name in run["weights"]}
    whole = max(subsets, key=len)
    by_class = "uar" in subsets[whole]
    chance = 1 / len(subsets[whole]["recall"]) if by_class else _CHANCE_OF_A_SIGN
    return modality_equity({name: found["uar" if by_class else "accuracy"] for name, found in subsets.items()}, SUBSETS[whole], chance)


def _by_seed(values: Sequence[float]) -> dict[str, Any]:
    return {**mean_and_spread(values), "values": list(values)}


def _leading(by_run: Sequence[Sequence[dict[str, Any]]]) -> dict[str, Any]:
    """Mean and spread over seeds of the folds' mean."""

    def over(*keys: str) -> dict[str, float]:
        return mean_and_spread([float(np.mean([reduce(getitem, keys, fold) for fold in folds])) for folds in by_run])

    accuracies = {key: over(key, "accuracy") for key in ("as_judged", "permuted")}
    shares = {key: over(key) for key in ("leader_is_best", "always_the_same_is_best")}
    led = {m: over("led", m) for m in by_run[0][0]["led"]}
    return {**accuracies, **shares, "led": led}


def _beside(ours: Sequence[Run], theirs: Sequence[Run], rates: Sequence[float]) -> dict[str, Any]:
    """The difference in accuracy at each rate, and on the mean along the curve."""
    columns = {_rate(rate): np.eye(len(rates))[i] for i, rate in enumerate(rates)} | {"area": _weights(rates)}
    pair = _tallies(ours, "accuracy", rates), _tallies(theirs, "accuracy", rates)
    return {name: difference(*pair, weights) for name, weights in columns.items()}


def _on_the_mean(changed: Sequence[Run], whole: Sequence[Run], rates: Sequence[float]) -> dict[str, Any]:
    names = ("accuracy", chosen_by(whole[0]["conditions"][_rate(rates[0])]))
    alike = np.full(len(rates), 1 / len(rates))
    return {name: difference(_tallies(changed, name, rates), _tallies(whole, name, rates), alike) for name in names}


def _tallies(runs: Sequence[Run], figure: str, rates: Sequence[float]) -> list[list[Tally]]:
    return [[Tally.of_json(run["tallies"][_rate(rate)][figure]) for rate in rates] for run in runs]


def _area(heights: Sequence[float], rates: Sequence[float]) -> float:
    return float(np.dot(heights, _weights(rates)))


def _weights(rates: Sequence[float]) -> np.ndarray:
    """Of the rates in the mean over them, by the trapezoid rule."""
    if len(rates) == 1:
        return np.ones(1)
    steps = np.diff(rates)
    return (np.append(steps, 0) + np.insert(steps, 0, 0)) / 2 / steps.sum()


def _rate(rate: float) -> str:
    return f"rate {rate}"


def _is_figure(value: object) -> bool:
    return isinstance(value, (int, float))
