"""Where ComP puts utterances, drawn: before propagation, after it, and fused."""

from __future__ import annotations

from functools import partial
from html import escape

import gradio as gr

from app.pages.lab.curve import ASSETS
from app.pages.lab.plot import SAVE, saves_html
from app.pages.shared.markup import message_html, section_html
from comp_core.evaluation.curve import load_conversations
from comp_core.evaluation.projection import Projection, projections
from comp_core.modalities import LABELS
from comp_core.predictor import Predictor
from comp_core.support.spreadsheet import csv_text

RATES = (0.0, 0.3, 0.6)
_SPACE = (
    "Each mark is one of some 400 held-out utterances of MELD, with a face and a voice that were <strong>paired with it by label</strong>. "
    "The drawings show ComP's states before propagation, after it, and fused, on the two axes along which they differ most. Take "
    "modalities away and see what propagation brings back."
)
# Okabe-Ito and grey; a mark of its own tells each label apart without colour.
MARKS = dict(
    zip(
        LABELS,
        (("#8a94a0", "●"), ("#e69f00", "▲"), ("#0072b2", "■"), ("#d55e00", "◆"), ("#56b4e9", "▼"), ("#009e73", "✚"), ("#cc79a7", "★")),
        strict=True,
    )
)
_SIDE, _MARGIN = 300, 8


def space_section(predictor: Predictor) -> None:
    """Build the section; it is drawn when it is asked for."""
    gr.HTML(section_html("Before, after, fused", _SPACE), apply_default_css=False)
    with gr.Row():
        rate = gr.Radio([(f"{share:.0%}", share) for share in RATES], value=RATES[1], label="Missing")
        draw = gr.Button("Draw it", variant="primary", elem_id="lab-draw")
    drawn = gr.HTML("", js_on_load=SAVE, apply_default_css=False, elem_id="lab-space")
    for event in (draw.click, rate.input):
        event(partial(draw_projections, predictor), rate, drawn, api_visibility="private", concurrency_id="space", concurrency_limit=1)


def draw_projections(predictor: Predictor, rate: float) -> str:
    """The three stages side by side, at a missing rate."""
    path = ASSETS / "lab" / "lab_set.npz"
    models = [fusion.model for fusion in predictor.fusions.values() if fusion.kind.prompts and fusion.by_senses]
    if not path.is_file() or not models:
        return message_html("This needs ComP, and the held-out conversations in assets/lab/: take both from the repository again.")
    found = projections(models[0], load_conversations(path), float(rate))
    panels = "".join(projection_html(stage, space) for stage, space in found.items())
    legend = "".join(f'<li><b style="color:{colour}">{mark}</b> {label}</li>' for label, (colour, mark) in MARKS.items())
    return f'<div class="cp cp-panel"><div class="cp-spaces">{panels}</div><ul class="cp-legend">{legend}</ul></div>'


def projection_html(stage: str, space: Projection) -> str:
    """One stage with what its two axes leave out, and how far the labels are apart in all of it."""
    lowest, highest = space.points.min(0), space.points.max(0)
    # One scale for both axes: what is twice as far apart is drawn so.
    places = _MARGIN + (space.points - lowest) * (_SIDE - 2 * _MARGIN) / (highest - lowest).max()
    marks = "".join(
        f'<text x="{x:.1f}" y="{_SIDE - y:.1f}" fill="{colour}">{mark}</text>'
        for (x, y), label in zip(places, space.labels, strict=True)
        for colour, mark in (MARKS[LABELS[label]],)
    )
    rows = [(round(float(x), 4), round(float(y), 4), LABELS[label]) for (x, y), label in zip(space.points, space.labels, strict=True)]
    table = csv_text([("first", "second", "label"), *rows])
    told = f"{space.apart:.0%} of the variance lies between the labels; the drawing shows {space.kept:.0%} of it all."
    return (
        f'<figure><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_SIDE} {_SIDE}" role="img" aria-label="{escape(stage)}: {told}" '
        f'font-size="9" text-anchor="middle">{marks}</svg>'
        f"<figcaption><b>{escape(stage)}</b><br>{told}</figcaption>{saves_html(stage.replace(' ', '-'), table)}</figure>"
    )
