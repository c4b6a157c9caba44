"""The model card of a model of your own, from its report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from comp_core.inference.fusion import OWN
from comp_core.modalities import NAMES, SUBSETS
from comp_core.senses.speech.recognition import OFF

# Of a table in the card: with more labels or subsets it says how many there are.
_MOST_ROWS = 12


HEARD_BEFORE = "Clips that the senses learnt from (RAVDESS, Emo-DB, FER+, MELD, GoEmotions) give figures that are too good."


def card_of(report: Mapping[str, Any]) -> str:
    """Markdown of at most 80 lines."""
    data, split, chosen = report["data"], report["split"], report["chosen"]
    classes = report["task"] == "classes"
    title = report["methods"][report["kind"]]["title"]
    learnt = ", ".join(NAMES[m] for m in data["learnt"])
    what = f"one of {len(report['labels'])} labels" if classes else "a score"
    lines = [
        "---",
        "library_name: pytorch",
        "tags: [multimodal, missing-modalities]",
        "---",
        f"# {report['name']}",
        "",
        f"A fusion model ({title}) that reads {learnt} and says {what}. It was trained on its owner's clips.",
        "It predicts what the table's labels say that people show or say. It predicts expression, not feelings.",
        "**Do not use it** at work, in education on students, in hiring, for surveillance or medical judgements, nor to decide anything "
        "about anyone.",
        "",
        "## Data",
        f"- {data['clips']} clips of `{data['table']}`, {_speakers(data)}; {len(data['left_out'])} were left out.",
        f"- Clips with {', '.join(f'{NAMES[m]}: {count}' for m, count in data['modalities'].items())}.",
        f"- Words: {data['words_given']} given{_recognised(report)}.",
        *_labels(data, classes),
        "",
        "## How it was tested",
        f"{split['told']} {HEARD_BEFORE}",
        f"{len(split['folds'])} folds: each is tested on once, the next is what is chosen by, the others are learnt from.",
        "Method, setting, epoch, temperatures and answer thresholds are chosen on validation data. One seed.",
        "The model in this folder was trained as the folds' models were, but on all parts except one, by which its epoch was chosen.",
        "",
        *_figures(report, classes),
        "",
        "## How it answers",
        *_answers(report, chosen, classes),
        "",
        "## Made",
        f"- `{report['command']}`" if report["command"] else "- From Python.",
        f"- {report['date']}, version {report['version']}, seed {report['seeds'][0]}. Weights: sha256 `{report['weights']['sha256']}`.",
        f"- All figures are in `report.json`. The labels are in `{OWN}.json`.",
        "- The senses are this project's. They learnt from RAVDESS (CC BY-NC-SA 4.0) and FER2013 (research): the model is for",
        "  non-commercial research and teaching, whatever the licence of the clips.",
    ]
    return "\n".join(lines) + "\n"


def _speakers(data: Mapping[str, Any]) -> str:
    return f"{data['speakers']} speakers" if data["speakers"] else "speakers not given"


def _recognised(report: Mapping[str, Any]) -> str:
    return "" if report["recogniser"] == OFF else f", the others recognised by {report['recogniser']}"


def _labels(data: Mapping[str, Any], classes: bool) -> list[str]:
    if not classes:
        scores = data["scores"]
        return [f"- Scores from {scores['lowest']:g} to {scores['highest']:g}, mean {scores['mean']:.2f}, deviation {scores['sd']:.2f}."]
    counts = list(data["clips_by_label"].items())
    told = ", ".join(f"{label} {count}" for label, count in counts[:_MOST_ROWS])
    return [f"- {told}{f', and {len(counts) - _MOST_ROWS} more labels' if len(counts) > _MOST_ROWS else ''}."]


def _figures(report: Mapping[str, Any], classes: bool) -> list[str]:
    """Each method on the tests: mean and deviation over folds, and each fold's figure."""
    key, other = ("uar", "accuracy") if classes else ("mae", "pearson")
    rows = [("**this model, as it answers**", report["in_use"]["test"])]
    rows += [(method["title"], method["test"]) for method in report["methods"].values()]
    head = ["UAR", "accuracy", "UAR by fold"] if classes else ["mean error", "correlation", "mean error by fold"]
    table = [f"| from all that a clip has | {' | '.join(head)} |", "|---|---|---|---|"]
    for title, figures in rows:
        folds = ", ".join(f"{value:.2f}" for value in figures[key]["folds"])
        table.append(f"| {title} | {_mean(figures[key])} | {_mean(figures[other])} | {folds} |")
    whole = report["in_use"]["all_folds"]
    if classes:
        chance = (
            f"Chance has a UAR of {1 / len(report['labels']):.2f}; always the commonest label has an accuracy of {whole['majority']:.2f}."
        )
    else:
        chance = f"Always the mean of the scores has a mean error of {whole['of_the_mean']:.2f}."
    only = report["methods"][report["kind"]]["only"]
    subsets = [f"{' + '.join(NAMES[m] for m in SUBSETS[name])} {figures[key]['mean']:.2f}" for name, figures in only.items() if figures]
    told = [f"{chance} Of {head[0]} by what is given: {', '.join(subsets)}."]
    best = max(report["methods"].items(), key=lambda item: item[1]["test"][key]["mean"] * (1 if classes else -1))
    if best[0] != report["kind"]:
        told.append(f"On the tests {best[1]['title']} was better than the model that was kept; of the four only ComP and PRLF can be kept.")
    return [*table, "", *told]


def _answers(report: Mapping[str, Any], chosen: Mapping[str, Any], classes: bool) -> list[str]:
    told = [f"{name}: {value:.3f}" for name, value in chosen["validation"].items()]
    lines = [f"- Chosen by validation score ({', '.join(told)}): {chosen['method']}, {chosen['settings'][chosen['method']]}."]
    if not classes:
        return [*lines, "- Scores have no answer threshold."]
    rules = {" + ".join(NAMES[m] for m in SUBSETS[name]): rule for name, rule in chosen["rules"].items()}
    if rules:
        lines.append(f"- Who answers where several are there: {', '.join(f'{name}: {rule}' for name, rule in rules.items())}.")
    learnt = list(report["methods"][report["kind"]]["only"])
    thresholds = {" + ".join(NAMES[m] for m in SUBSETS[name]): chosen["sure_from"][name] for name in learnt}
    sure = [f"{name} {f'{value:.2f}' if value < 1 else 'never'}" for name, value in thresholds.items()]
    lines.append(
        f"- It is sure from a probability of: {', '.join(sure)}. Above, at most one answer in three was wrong; near chance nothing is."
    )
    return lines


def _mean(figure: Mapping[str, float]) -> str:
    return f"{figure['mean']:.3f} ± {figure['sd']:.3f}"
