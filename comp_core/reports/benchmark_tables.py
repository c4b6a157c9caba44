"""Markdown tables of the benchmark's reports."""

from __future__ import annotations

from collections.abc import Callable

from comp_core.metrics.figures import chosen_by
from comp_core.modalities import MODALITIES
from comp_core.reports.markdown import SPOKEN, Report, given, markdown

Row = tuple[str, ...]
_SPOKEN_CHOICE = {"mae": "mean error", "uar": "mean UAR"}


def benchmark_table(report: Report, shown: Callable[[str], bool] = lambda _: True) -> str:
    """Accuracy of every method, of those that are ``shown``, by missing rate, and what epochs are chosen by: the error of scores, the UAR
    of classes. The best of each column in bold."""
    return markdown(*_columns(report, shown))


def _columns(report: Report, shown: Callable[[str], bool]) -> tuple[Row, list[Row]]:
    """Header and rows, the last of which is the majority's."""
    names = [f"rate {rate}" for rate in report["rates"]]
    methods = {name: found for name, found in report["methods"].items() if shown(name)}
    cells = {name: [*(found["conditions"][column]["accuracy"] for column in names), found["area"]] for name, found in methods.items()}
    best = [max(figures[i]["mean"] for figures in cells.values()) for i in range(len(names) + 1)]
    figure = chosen_by(next(iter(methods.values()))["conditions"][names[0]])
    chosen = {name: _mean(found, figure, names) for name, found in methods.items()}
    leading = (min if figure == "mae" else max)(chosen.values())
    rows: list[Row] = []
    for name, figures in cells.items():
        told = [_percent(one, one["mean"] == top) for one, top in zip(figures, best, strict=True)]
        last = f"{chosen[name]:.3f}" if figure == "mae" else f"{100 * chosen[name]:.1f}"
        told.append(f"**{last}**" if chosen[name] == leading else last)
        rows.append((report["methods"][name]["title"], f"{report['methods'][name]['parameters'] / 1e6:.2f} M", *told))
    rows.append(("always the commonest class", "", *[f"{100 * report['majority']:.1f}"] * (len(names) + 1), ""))
    seeds = f"{report['seeds']} seed{'s' if report['seeds'] > 1 else ''}"
    header = (f"accuracy in % ({seeds}), missing", "size", *(f"{rate:.0%}" for rate in report["rates"]), "mean along the curve")
    return (*header, _SPOKEN_CHOICE[figure]), rows


def _mean(method: Report, figure: str, conditions: list[str]) -> float:
    """The mean of a figure over the conditions."""
    return sum(method["conditions"][name][figure]["mean"] for name in conditions) / len(conditions)


def balance_table(report: Report) -> str:
    """How well each modality by itself is read by a network trained on it alone (late fusion), and by heads trained jointly."""
    titles = {"late": "alone", "comp": "jointly, ComP", "prlf": "jointly, PRLF"}
    names = {name: title for name, title in titles.items() if name in report["methods"]}
    rows = []
    for subset in (s for s in "ATV" if f"only {s}" in report["methods"]["comp"]["conditions"]):
        own = [report["methods"][name]["conditions"][f"only {subset}"]["unimodal"]["accuracy"] for name in names]
        rows.append((SPOKEN[subset], *(_percent(figure, best=False) for figure in own)))
    return markdown((f"accuracy in % of one modality ({report['seeds']} seeds), trained", *names.values()), rows)


def shares_table(report: Report) -> str:
    """How the models weigh the modalities in each subset."""
    names = {name: title for name, title in {"comp": "ComP", "prlf": "PRLF"}.items() if name in report["methods"]}
    rows = []
    for subset in report["methods"]["comp"]["weights"]:
        weights = [report["methods"][name]["weights"][subset] for name in names]
        rows.append((given(subset), *(" / ".join(f"{found[m]:.2f}" for m in MODALITIES) for found in weights)))
    return markdown(("given; weights voice / words / face", *names.values()), rows)


def leading_table(report: Report) -> str:
    """Whether PRLF's reliabilities matter in the benchmark, by missing rate."""
    titles = {
        "as_judged": "accuracy",
        "permuted": "accuracy with the reliabilities of other utterances",
        "leader_is_best": "the dominant modality was the one with the smallest error",
        "always_the_same_is_best": "the same modality always would have been",
    }
    found = report["methods"]["prlf"]["leading"]
    rows = [(title, *(_percent(found[f"rate {rate}"][key], best=False) for rate in report["rates"])) for key, title in titles.items()]
    return markdown((f"in % ({report['seeds']} seeds), missing", *(f"{rate:.0%}" for rate in report["rates"])), rows)


def _percent(figure: Report, best: bool) -> str:
    mean = f"{100 * figure['mean']:.1f}"
    # One seed has no spread.
    return (f"**{mean}**" if best else mean) + (f" ± {100 * figure['sd']:.1f}" if figure["seeds"] > 1 else "")


def rivals_table(report: Report) -> str:
    """The models side by side, without variants of ours."""
    return benchmark_table(report, lambda shown: not shown.startswith(("comp-", "prlf-")))


def parts_table(report: Report) -> str:
    """What is left of a model without one of its parts, or otherwise changed, and whether the difference to the whole may be chance."""
    header, rows = _columns(report, lambda _: True)
    against = {report["methods"][name]["title"]: found.values() for name, found in report["against_whole"].items()}
    tested = [(*row, *([f"{figure['p']:.2g}" for figure in against[row[0]]] if row[0] in against else ["", ""])) for row in rows]
    return markdown((*header, "p of accuracy", f"p of {header[-1].split()[-1]}"), tested)
