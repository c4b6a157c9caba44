"""View -> HTML. The live page takes the empty markup and changes only texts, widths and attributes; the clip page takes it filled."""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from app.live.phrases import listed, percent
from app.live.sliders import SLIDERS, Slider
from comp_core.formats.table import FORMATS, Told
from comp_core.modalities import AUDIO, LABELS, MODALITIES, NAMES, SUBSETS, TEXT, VIDEO

# Drawn on a 24 x 24 grid, stroked in the current colour.
_PATHS = {
    AUDIO: '<path d="M12 3a3 3 0 0 0-3 3v6a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3Z"/><path d="M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3M8.5 21h7"/>',
    TEXT: '<path d="M4 5h16v11H10l-4.5 4v-4H4Z"/><path d="M8 9h8M8 12.2h5"/>',
    VIDEO: '<circle cx="12" cy="12" r="9"/><path d="M8.2 14.2c1 1.7 2.3 2.5 3.8 2.5s2.8-.8 3.8-2.5M9 9.2v.6M15 9.2v.6"/>',
}


def icon(modality: str) -> str:
    """The modality's own drawing, as SVG."""
    return (
        f'<svg class="cp-icon" data-of="{modality}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.9" '
        f'stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">{_PATHS[modality]}</svg>'
    )


def headline_html() -> str:
    """The fused prediction in words, for the live page."""
    return _fused_html("waiting", "waiting", "", "Play the sample, or use your camera.", "")


def fused_html(view: Mapping[str, Any]) -> str:
    """The fused prediction: in words, why, then its bars."""
    rest = f'<p class="cp-why">{escape(view["why"])}</p>{bars_html(view, view["labels"])}'
    return _fused_html(view["kind"], view["headline"], view["percent"], view["basis"], rest, new=view["new"])


def _fused_html(kind: str, headline: str, share: str, basis: str, rest: str, new: bool = False) -> str:
    return f"""
<section class="cp-panel cp-fused" data-fused data-kind="{kind}" aria-label="Fused prediction">
  <p class="cp-eyebrow">All senses together<span data-part="of"></span></p>
  <p class="cp-headline"><span data-part="headline">{escape(headline)}</span> <span class="cp-share" data-part="percent">{share}</span></p>
  <p class="cp-new" data-part="new"{"" if new else " hidden"}>named by no single sense</p>
  <p class="cp-basis" data-part="basis">{escape(basis)}</p>
  {rest}
</section>"""


def models_html(models: Mapping[str, str]) -> str:
    """A choice of fusion models, name -> title."""
    options = "".join(f'<option value="{escape(name, quote=True)}">{escape(title)}</option>' for name, title in models.items())
    return f'<select data-part="model">{options}</select>'


def switches_html() -> str:
    """A large switch for each modality."""
    return "".join(
        f'<button class="cp-switch" type="button" role="switch" aria-checked="true" aria-label="Use the {NAMES[m]}" data-switch="{m}" '
        f'data-of="{m}">{icon(m)}<b>{NAMES[m]}</b><span></span></button>'
        for m in MODALITIES
    )


def cards_html(view: Mapping[str, Any] | None = None, live: bool = False) -> str:
    """Three cards, one per modality; on the live page with room for what is missing and what was said."""
    labels = view["labels"] if view else LABELS
    cards = "".join(_card_html(modality, view["modalities"][modality] if view else None, live, labels) for modality in MODALITIES)
    return f'<div class="cp-cards">{cards}</div>'


def _card_html(modality: str, view: Mapping[str, Any] | None, live: bool, labels: Sequence[str]) -> str:
    name = NAMES[modality]
    state, state_text, prediction, weight, weight_text, filled, relied = (
        (view[key] for key in ("state", "state_text", "prediction", "weight", "weight_text", "filled_in", "relied"))
        if view
        else ("waiting", "waiting", "nothing to read", None, "", False, "")
    )
    more = ""
    if live:
        more = (
            '<p class="cp-last" data-part="last" data-words="said" hidden></p>'
            if modality == TEXT
            else f'<p class="cp-lack" data-part="lack" hidden><span data-part="lack_told"></span> '
            f'<button type="button" class="cp-small" data-again="{modality}">Try again</button></p>'
        )
    return f"""
<article class="cp-panel cp-card" data-modality="{modality}" data-state="{state}" data-filled="{str(filled).lower()}">
  <header>{icon(modality)}<h3>{name}</h3>
    <span class="cp-state" data-part="state" title="{escape(state_text)}">{escape(state_text)}</span></header>{more}
  <p class="cp-own" data-part="prediction">{escape(prediction)}</p>
  {bars_html(view, labels)}
  <div class="cp-weight">
    <span>weight</span><span class="cp-track"><i data-part="weight" style="width:{100 * (weight or 0):.1f}%"></i></span>
    <span class="cp-value" data-part="weight_text">{weight_text}</span>
    <p class="cp-relied" data-part="relied">{escape(relied)}</p>
  </div>
</article>"""


def subsets_html() -> str:
    """Seven buttons, one per subset of the modalities, each with the prediction from it; for the live page."""
    cells = "".join(
        f'<button type="button" class="cp-subset" data-subset="{name}" aria-pressed="false">'
        f'<span class="cp-icons">{"".join(icon(m) for m in subset)}</span>'
        f'<span class="cp-given" data-now="now" data-lacks="some absent">{listed([NAMES[m] for m in subset])}</span>'
        f'<strong data-part="told">–</strong></button>'
        for name, subset in SUBSETS.items()
    )
    return f'<div class="cp-subsets">{cells}</div>'


def key_html() -> str:
    """Which colour is which modality."""
    return " ".join(f'<span class="cp-key" data-of="{m}">{NAMES[m]}</span>' for m in MODALITIES)


def bars_html(view: Mapping[str, Any] | None = None, labels: Sequence[str] = LABELS) -> str:
    """A bar for each label; empty without a ``view``."""
    bars = view["bars"] if view else None
    top = view["top"] if view else None
    rows = "".join(
        f'<li data-label="{escape(label, quote=True)}" data-top="{str(label == top).lower()}"><span class="cp-label">{escape(label)}</span>'
        f'<span class="cp-track"><i style="width:{100 * bars[label] if bars else 0:.1f}%"></i></span>'
        f'<span class="cp-value">{percent(bars[label]) if bars else "–"}</span></li>'
        for label in labels
    )
    return f'<ul class="cp-bars">{rows}</ul>'


def file_links(told: Told, formats: Collection[str]) -> str:
    """The records as files of these ``FORMATS``, to be saved; they lie in the links themselves, and on no disk but the visitor's."""
    stem = Path(told.file).stem if told.file else "predictions"
    links = []
    for name in formats:
        one = FORMATS[name]
        for suffix, text in one.make(told).items():
            encoded, title = base64.b64encode(text.encode()).decode(), one.title + (" (columns)" if suffix == "_events.json" else "")
            download = escape(stem + suffix, quote=True)
            links.append(f'<a class="cp-button cp-link" download="{download}" href="data:{one.media_type};base64,{encoded}">{title}</a>')
    return f'<p class="cp-files">Save as {" ".join(links)}</p>'


def clip_html(views: list[Mapping[str, Any]], links: str = "") -> str:
    """The result for one file: what can be saved, its timeline, then every utterance; open is the one whose senses name most."""
    shown = max(range(len(views)), key=lambda i: views[i]["named"], default=0)
    utterances = "".join(
        f"""
<details class="cp-utterance" {"open" if number == shown else ""}>
  <summary>
    {f'<button type="button" class="cp-seek" data-seek="{view["start"]:.2f}">{view["time"]}</button>' if view["time"] else ""}
    <span class="cp-said" data-words="{"said" if view["transcript"] else "none"}">{escape(view["transcript"]) or "(no words)"}</span>
    <strong>{escape(view["prediction"])}</strong>
  </summary>
  {fused_html(view["moment"])}
  {cards_html(view["moment"])}
</details>"""
        for number, view in enumerate(views)
    )
    return f'<div class="cp cp-clip">{links}{_timeline_html(views)}<div class="cp-utterances">{utterances}</div></div>'


def _timeline_html(views: list[Mapping[str, Any]]) -> str:
    """The utterances of a file one after the other, as wide as they are long, each a button that plays it."""
    if not any(view["time"] for view in views):
        return ""
    parts, before = [], 0.0
    for number, view in enumerate(views):
        told = escape(f"{view['time']}: {view['prediction']}. {view['transcript']}".strip(), quote=True)
        name = escape(view["moment"]["headline"])
        parts.append(f'<i style="flex-grow:{max(0.0, view["start"] - before):.2f}"></i>')
        parts.append(
            f'<button type="button" class="cp-part" data-seek="{view["start"]:.2f}" data-until="{view["end"]:.2f}" data-number="{number}" '
            f'data-kind="{view["moment"]["kind"]}" title="{told}" aria-label="{told}" style="flex-grow:{view["end"] - view["start"]:.2f}">'
            f"<span>{name}</span></button>"
        )
        before = view["end"]
    return f'<div class="cp-line" role="group" aria-label="The file in time: press a part to play it">{"".join(parts)}</div>'


def player_html(kind: str, address: str, name: str) -> str:
    """The file itself: a player for video and sound, or the picture."""
    source, label = escape(address, quote=True), escape(name, quote=True)
    caption = f'<figcaption data-words="said">{label}</figcaption>'
    if kind == "image":
        return f'<figure class="cp cp-player"><img src="{source}" alt="{label}">{caption}</figure>'
    controls = "controls playsinline" if kind == "video" else "controls"
    return f'<figure class="cp cp-player"><{kind} {controls} src="{source}"></{kind}>{caption}</figure>'


def degradation_html() -> str:
    """The sliders of the live page, by modality."""
    groups = "".join(
        f'<fieldset data-of="{m}"><legend>{icon(m)} {NAMES[m]}</legend>'
        + "".join(_slider_html(slider) for slider in SLIDERS if slider.modality == m)
        + ('<label><input type="checkbox" data-degrade="muted"> muted</label>' if m == AUDIO else "")
        + "</fieldset>"
        for m in MODALITIES
    )
    return f'<div class="cp-degraders">{groups}</div>'


def _slider_html(slider: Slider) -> str:
    ends = f'min="{slider.lowest}" max="{slider.highest}" step="{slider.step}" value="{slider.rest}" data-rest="{slider.rest}"'
    return f'<label>{escape(slider.label)} <output>{slider.rest}</output><input type="range" data-degrade="{slider.field}" {ends}></label>'


def section_html(title: str, text: str) -> str:
    """A heading and what to know below it; ``text`` is ours and may hold tags."""
    return f'<div class="cp cp-section"><h2>{escape(title)}</h2><p class="cp-hint">{text}</p></div>'


def message_html(message: str) -> str:
    """A sentence that tells what went wrong and what to do."""
    return f'<div class="cp"><p class="cp-message" role="alert">{escape(message)}</p></div>'
