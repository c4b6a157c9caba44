"""Markdown tables of the committed reports: `python -m comp_core tables` prints them and writes them into README, docs and model cards.

A document holds a table between the lines ``<!-- table: NAME -->`` and ``<!-- end of table -->``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import partial, reduce
from operator import getitem
from pathlib import Path

from comp_core.metrics.figures import mean_and_spread
from comp_core.metrics.rules import MODEL, PEOPLE
from comp_core.modalities import LABELS, MODALITIES
from comp_core.reports import benchmark_tables
from comp_core.reports.benchmark_tables import benchmark_table, parts_table, rivals_table
from comp_core.reports.lesson_tables import personal_table, personal_test_table
from comp_core.reports.markdown import SPOKEN, Report, given, markdown
from comp_core.reports.measured_tables import (
    asked_for_table,
    cost_table,
    fuzz_guided_table,
    fuzz_table,
    growth_table,
    inventions_table,
    live_table,
    load_table,
    memory_table,
    minute_answers_table,
    minute_table,
    peers_labelled_table,
    peers_table,
    recognisers_table,
    recognition_table,
    scaling_estimate_table,
    scaling_table,
    soak_table,
    speed_table,
)
from comp_core.reports.protocol_tables import interventions_table, people_table, protocol_tables_of

# Heads of the senses' networks as a reader would call them.
_HEADS = {
    "ferplus_8": "FER+ test, 8 classes, maximum vote",
    "ferplus_8_published": "the same, the pictures that FER+'s authors test on",
    "live_7": "FER+ test, the 7 live labels",
    "live_7_corrected": "the same, as a visitor is told",
    "live_7_agreed": "where most people agree",
    "live_7_agreed_corrected": "the same, as a visitor is told",
    "ravdess": "RAVDESS test actors, 8 classes",
    "emodb": "Emo-DB test speakers, 7 classes",
    "live": "both, the 7 live labels",
}
_CORPORA = {"goemotions": "GoEmotions-Ekman, one label", "meld": "MELD, utterance alone"}
_MARKED = re.compile(r"(?P<open><!-- table: (?P<name>\w+) -->)\n.*?(?P<close><!-- end of table -->)", re.DOTALL)


def tables(reports: Path) -> Iterator[tuple[str, str]]:
    """Name and Markdown of each table that a report in the folder gives, with the report's place, date and command below it."""
    for name, (source, make) in _MAKERS.items():
        path = reports / f"{source}.json"
        if path.is_file():
            report = json.loads(path.read_text(encoding="utf-8"))
            yield name, f"{make(report)}\n\n`assets/reports/{source}.json`, {report['date']}: `{report['command']}`"


def with_tables(document: str, found: dict[str, str]) -> str:
    """The document with what stands between its markers replaced by the tables of those names; unknown names are left alone."""

    def fresh(match: re.Match[str]) -> str:
        table = found.get(match["name"])
        return match[0] if table is None else f"{match['open']}\n{table}\n{match['close']}"

    return _MARKED.sub(fresh, document)


def sense_table(report: Report) -> str:
    """Test figures of the face or voice network, a row per head or set."""
    metrics = report["metrics"].get("test", report["metrics"])
    rows = [(_HEADS[head], *_figures(figures), f"{figures['majority']:.3f}") for head, figures in metrics.items()]
    return markdown(("test set", "n", "accuracy", "UAR", "weighted F1", "ECE", "majority"), rows)


def conditions_table(report: Report) -> str:
    """What bad pictures or bad sound cost, on the seven live labels."""
    rows = []
    for name, figures in report["conditions"].items():
        found = (f"{figures['found']:.3f}",) if "found" in figures else ()
        rows.append((name, str(figures["n"]), *found, *(f"{figures[key]:.3f}" for key in ("accuracy", "uar", "ece"))))
    header = ("condition", "n", *(("face found",) if len(rows[0]) == 6 else ()), "accuracy", "UAR", "ECE")
    return markdown(header, rows)


def words_conditions_table(report: Report) -> str:
    """What lost and misheard words cost in each corpus."""
    rows = [
        (_CORPORA[corpus], name, *_figures(figures))
        for corpus, conditions in report["conditions"].items()
        for name, figures in conditions.items()
    ]
    return markdown(("test set", "condition", "n", "accuracy", "UAR", "weighted F1", "ECE"), rows)


def steadiness_table(report: Report) -> str:
    """How calm the output is while nothing happens."""
    titles = {
        "label_changes": "changes of the shown label",
        "label_changes_unsmoothed": "the same without smoothing",
        "strong_emotion": "mean probability of anger, fear, disgust and surprise",
    }
    rows = [(title, *(f"{report['metrics'][key][of]:.2f}" for of in ("mean", "worst"))) for key, title in titles.items()]
    return markdown((f"{report['faces']} neutral faces, {report['seconds']} s each, silence", "mean", "worst face"), rows)


def words_table(report: Report) -> str:
    """Test figures of the words encoder, a row per corpus and form of the text."""
    forms = {"as_written": "as written", "unpunctuated": "lower case, no punctuation", "live_head": "live head, as written"}
    rows = [
        (f"{_CORPORA[corpus]}, {forms[form]}", *_figures(figures), f"{figures['macro_f1']:.3f}")
        for corpus, by_form in report["metrics"]["test"].items()
        for form, figures in by_form.items()
    ]
    return markdown(("test set", "n", "accuracy", "UAR", "weighted F1", "ECE", "macro-F1"), rows)


def obvious_table(report: Report) -> str:
    """What each sense alone makes of the test parts of the suite of the obvious: shares right, and right of each label that is there."""
    titles = {
        ("sentences", "test", "as_written", "text"): "plain sentences",
        ("sentences", "test", "unpunctuated", "text"): "plain sentences, lower case, no punctuation",
        ("everyday", "test", "as_written", "text"): "everyday sentences",
        ("everyday", "test", "unpunctuated", "text"): "everyday sentences, lower case, no punctuation",
        ("ambivalent", "test", "as_written", "text"): "irony, greetings, fragments",
        ("voices", "ravdess", "audio"): "acted voices, RAVDESS",
        ("voices", "emodb", "audio"): "acted voices, Emo-DB (German)",
        ("faces", "ferplus", "video"): "faces on which 80 % agree, FER+",
    }
    rows = []
    for place, title in titles.items():
        found = reduce(getitem, place, report["metrics"])
        right, recall = found.get("accuracy", found.get("right")), found.get("recall", {})
        rows.append((title, str(found["n"]), f"{right:.3f}", *(f"{recall[label]:.2f}" if label in recall else "-" for label in LABELS)))
    return markdown(("of the test parts", "n", "right", *LABELS), rows)


def fusion_table(report: Report) -> str:
    """Fused test figures for each subset of modalities: mean and spread over seeds, and the mean coordinator weights of the chosen seed."""
    chosen, rows = report["metrics"]["test"], []
    for subset, spread in report["over_seeds"]["test"].items():
        cells = [_spread(spread["fused"][key]) for key in ("accuracy", "uar", "weighted_f1", "ece")]
        rows.append((given(subset), *cells, " / ".join(f"{chosen[subset]['weights'][m]:.2f}" for m in MODALITIES)))
    header = (f"given ({_seeds(report)} seeds)", "accuracy", "UAR", "weighted F1", "ECE", "weights voice / words / face")
    return markdown(header, rows)


def rules_table(report: Report) -> str:
    """Accuracy and UAR of the fusion model beside rules that join the senses' own predictions, and who answers on the page."""
    names = {MODEL: report["name"], "late_average": "average", "confidence_weighted": "confidence-weighted", "product": "product"}
    names[PEOPLE] = "people's"
    rows = []
    for data, title in (("test", "MELD, test"), ("visitors", "plain sentences, validation")):
        for subset, by_rule in report["candidates"][data].items():
            cells = [f"{by_rule[name]['accuracy']:.3f}; {by_rule[name]['uar']:.3f}" for name in names]
            rows.append((title, given(subset), *cells, names[report["rules"][subset]]))
    return markdown(("accuracy; UAR", "given", *names.values(), "on the page"), rows)


def answers_table(report: Report) -> str:
    """What the page answers with each subset of senses, on the fusion model's test data and on plain sentences."""
    rows = []
    for data, title in (("test", "MELD, test"), ("visitors", "plain sentences, validation")):
        for subset, figures in report["answers"][data].items():
            rows.append((title, given(subset), *(f"{figures[key]:.3f}" for key in ("accuracy", "uar", "ece"))))
    return markdown(("data", "given", "accuracy", "UAR", "ECE"), rows)


def leading_table(report: Report) -> str:
    """Whether PRLF's reliabilities matter on the live data, over seeds."""

    def over(*path: str) -> str:
        return _spread(mean_and_spread([reduce(getitem, path, found) for found in report["leading"]]))

    rows = [
        ("accuracy", over("as_judged", "accuracy")),
        ("accuracy with the reliabilities of other utterances", over("permuted", "accuracy")),
        ("the dominant modality was the one with the smallest error", over("leader_is_best")),
        ("the same modality always would have been", over("always_the_same_is_best")),
        *((f"led by the {SPOKEN[m[0].upper()]}", over("led", m)) for m in MODALITIES),
    ]
    return markdown((f"all three given ({len(report['leading'])} seeds)", "share of utterances"), rows)


def agreement_table(report: Report) -> str:
    """Test accuracy and calibration error of the fused output, by how often faces and voices agree with the utterance."""
    rows = []
    for name in ("test_agreeing_always", "test", "test_agreeing_seldom"):
        agreement = report["agreement"][name]
        told = f"{agreement['source']} ({', '.join(f'{SPOKEN[m[0].upper()]} {rate:.0%}' for m, rate in agreement['rates'].items())})"
        fused = [report["over_seeds"][name][subset]["fused"] for subset in ("A", "T", "V", "ATV")]
        rows.append((told, *(_spread(f["accuracy"]) for f in fused), _spread(fused[-1]["ece"])))
    return markdown(("face and voice agree", "voice", "words", "face", "all three", "ECE, all three"), rows)


def partial_loss_table(report: Report) -> str:
    """The fusion models on utterances with holes, by the share of words and frames that is lost."""
    shares = list(next(iter(report["metrics"].values())))
    rows = []
    for name, by_share in report["metrics"].items():
        for subset in ("A", "T", "AT", "ATV"):
            rows.append((name, given(subset), *(_spread(by_share[share][subset]["accuracy"]) for share in shares)))
    header = ("model", "given", *(f"{float(share):.0%} lost" for share in shares))
    return markdown(header, rows)


def paired_corpora_table(report: Report) -> str:
    """ComP and rules on data whose modalities were recorded together, for each subset that the data have."""
    titles = {"ravdess": "RAVDESS takes, 8 classes", "mosi": "CMU-MOSI, sign of the sentiment"}
    rows = []
    for name, by_subset in report["metrics"].items():
        for subset, figures in by_subset.items():
            rules = [_spread(figures[rule]["accuracy"]) if rule in figures else "" for rule in ("late_average", "product")]
            rows.append((titles[name], given(subset), *(_spread(figures["fused"][key]) for key in ("accuracy", "uar")), *rules))
    header = (f"test data ({report['seeds']} seeds)", "given", "accuracy", "UAR", "accuracy of the average", "of the product")
    return markdown(header, rows)


def voice_cv_table(report: Report) -> str:
    """The voice network on speakers that it never heard, as they were recorded and degraded."""
    titles = {"ravdess": "RAVDESS, 20 actors, 8 classes", "emodb": "Emo-DB, 10 speakers, 7 classes"}
    rows = []
    for name, by_condition in report["metrics"].items():
        for condition, figures in by_condition.items():
            share = f"{figures['uar']['mean'] / by_condition['studio']['uar']['mean']:.2f}"
            cells = (_spread(figures[key]) for key in ("accuracy", "uar", "ece"))
            rows.append((titles[name], condition, str(figures["n"]), *cells, share))
    header = f"{report['folds']} folds by speaker, {report['seeds']} seeds"
    return markdown((header, "condition", "n", "accuracy", "UAR", "ECE", "share of the UAR"), rows)


def voice_cross_table(report: Report) -> str:
    """A voice network trained on one corpus and tested on the other."""
    titles = {"ravdess": "RAVDESS", "emodb": "Emo-DB"}
    rows = []
    for source, figures in report["metrics"].items():
        other = next(title for name, title in titles.items() if name != source)
        spread = (_spread(figures[key]) for key in ("accuracy", "uar"))
        rows.append((titles[source], other, str(figures["n"]), *spread, f"{figures['majority']:.3f}"))
    return markdown((f"trained on ({report['seeds']} seeds)", "tested on", "n", "accuracy", "UAR", "majority"), rows)


def words_cross_table(report: Report) -> str:
    """A words network trained on one corpus, on its own test split and on the other's."""
    rows = [
        (_CORPORA[source].split(",")[0], _CORPORA[name], *_figures(figures), f"{figures['macro_f1']:.3f}")
        for source, by_test in report["metrics"].items()
        for name, figures in by_test.items()
    ]
    return markdown(("trained on", "tested on", "n", "accuracy", "UAR", "weighted F1", "ECE", "macro-F1"), rows)


def _spread(figure: Report) -> str:
    return f"{figure['mean']:.3f} ± {figure['sd']:.3f}"


def _seeds(report: Report) -> int:
    return report["over_seeds"]["test"]["ATV"]["fused"]["accuracy"]["seeds"]


def _figures(figures: Report) -> tuple[str, ...]:
    return (str(figures["n"]), *(f"{figures[key]:.3f}" for key in ("accuracy", "uar", "weighted_f1", "ece")))


# Table -> the report it comes from, and what makes it.
_MAKERS: dict[str, tuple[str, Callable[[Report], str]]] = {
    "face": ("face_test", sense_table),
    "face_conditions": ("face_test", conditions_table),
    "voice": ("voice", sense_table),
    "voice_conditions": ("voice_test", conditions_table),
    "words": ("words", words_table),
    "obvious": ("obvious", obvious_table),
    "words_conditions": ("words_test", words_conditions_table),
    "comp": ("comp", fusion_table),
    "comp_rules": ("comp", rules_table),
    "comp_answers": ("comp", answers_table),
    "comp_agreement": ("comp", agreement_table),
    "prlf": ("prlf", fusion_table),
    "prlf_rules": ("prlf", rules_table),
    "prlf_leading": ("prlf", leading_table),
    "partial_loss": ("partial_loss", partial_loss_table),
    "paired_corpora": ("paired_corpora", paired_corpora_table),
    "voice_cv": ("voice_cv", voice_cv_table),
    "voice_cross": ("voice_cross", voice_cross_table),
    "words_cross": ("words_cross", words_cross_table),
    "personal": ("personal", personal_table),
    "personal_test": ("personal", personal_test_table),
    **{
        f"{kind}_{name}": (f"benchmark/{name}", make)
        for name in ("mosi_reread", "mosi")
        for kind, make in (
            ("balance", benchmark_tables.balance_table),
            ("shares", benchmark_tables.shares_table),
            ("leading", benchmark_tables.leading_table),
        )
    },
    "test_selected_mosi": ("benchmark/mosi_test_selected", benchmark_table),
    "prlf_parts_mosi": ("benchmark/mosi_prlf", parts_table),
    "presets_mosi": ("benchmark/mosi_presets", benchmark_table),
    "exact_live": ("benchmark/live", rivals_table),
    "ravdess": ("benchmark/ravdess", parts_table),
    **protocol_tables_of("mosi", "benchmark/mosi"),
    **protocol_tables_of("mosi_reread", "benchmark/mosi_reread"),
    **protocol_tables_of("mosi_rivals", "benchmark/mosi_rivals"),
    "exact_people": ("benchmark/cremad-people", rivals_table),
    "people": ("benchmark/cremad-people", people_table),
    "asked_for": ("people", asked_for_table),
    **{f"interventions_{model}": ("interventions", partial(interventions_table, model=model)) for model in ("comp", "prlf")},
    "steadiness": ("steadiness", steadiness_table),
    "recognition": ("recognition", recognition_table),
    "inventions": ("recognition", inventions_table),
    "speed": ("speed", speed_table),
    "cost": ("cost", cost_table),
    "cost_growth": ("cost", growth_table),
    "scaling": ("scaling", scaling_table),
    "scaling_estimate": ("scaling", scaling_estimate_table),
    "live": ("live", live_table),
    "live_soak": ("live_soak", soak_table),
    "minute": ("minute", minute_table),
    "minute_answers": ("minute", minute_answers_table),
    "memory": ("memory", memory_table),
    "peers": ("peers", peers_table),
    "peers_labelled": ("peers", peers_labelled_table),
    "recognisers": ("peers", recognisers_table),
    "load": ("load", load_table),
    "fuzz": ("fuzz", fuzz_table),
    "fuzz_guided": ("fuzz_guided", fuzz_guided_table),
}
