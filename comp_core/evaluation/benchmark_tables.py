"""Markdown tables of the benchmark's reports."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from comp_core.evaluation.markdown import SPOKEN, Report, given, markdown
from comp_core.modalities import MODALITIES


def benchmark_table(report: Report, shown: Callable[[str], bool] = lambda _: True) -> str:
    """Accuracy of every method, of those that are ``shown``, by missing rate, and what epochs are chosen by: the error of scores, the UAR
    of classes. The best of each column in bold."""
    names = [f"rate {rate}" for rate in report["rates"]]
    methods = {name: found for name, found in report["methods"].items() if shown(name)}
    cells = {name: [*(found["conditions"][column]["accuracy"] for column in names), found["area"]] for name, found in methods.items()}
    best = [max(figures[i]["mean"] for figures in cells.values()) for i in range(len(names) + 1)]
    scores = "mae" in next(iter(methods.values()))["conditions"][names[0]]
    chosen_by = {name: _mean(found, "mae" if scores else "uar", names) for name, found in methods.items()}
    leading = (min if scores else max)(chosen_by.values())
    rows = []
    for name, figures in cells.items():
        told = [_percent(figure, figure["mean"] == top) for figure, top in zip(figures, best, strict=True)]
        last = f"{chosen_by[name]:.3f}" if scores else f"{100 * chosen_by[name]:.1f}"
        told.append(f"**{last}**" if chosen_by[name] == leading else last)
        rows.append((report["methods"][name]["title"], f"{report['methods'][name]['parameters'] / 1e6:.2f} M", *told))
    rows.append(("always the commonest class", "", *[f"{100 * report['majority']:.1f}"] * (len(names) + 1), ""))
    header = (f"accuracy in % ({report['seeds']} seeds), missing", "size", *(f"{rate:.0%}" for rate in report["rates"]), "mean over rates")
    return markdown((*header, "mean error" if scores else "mean UAR"), rows)


def _mean(method: Report, figure: str, conditions: list[str]) -> float:
    """The mean of a figure over the conditions."""
    return sum(method["conditions"][name][figure]["mean"] for name in conditions) / len(conditions)


def balance_table(report: Report) -> str:
    """How well each modality by itself is read by a network trained on it alone (late fusion), and by heads trained jointly."""
    titles = {"late": "alone", "comp": "jointly, ComP", "prlf": "jointly, PRLF"}
    names = {name: title for name, title in titles.items() if name in report["methods"]}
    rows = []
    for subset in (s for s in "ATV" if f"only {s}" in report["methods"]["comp"]["conditions"]):
        own = [report["methods"][name]["conditions"][f"only {subset}"]["own"]["accuracy"] for name in names]
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
    return f"{f'**{mean}**' if best else mean} ± {100 * figure['sd']:.1f}"


def tables_of(name: str, source: str) -> dict[str, tuple[str, Callable[[Report], str]]]:
    """Rivals in one table, and what is left of each of our models without a part in one of its own."""
    variants = {
        model: partial(benchmark_table, shown=lambda shown, model=model: shown.split("-")[0] == model) for model in ("comp", "prlf")
    }
    return {
        f"balance_{name}": (source, balance_table),
        f"shares_{name}": (source, shares_table),
        f"benchmark_{name}": (source, partial(benchmark_table, shown=lambda shown: "-" not in shown)),
        **{f"{model}_parts_{name}": (source, table) for model, table in variants.items()},
    }
