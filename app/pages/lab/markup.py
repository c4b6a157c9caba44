"""Tables of the lab page as HTML."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
from PIL import Image

from app.live.phrases import RELATIONS, clock_text, percent
from app.pages.lab.introspection import Cell, Row, Step, Use
from app.pages.shared.markup import key_html
from comp_core.evaluation.introspection import Introspection
from comp_core.modalities import MODALITIES, NAMES

# Pixels of a picture's longer side, as it is shown.
SHOWN_PIXELS = 640


def seven_html(rows: Sequence[Row], relation: str, words: str) -> str:
    """One moment from each of the seven subsets, a column per model."""
    titles = list(rows[0].cells)
    head = "".join(f'<th scope="col">{escape(title)}</th>' for title in titles)
    body = "".join(_row_html(row, titles) for row in reversed(rows))
    return f"""
<div class="cp"><p class="cp-badge" data-relation="{relation}">{escape(RELATIONS[relation])}</p>
<p class="cp-hint">Words: {escape(words) or "none"}</p>
<div class="cp-scroll"><table class="cp-table"><thead><tr><th scope="col">given</th>{head}</tr></thead><tbody>{body}</tbody></table></div>
<p class="cp-hint">{key_html()} The bar under a prediction shows how it weighs the three. Late fusion is the mean of what each modality
says by itself.</p></div>"""


def along_html(steps: Sequence[Step]) -> str:
    """A conversation: an utterance in a row, a column per model, with the weights below each prediction."""
    titles = list(steps[0].cells)
    head = "".join(f'<th scope="col">{escape(title)}</th>' for title in titles)
    rows = "".join(
        f'<tr><th scope="row">{clock_text(step.start)}{_words_html(step.words)}</th>'
        + "".join(f"<td>{_cell_html(step.cells[title])}</td>" for title in titles)
        + "</tr>"
        for step in steps
    )
    return f"""
<details class="cp cp-panel cp-along" open><summary>The weights along the whole conversation</summary>
<p class="cp-hint">Each utterance as the last that was heard. {key_html()}</p>
<div class="cp-scroll"><table class="cp-table"><thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody></table></div></details>"""


def compared_html(before: Mapping[str, Mapping], after: Mapping[str, Mapping]) -> str:
    """Before and after degradation: all together, then each modality with its weight and its sense's own judgement."""
    rows = "".join(
        f'<tr data-row="{name}"><th scope="row">{escape(before[name]["title"])}</th>'
        f"<td>{_state_html(before[name])}</td><td>{_state_html(after[name])}</td></tr>"
        for name in before
    )
    return f"""
<div class="cp cp-scroll"><table class="cp-table">
<thead><tr><td></td><th scope="col">before</th><th scope="col">after</th></tr></thead>
<tbody>{rows}</tbody></table></div>"""


def picture_html(picture: np.ndarray) -> str:
    """(H, W, 3) what the face sense is given; it lies in the page itself, so no file is written for it."""
    shown, jpeg = Image.fromarray(picture), io.BytesIO()
    shown.thumbnail((SHOWN_PIXELS, SHOWN_PIXELS))
    shown.save(jpeg, "JPEG")
    address = f"data:image/jpeg;base64,{b64encode(jpeg.getvalue()).decode()}"
    told = "What the face sense is given"
    return f'<figure class="cp cp-given-picture"><img src="{address}" alt="{told}"><figcaption>{told}</figcaption></figure>'


def introspection_html(inside: Introspection) -> str:
    """Prototypes, prompts and filled-in states of one utterance."""
    largest = max((size for block in inside.received for size in block.values()), default=0.0) or 1.0
    rows = "".join(
        f'<tr data-modality="{m}"><th scope="row">{NAMES[m]}</th><td>{_strip_html(inside.similarity[m])}</td>'
        f"<td>{_sizes_html([block[m] for block in inside.received], largest)}</td>"
        f"<td>{_cosine(inside.filled[m])}</td><td>{_cosine(inside.neighbour[m])}</td></tr>"
        for m in MODALITIES
    )
    heads = ("nearness to its prototypes", "prompts received, by block", "filled in, beside the real one", "neighbour, beside it")
    head = "".join(f'<th scope="col">{title}</th>' for title in heads)
    return f"""
<details class="cp cp-panel cp-inside"><summary>Inside ComP</summary>
<p class="cp-hint">Each modality compares the utterance with its prototypes of the conversation, and sends prompts to the others. A modality
that is switched off is filled in, and compared here with the real state: a cosine of 1 is the same, 0 has nothing in common. The last
column compares the utterance before with it: filling in should do better.</p>
<div class="cp-scroll"><table class="cp-table"><thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody></table></div></details>"""


def uses_html(by_model: Mapping[str, Sequence[Use]]) -> str:
    """What each model makes of one utterance while one of its parts is kept from working."""
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}: {escape(use.title)}</th><td>{escape(use.told)}</td>'
        f"<td>{100 * use.added:+.0f} points</td></tr>"
        for name, several in by_model.items()
        for use in several
    )
    return f"""
<details class="cp cp-panel cp-uses"><summary>Which parts the models use here</summary>
<p class="cp-hint">The same utterance once more, each time with one part of the trained model kept from working. The last column
is what that adds to the probability of the label that was likeliest. A part that changes nothing is not used here. What belongs to another
utterance is taken from this conversation: with one utterance, or none with the same senses, nothing changes.</p>
<div class="cp-scroll"><table class="cp-table"><thead><tr><td></td><th scope="col">prediction</th><th scope="col">change</th></tr></thead>
<tbody>{rows}</tbody></table></div></details>"""


def _words_html(words: str) -> str:
    return f'<small data-words="said">{escape(words)}</small>' if words else "<small>(no words)</small>"


def _strip_html(shares: Sequence[float] | None) -> str:
    if shares is None:
        return "absent"
    told = ", ".join(percent(share) for share in shares)
    cells = "".join(f'<i style="opacity:{0.08 + 0.92 * share / max(shares):.2f}"></i>' for share in shares)
    return f'<div class="cp-strip" role="img" aria-label="{told}" title="{told}">{cells}</div>'


def _sizes_html(sizes: Sequence[float], largest: float) -> str:
    return "".join(f'<span class="cp-track"><i style="width:{100 * size / largest:.1f}%" title="{size:.2f}"></i></span>' for size in sizes)


def _cosine(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _row_html(row: Row, titles: Sequence[str]) -> str:
    note = "<small>not all there</small>" if row.missing else ""
    cells = "".join(f"<td>{_cell_html(row.cells[title])}</td>" for title in titles)
    return f'<tr data-missing="{str(row.missing).lower()}"><th scope="row">{escape(row.given)}{note}</th>{cells}</tr>'


def _cell_html(cell: Cell) -> str:
    if cell.weights is None:
        return f"<span>{escape(cell.told)}</span>"
    leads = f"<small>{escape(cell.leads)} leads</small>" if cell.leads else ""
    told = ", ".join(f"{NAMES[m]} {percent(cell.weights[m])}" for m in MODALITIES)
    bar = "".join(f'<i data-modality="{m}" style="width:{100 * cell.weights[m]:.1f}%"></i>' for m in MODALITIES)
    shares = f'<div class="cp-shares" role="img" aria-label="weights: {told}" title="{told}">{bar}</div>'
    return f"<span>{escape(cell.told)}</span>{leads}{shares}"


def _state_html(state: Mapping) -> str:
    weight = "" if state["weight"] is None else f"<small>weight {percent(state['weight'])}</small>"
    quality = "" if state["quality"] is None else f"<small>quality {state['quality']:.2f}</small>"
    return f"<span>{escape(state['told'])}</span>{weight}{quality}"
