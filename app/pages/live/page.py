"""The live page: one component that draws itself and calls the server."""

from __future__ import annotations

from collections.abc import Mapping
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


def live_page(calls: list[Call], models: Mapping[str, str], places: int, local: bool = False) -> gr.HTML:
    """Build the page.

    Args:
        calls: the functions that its script may call (see `app.capture.browser`).
        models: name -> title.
        places: live sessions at a time.
        local: the server reads its own devices, and the page does not ask for the browser's.
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
    }
    for name, html in parts.items():
        markup = markup.replace(f"@{name}", html)
    script = on_load("live/open.js", "element", "server")
    return gr.HTML("", html_template=markup, js_on_load=script, server_functions=calls, apply_default_css=False, elem_id="live")
