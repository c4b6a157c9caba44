"""The live page: one component that draws itself and calls the server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

import gradio as gr

from app.pages.shared.markup import (
    bars_html,
    cards_html,
    degradation_html,
    headline_html,
    key_html,
    models_html,
    subsets_html,
    switches_html,
)
from app.server.calls import Call
from app.server.scripts import on_load

_FOLDER = Path(__file__).resolve().parent
# What is promised before consent: nothing is sent, unless a visitor asks for it.
_NOT_SENT = {
    "kept": "Nothing is written to disk or passed on.",
    "sent": "",
    "until": "Nothing is sent before you switch it on, and nothing after Stop.",
}


def _sent(where: str) -> dict[str, str]:
    told = f"From Start to Stop, predictions, weights and words are sent to {escape(where)}. No picture or sound is."
    return {
        "kept": "Nothing is written to disk.",
        "sent": f"<dt>Sent</dt><dd>{told}</dd>",
        "until": "This program sends every session from Start to Stop.",
    }


def live_page(calls: list[Call], models: Mapping[str, str], places: int, local: bool = False, sent_to: Sequence[str] = ()) -> gr.HTML:
    """Build the page.

    Args:
        calls: the functions that its script may call (see `app.capture.browser`).
        models: name -> title.
        places: live sessions at a time.
        local: the server reads its own devices, and the page does not ask for the browser's.
        sent_to: where every session is sent, because who started the program wants it.
    """
    markup = (_FOLDER / "live.html").read_text(encoding="utf-8")
    parts = {
        "fused": headline_html(),
        "switches": switches_html(),
        "bars": bars_html(),
        "cards": cards_html(live=True),
        "degradation": degradation_html(),
        "subsets": subsets_html(),
        "key": key_html(),
        "models": models_html(models),
        "teach": (_FOLDER / "teach.html").read_text(encoding="utf-8"),
        "places": f"{places} visitors" if places > 1 else "one visitor",
        "capture": "local" if local else "browser",
        **(_sent(", ".join(sent_to)) if sent_to else _NOT_SENT),
    }
    for name, html in parts.items():
        markup = markup.replace(f"@{name}", html)
    script = on_load("live/open.js", "element", "server")
    return gr.HTML("", html_template=markup, js_on_load=script, server_functions=calls, apply_default_css=False, elem_id="live")
