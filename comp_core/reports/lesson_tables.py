"""Tables of what a visitor's lesson is worth."""

from __future__ import annotations

from comp_core.modalities import NAMES
from comp_core.reports.markdown import Report, markdown

_NAMES = {"labels": "seven labels", "own": "and calm, a name of one's own"}


def personal_table(report: Report) -> str:
    """Each strength of the ridge on the actors by whom it was chosen."""
    parts = ("fitted", "repeat", "other")
    by_strength = next(iter(report["metrics"]["choosing"].values()))
    sets = report["metrics"]["choosing"].values()
    rows = [("no lesson", *(f"{next(iter(found.values()))[f'{part}_without']:.3f}" for found in sets for part in parts))]
    for strength in by_strength:
        used = ", in use" if float(strength) == report["strength"] else ""
        rows.append((f"{float(strength):g}{used}", *(f"{found[strength][f'{part}_with']:.3f}" for found in sets for part in parts)))
    titles = [f"{NAMES[m]}: {told}" for m in report["metrics"]["choosing"] for told in ("its own try", "the repeat", "another sentence")]
    return markdown((f"strength ({len(report['choosing_actors'])} actors)", *titles), rows)


def personal_test_table(report: Report) -> str:
    """The strength in use on actors by whom nothing was chosen."""
    rows = []
    for modality, by_names in report["metrics"]["test"].items():
        for names, found in by_names.items():
            shares = ("repeat_without", "repeat_with", "other_without", "other_with", "both_with", "helped", "harmed")
            rows.append((f"{NAMES[modality]}, {_NAMES[names]}", str(found["lessons"]), *(f"{found[key]:.3f}" for key in shares)))
    header = ("the repeat", "with the lesson", "another sentence", "with the lesson", "with both tries", "helped", "harmed")
    return markdown((f"{len(report['test_actors'])} actors", "lessons", *header), rows)
