"""A saved session on the clip page: a component that draws itself, keeps the file in the browser, and asks the server to read it."""

from __future__ import annotations

from html import escape
from pathlib import Path

import gradio as gr

from app.pages.shared.markup import bars_html, cards_html, headline_html, key_html
from app.reopened.calls import session_calls
from app.server.scripts import on_load
from comp_core.formats.table import FORMATS, Told
from comp_core.modalities import LABELS

_MARKUP = Path(__file__).with_suffix(".html")


def reopened_session() -> gr.HTML:
    """Build the component."""
    markup = _MARKUP.read_text(encoding="utf-8")
    parts = {
        "key": key_html(),
        "fused": headline_html(),
        "bars": bars_html(),
        "cards": cards_html(),
        "labels": "".join(f'<option value="{label}">{label}</option>' for label in LABELS),
        "saves": " ".join(
            f'<button type="button" class="cp-button" data-save="{escape(" ".join(one.make(Told([]))))}">{one.title}</button>'
            for one in FORMATS.values()
        ),
    }
    for name, html in parts.items():
        markup = markup.replace(f"@{name}", html)
    script = on_load("clip/reopened/page.js", "element", "server")
    return gr.HTML(
        "", html_template=markup, js_on_load=script, server_functions=session_calls(), apply_default_css=False, elem_id="clip-reopened"
    )
