"""Tables of what a visitor's lesson is worth."""

from __future__ import annotations

from comp_core.modalities import NAMES
from comp_core.reports.markdown import Report, markdown

_NAMES = {"labels": "seven labels", "own": "and calm, a name of one's own"}
_PARTS = {"fitted": "its own try", "repeat": "the repeat", "other": "another sentence", "changed": "the same in changed sound"}


def personal_table(report: Report) -> str:
    """Each strength of the ridge on the actors by whom it was chosen."""
    choosing = report["metrics"]["choosing"]
    strengths = list(next(iter(choosing.values())))
    columns = [(m, part) for m, found in choosing.items() for part in _PARTS if f"{part}_with" in found[strengths[0]]]
    rows = [("no lesson", *(f"{choosing[m][strengths[0]][f'{part}_without']:.3f}" for m, part in columns))]
    for strength in strengths:
        used = ", in use" if float(strength) == report["strength"] else ""
        rows.append((f"{float(strength):g}{used}", *(f"{choosing[m][strength][f'{part}_with']:.3f}" for m, part in columns)))
    titles = [f"{NAMES[m]}: {_PARTS[part]}" for m, part in columns]
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
