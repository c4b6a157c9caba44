"""Markdown tables of what a benchmark's report says beside accuracy: chance, balance, settings, missing rates as they were, people."""

from __future__ import annotations

from collections.abc import Callable

from comp_core.metrics.figures import chosen_by
from comp_core.modalities import MODALITIES
from comp_core.reports.benchmark_tables import rivals_table
from comp_core.reports.markdown import SPOKEN, Report, given, markdown

_DATA = {"mosi": "MOSI", "cremad-people": "people's votes", "live": "live"}


def differences_table(report: Report) -> str:
    """How far methods are apart on the mean along the curve, with the interval and p of a bootstrap over conversations and seeds."""
    titles = {name: found["title"] for name, found in report["methods"].items()}
    best = report["against_best"]
    rows = [
        (f"{titles[name]} and {titles[best['baseline']]}, the best baseline", *_points(found["area"]), "", "")
        for name, found in best.items()
        if name != "baseline"
    ]
    for name, found in report["against_whole"].items():
        whole = max((other for other in titles if name.startswith(f"{other}-")), key=len)
        (_, accuracy), (key, other) = found.items()
        rows.append((f"{titles[name]} and {titles[whole]}", *_points(accuracy), *_points(other, key)))
    judged = chosen_by(next(iter(report["against_whole"].values()))) if report["against_whole"] else "error"
    header = ("the first minus the second", "accuracy, points (95 %)", "p", f"{'error' if judged == 'mae' else 'UAR'} (95 %)", "p")
    return markdown(header, rows)


def _points(found: Report, figure: str = "accuracy") -> tuple[str, str]:
    scale, digits = (1, 3) if figure == "mae" else (100, 1)
    told, low, high = (f"{scale * found[key]:+.{digits}f}" for key in ("difference", "low", "high"))
    return f"{told} ({low} to {high})", f"{found['p']:.2g}"


def indices_table(report: Report) -> str:
    """How evenly each method uses and trains its modalities, and which settings it took."""
    rows = []
    for found in report["methods"].values():
        indices = [f"{found[key]['mean']:.2f} ± {found[key]['sd']:.2f}" for key in ("equity", "learning")]
        chosen = ", ".join(f"{name} {count}" for name, count in sorted(found["settings"].items(), key=lambda item: -item[1]))
        rows.append((found["title"], *indices, chosen))
    header = (
        f"{report['seeds']} seeds",
        "equity (1: all modalities contribute alike)",
        "unevenness of learning (0: even)",
        "settings chosen",
    )
    return markdown(header, rows)


def realised_table(report: Report) -> str:
    """The missing rates that the models met at test."""
    rates = report["realised"]
    there = [m for m in MODALITIES if m in next(iter(rates.values()))]
    rows = [(SPOKEN[m[0].upper()], *(f"{100 * by_modality[m]:.1f}" for by_modality in rates.values())) for m in there]
    rows.append(("all", *(f"{100 * sum(by_modality.values()) / len(by_modality):.1f}" for by_modality in rates.values())))
    draws = report["seeds"] * report["draws"]
    return markdown((f"missing in % ({draws} draws), stated rate", *(f"{float(rate):.0%}" for rate in rates)), rows)


def people_table(report: Report) -> str:
    """What methods make of people's votes: accuracy and UAR given voice, face and both, and the weights with both."""
    reference = report["logistic_regression"]
    rows = []
    for found in report["methods"].values():
        cells = [_both(*(found["conditions"][name][key]["mean"] for key in ("accuracy", "uar"))) for name in reference]
        weights = found["weights"][max(found["weights"], key=len)]
        rows.append((found["title"], *cells, " / ".join(f"{weights[m]:.2f}" for m in next(iter(report["realised"].values())))))
    cells = [_both(figures["accuracy"], figures["uar"]) for figures in reference.values()]
    rows.append(("logistic regression, one for each", *cells, ""))
    columns = [given(name.removeprefix("only ")) for name in reference]
    return markdown((f"accuracy; UAR in % ({report['seeds']} seeds)", *columns, "weights voice / face"), rows)


def interventions_table(report: Report, model: str) -> str:
    """What each intervention on a trained model changes: accuracy in points, and the share of the answers that are others."""
    columns = [(data, told) for data, by_model in report["metrics"].items() for told in by_model[model]]
    found = [report["metrics"][data][model][told] for data, told in columns]
    header = (f"{report['seeds']} seeds", *(f"{_DATA[data]}, {told}" for data, told in columns))
    first, *names = found[0]
    rows = [("as trained, accuracy in %", *(f"{100 * one[first]['accuracy']['mean']:.1f}" for one in found))]
    rows += [(report["titles"][name], *(_changed(one[name]) for one in found)) for name in names]
    return markdown(header, rows)


def _changed(found: Report) -> str:
    mean, sd = (100 * found["accuracy"][key] for key in ("mean", "sd"))
    return f"{mean:+.1f} ± {sd:.1f}; {100 * found['flipped']['mean']:.1f} %"


def _both(accuracy: float, uar: float) -> str:
    return f"{100 * accuracy:.1f}; {100 * uar:.1f}"


def protocol_tables_of(name: str, source: str) -> dict[str, tuple[str, Callable[[Report], str]]]:
    """All that is shown of a report under the present protocol."""
    makers = {"exact": rivals_table, "differences": differences_table, "indices": indices_table, "realised": realised_table}
    return {f"{kind}_{name}": (source, make) for kind, make in makers.items()}
