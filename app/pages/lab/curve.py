"""Accuracy against missing rate: from the committed reports, and anew on demand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache, partial
from html import escape
from typing import Any

import gradio as gr

from app.live.phrases import listed
from app.pages.lab.introspection import Series, learning, measured, reported
from app.pages.lab.plot import EPOCH, REPORTS_DIR, SAVE, curves_html, report_link
from app.pages.shared.markup import message_html, section_html
from comp_core.evaluation.curve import curve, load_conversations
from comp_core.modalities import MODALITIES, NAMES
from comp_core.predictor import Predictor
from comp_core.reports.benchmark_tables import balance_table, shares_table
from comp_core.support.assets import ASSETS

# Title -> report of the benchmark.
REPORTS = {
    "CMU-MOSI, words read by our encoder": "benchmark/mosi_reread",
    "CMU-MOSI, released features": "benchmark/mosi",
}
# Data set of the report ``balance`` -> title.
LEARNING = {"ravdess": "RAVDESS takes, 8 classes, voice and face of one person", "mosi-reread": "CMU-MOSI, words read by our encoder"}
CURVES = ("comp", "prlf", "late", "concat", "graph")
RATES = (0.0, 0.15, 0.3, 0.45, 0.6)
EVENLY = "evenly"
_CURVE = "How accuracy falls as more of the modalities are missing. The band is one standard deviation over seeds."
_BALANCE = (
    "Does a modality learn less when all are trained together? The tables compare a network of one modality with the joint models' own "
    "heads, and show how the models weigh the three. Below them is how each modality learns, epoch by epoch, without and with ComP's "
    "gradient modulator."
)
_RUN = (
    "The models of this page on some 400 held-out utterances of MELD, with faces and voices that were <strong>paired with them by "
    "label</strong>. The band is one standard deviation over three draws of what is missing."
)


def curve_section(predictor: Predictor) -> None:
    """Accuracy against missing rate: from the committed reports, and anew on demand."""
    gr.HTML(section_html("The curve", _CURVE), apply_default_css=False)
    there = {title: name for title, name in REPORTS.items() if (REPORTS_DIR / f"{name}.json").is_file()}
    source = gr.Radio(list(there.items()), value=next(iter(there.values())), label="Benchmark")
    drawn = gr.HTML(draw_reported(source.value), js_on_load=SAVE, apply_default_css=False, elem_id="lab-curve")
    gr.HTML(section_html("Balance", _BALANCE), apply_default_css=False)
    balance = gr.Markdown(balance_of(source.value), elem_classes=["cp-prose"], elem_id="lab-balance")
    gr.HTML(draw_learning(), js_on_load=SAVE, apply_default_css=False, elem_id="lab-learning")
    source.input(balance_of, source, balance, api_visibility="private")
    source.input(draw_reported, source, drawn, api_visibility="private")
    gr.HTML(section_html("Run it now", _RUN), apply_default_css=False)
    with gr.Row():
        gone = gr.Radio([(_missing(m), m) for m in (EVENLY, *MODALITIES)], value=EVENLY, label="Missing")
        highest = gr.Slider(0.2, 0.66, 0.6, step=0.02, label="highest missing rate")
        seed = gr.Number(0, precision=0, minimum=0, maximum=10_000, label="seed")
    with gr.Row():
        start = gr.Button("Run it now", variant="primary", elem_id="lab-run")
        cancel = gr.Button("Cancel", elem_id="lab-cancel")
    # What is waited for is told here: where it is told, Gradio makes all else pale, and the points are to be seen as they come.
    waiting = gr.HTML("", apply_default_css=False, elem_id="lab-waiting", elem_classes="cp-waiting")
    made = gr.HTML("", js_on_load=SAVE, apply_default_css=False, elem_id="lab-made")
    running = start.click(
        partial(run_curve, predictor),
        [gone, highest, seed],
        made,
        api_visibility="private",
        concurrency_id="curve",
        concurrency_limit=1,
        show_progress_on=waiting,
    )
    cancel.click(None, cancels=[running])


def balance_of(name: str) -> str:
    """What a committed report says of single modalities and of the weights, as Markdown."""
    report = _report(name)
    return f"{balance_table(report)}\n\n{shares_table(report)}\n\nFrom {report_link(name)}."


@cache
def draw_learning() -> str:
    """Each modality's accuracy over the epochs, alone and together, from the committed report; "" where there is none."""
    if not (REPORTS_DIR / "balance.json").is_file():
        return ""
    report = _report("balance")
    figures = []
    for name, found in report["metrics"].items():
        series = learning(found)
        note = (
            f"{LEARNING[name]}: validation accuracy of each modality's own head, given alone; {report['seeds']} seeds. "
            f"From {report_link('balance')}."
        )
        figures.append(curves_html(series, _told(series), note, EPOCH))
    return f'<div class="cp cp-pair">{"".join(figures)}</div>'


def _report(name: str) -> dict[str, Any]:
    return json.loads((REPORTS_DIR / f"{name}.json").read_text(encoding="utf-8"))


@cache
def draw_reported(name: str) -> str:
    """The curves of a committed report."""
    report = _report(name)
    series = reported(report, CURVES)
    counts = f"{report['seeds']} seeds, {report['test_utterances']} test utterances, {report['date']}"
    return curves_html(series, _told(series), f"From {report_link(name)}: {counts}. {report['note']}")


def run_curve(predictor: Predictor, gone: str, highest: float, seed: float, progress: Callable | None = gr.Progress()) -> Iterator[str]:  # noqa: B008
    """Points are drawn as they come."""
    path = ASSETS / "lab" / "lab_set.npz"
    if not path.is_file():
        yield message_html("The held-out conversations are missing: take assets/lab/ from the repository again.")
        return
    conversations = load_conversations(path)
    fusions = {name: fusion for name, fusion in predictor.fusions.items() if fusion.by_senses}
    models = {name: fusion.model for name, fusion in fusions.items()}
    titles = {name: fusion.name for name, fusion in fusions.items()}
    others = [fusion.name for fusion in predictor.fusions.values() if not fusion.by_senses]
    left_out = f" {listed(others)}: not shown, for these utterances do not have its labels." if others else ""
    rates = [round(highest * rate / RATES[-1], 2) for rate in RATES]
    points = []
    utterances = sum(len(c) for c in conversations)
    progress(0.0, desc="reading")
    for point in curve(models, conversations, rates, None if gone == EVENLY else gone, int(seed or 0)):
        points.append(point)
        progress(len(points) / len(rates), desc=f"{100 * point.rate:.0f} % missing")
        series = measured(points, titles)
        note = f"Just measured on {utterances} utterances, seed {int(seed or 0)}, missing {_missing(gone)}.{escape(left_out)}"
        yield curves_html(series, _told(series), note, expected=rates)


def _missing(gone: str) -> str:
    """In words."""
    return gone if gone == EVENLY else f"mostly the {NAMES[gone]}"


def _told(series: list[Series]) -> str:
    return "; ".join(f"{s.title}: {100 * s.means[0]:.0f} % to {100 * s.means[-1]:.0f} %" for s in series)
