"""The live page: one component that draws itself and calls the server."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import gradio as gr

from app.capture.browser import Call
from app.pages.shared.markup import cards_html, degradation_html, fused_html, key_html, subsets_html

_HERE = Path(__file__).resolve().parent
# One after the other they are the component's script; each uses what stands before it.
_SCRIPTS = (
    *(_HERE / f"{name}.js" for name in ("capture", "local")),
    _HERE.parent / "shared" / "draw.js",
    *(_HERE / f"{name}.js" for name in ("timeline", "record", "line", "live", "controls", "devices", "away")),
)


def live_page(calls: list[Call], models: Mapping[str, str], places: int, local: bool = False) -> gr.HTML:
    """Build the page.

    Args:
        calls: the functions that its script may call (see `app.capture.browser`).
        models: name -> title.
        places: live sessions at a time.
        local: the server reads its own devices, and the page does not ask for the browser's.
    """
    markup = (_HERE / "live.html").read_text(encoding="utf-8")
    markup = markup.replace("@fused", fused_html(models=models)).replace("@cards", cards_html(switches=True))
    markup = markup.replace("@degradation", degradation_html()).replace("@subsets", subsets_html()).replace("@key", key_html())
    markup = markup.replace("@places", f"{places} visitors" if places > 1 else "one visitor")
    markup = markup.replace("@capture", "local" if local else "browser")
    script = "\n".join(path.read_text(encoding="utf-8") for path in _SCRIPTS)
    return gr.HTML("", html_template=markup, js_on_load=script, server_functions=calls, apply_default_css=False, elem_id="live")
