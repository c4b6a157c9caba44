"""Markdown tables of the committed reports: `python -m comp_core tables` prints them and writes them into README and model cards.

A document holds a table between the lines ``<!-- table: NAME -->`` and ``<!-- end of table -->``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from comp_core.modalities import MODALITIES

Report = dict[str, Any]

# Heads of the senses' networks as a reader would call them.
_HEADS = {
    "ferplus_8": "FER+ test, 8 classes, maximum vote",
    "live_7": "FER+ test, the 7 live labels",
    "ravdess": "RAVDESS test actors, 8 classes",
    "emodb": "Emo-DB test speakers, 7 classes",
    "live": "both, the 7 live labels",
}
_MARKED = re.compile(r"(?P<open><!-- table: (?P<name>\w+) -->)\n.*?(?P<close><!-- end of table -->)", re.DOTALL)
_SUBSETS = {"A": "voice", "T": "words", "V": "face"}


def tables(reports: Path) -> Iterator[tuple[str, str]]:
    """Name and Markdown of each table that a report in the folder gives."""
    for name, make in _MAKERS.items():
        path = reports / f"{name}.json"
        if path.is_file():
            yield name, make(json.loads(path.read_text(encoding="utf-8")))


def with_tables(document: str, found: dict[str, str]) -> str:
    """The document with what stands between its markers replaced by the tables of those names; unknown names are left alone."""

    def fresh(match: re.Match[str]) -> str:
        table = found.get(match["name"])
        return match[0] if table is None else f"{match['open']}\n{table}\n{match['close']}"

    return _MARKED.sub(fresh, document)


def sense_table(report: Report) -> str:
    """Test figures of the face or voice network, a row per head."""
    rows = [(_HEADS[head], *_figures(figures), f"{figures['majority']:.3f}") for head, figures in report["metrics"]["test"].items()]
    return _markdown(("test set", "n", "accuracy", "UAR", "weighted F1", "ECE", "majority"), rows)


def words_table(report: Report) -> str:
    """Test figures of the words encoder, a row per corpus and form of the text."""
    names = {"goemotions": "GoEmotions-Ekman, one label", "meld": "MELD, utterance alone"}
    forms = {"as_written": "as written", "unpunctuated": "lower case, no punctuation"}
    rows = [
        (f"{names[corpus]}, {forms[form]}", *_figures(figures), f"{figures['macro_f1']:.3f}")
        for corpus, by_form in report["metrics"]["test"].items()
        for form, figures in by_form.items()
    ]
    return _markdown(("test set", "n", "accuracy", "UAR", "weighted F1", "ECE", "macro-F1"), rows)


def fusion_table(report: Report) -> str:
    """Fused test figures for each subset of modalities: mean and spread over seeds, and the mean coordinator weights of the chosen seed."""
    chosen, rows = report["metrics"]["test"], []
    for subset, spread in report["test_over_seeds"].items():
        given = " + ".join(_SUBSETS[initial] for initial in subset)
        cells = [f"{spread[key]['mean']:.3f} ± {spread[key]['sd']:.3f}" for key in ("accuracy", "uar", "weighted_f1", "ece")]
        rows.append((given, *cells, " / ".join(f"{chosen[subset]['weights'][m]:.2f}" for m in MODALITIES)))
    seeds = next(iter(report["test_over_seeds"].values()))["accuracy"]["seeds"]
    header = (f"given ({seeds} seeds)", "accuracy", "UAR", "weighted F1", "ECE", "weights voice / words / face")
    return _markdown(header, rows)


def live_table(report: Report) -> str:
    """How fast the live page is and what it takes."""
    updates, delay, memory = report["face_updates_per_second"], report["capture_to_screen_ms"], report["resident_mb"]
    rows = [
        ("face updates a second, median (lowest)", f"{updates['median']:.1f} ({updates['lowest']:.1f})"),
        ("capture to screen, median / p95", f"{delay['median']:.0f} / {delay['p95']:.0f} ms"),
        *((f"{stage}, median", f"{ms:.1f} ms") for stage, ms in report["stage_ms"].items() if ms is not None),
        ("resident memory, server + recogniser process", f"{memory['server']} + {memory['helpers']} MB"),
        ("start", f"{report['start_s']:.1f} s"),
    ]
    return _markdown((f"live page, {report['seconds']:.0f} s on {report['machine']['cores']} cores", "figure"), rows)


def _figures(figures: Report) -> tuple[str, ...]:
    return (str(figures["n"]), *(f"{figures[key]:.3f}" for key in ("accuracy", "uar", "weighted_f1", "ece")))


_MAKERS: dict[str, Callable[[Report], str]] = {
    "face": sense_table,
    "voice": sense_table,
    "words": words_table,
    "comp": fusion_table,
    "live": live_table,
}


def _markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
