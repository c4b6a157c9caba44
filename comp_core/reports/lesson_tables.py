"""Tables of what a visitor's lesson is worth."""

from __future__ import annotations

from comp_core.modalities import NAMES
from comp_core.reports.markdown import Report, markdown

_NAMES = {"labels": "seven labels", "own": "and calm, a name of one's own"}
_PARTS = {"fitted": "its own try", "repeat": "the repeat", "other": "another sentence", "changed": "the same in changed sound"}
_TEST = {
    "repeat_without": "the repeat",
    "repeat_with": "with the lesson",
    "other_without": "another sentence",
    "other_with": "with the lesson",
    "changed_without": "in changed sound",
    "changed_with": "with the lesson",
    "both_with": "another sentence, both tries",
    "helped": "helped",
    "harmed": "harmed",
}


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
            shares = [f"{found[key]:.3f}" if key in found else "" for key in _TEST]
            rows.append((f"{NAMES[modality]}, {_NAMES[names]}", str(found["lessons"]), *shares))
    return markdown((f"{len(report['test_actors'])} actors", "lessons", *_TEST.values()), rows)
