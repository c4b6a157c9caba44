"""Figures that papers print, beside ours on the same data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from comp_core.reports.markdown import Report, markdown


@dataclass(frozen=True)
class PublishedTable:
    """A table of a paper.

    Attributes:
        source: where it is printed, and how its figures came about.
        rates: its columns.
        rows: data set -> the paper's name of a method -> figures in % for each rate: accuracy, and where it is printed weighted F1 of
            scores or UAR of classes.
        ours: the paper's name of a method -> our methods of that name or family.
    """

    source: str
    rates: tuple[float, ...]
    rows: Mapping[str, Mapping[str, str]]
    ours: Mapping[str, tuple[str, ...]]


PUBLISHED = {
    "comp-table1": PublishedTable(
        "He, Zhu, Zhang, AAAI 2026 (arXiv 2512.11239), Table 1: epochs chosen on test data; wav2vec-large, DeBERTa-large, MA-Net features",
        (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7),
        {
            "mosi": {
                "ComP": "87.20/87.11 85.37/85.23 83.69/83.67 81.10/81.18 79.27/78.96 75.61/75.74 73.17/73.33",
                "MoMKE": "86.74/86.74 83.38/83.44 80.64/80.72 77.90/78.02 76.68/76.80 73.93/74.08 70.58/70.76",
                "GCNet": "80.95/81.02 78.51/78.53 77.59/77.39 73.32/73.48 74.39/74.46 65.70/65.91 64.79/64.99",
            },
            "mosei": {"ComP": "86.60/86.48 85.83/85.59 85.28/85.10 84.20/83.94 83.30/83.12 82.17/81.78 80.82/80.55"},
            "iemocap-4": {"ComP": "80.66/81.09 79.58/80.22 78.37/79.16 77.21/77.96 75.62/76.44 74.28/75.27 73.41/74.09"},
            "iemocap-6": {"ComP": "62.02/61.41 60.53/58.79 59.67/58.33 57.66/56.22 56.50/54.76 55.23/53.86 54.58/53.01"},
        },
        {"ComP": ("comp-paper", "comp"), "MoMKE": ("experts", "experts-context"), "GCNet": ("graph",)},
    ),
    "comp-table3": PublishedTable(
        "He, Zhu, Zhang, AAAI 2026 (arXiv 2512.11239), Table 3: accuracy, epochs chosen on test data; features as in Table 1",
        (0.1, 0.4, 0.7),
        {
            "mosi": {
                "none of its parts": "83.69 75.30 68.75",
                "knowledge propagation (KP)": "85.67 78.51 70.88",
                "KP and prompts (PG)": "85.82 78.96 71.65",
                "KP, PG and coordinator (Cr)": "86.13 79.57 71.80",
                "KP, PG, Cr and gradient modulator": "87.20 81.10 73.17",
            },
        },
        {
            "none of its parts": ("comp-paper-base",),
            "knowledge propagation (KP)": ("comp-paper-kp",),
            "KP and prompts (PG)": ("comp-paper-kp-pg",),
            "KP, PG and coordinator (Cr)": ("comp-paper-no-modulator",),
            "KP, PG, Cr and gradient modulator": ("comp-paper",),
        },
    ),
}


def corpus_of(name: str, classes: int | None) -> str | None:
    """Which data set of the tables this is, by its name and the number of its classes (None: scores); None if it is none of them."""
    if classes is None:
        return next((corpus for corpus in ("mosei", "mosi") if corpus in name.lower()), None)
    return f"iemocap-{classes}" if "iemocap" in name.lower() and classes in (4, 6) else None


def published_table(table: PublishedTable, reports: Mapping[str, Report], corpus: str | None) -> str:
    """Published figures beside ours, a row for each method and way of choosing epochs.

    Args:
        reports: ``valid`` and ``test``, of the same methods and of the table's rates.
        corpus: see `corpus_of`.
    """
    titles = {"test": "ours, chosen on test data", "valid": "ours, chosen on validation data"}
    published = table.rows.get(corpus, {}) if corpus else {}
    rows = []
    for name, ours in table.ours.items():
        if name in published:
            rows.append((name, "published", *(cell.replace("/", " / ") for cell in published[name].split())))
        for method in ours:
            for select, title in titles.items():
                if method in reports[select]["methods"]:
                    rows.append((*_named(reports[select]["methods"][method], title, table.rates),))
    first = next(iter(reports["valid"]["methods"].values()))["conditions"][f"rate {table.rates[0]}"]
    header = (f"accuracy / {'UAR' if 'uar' in first else 'weighted F1'} in %", "figures", *(f"{rate:.0%}" for rate in table.rates))
    seeds = f"Ours: mean of {reports['valid']['seeds']} seeds, features as given. Published: {table.source}."
    note = "" if published else " The paper has no figures of this data set."
    return f"{markdown(header, rows)}\n\n{seeds}{note}"


def _named(method: Report, title: str, rates: tuple[float, ...]) -> tuple[str, ...]:
    cells = []
    for rate in rates:
        figures = method["conditions"][f"rate {rate}"]
        second = figures.get("uar", figures["weighted_f1"])
        cells.append(f"{100 * figures['accuracy']['mean']:.2f} / {100 * second['mean']:.2f}")
    return (method["title"], title, *cells)
