"""What stands above every page: the title, what this is, and in which language."""

from __future__ import annotations

import gradio as gr

from app.server.scripts import on_load

# Code of a dictionary in `app/pages/languages`, or of English, which needs none -> what it calls itself.
LANGUAGES = {"en": "English", "de": "Deutsch", "es": "Español"}


def heading(title: str) -> None:
    """Build it; its script puts the whole page into the chosen language."""
    options = "".join(f'<option value="{code}">{name}</option>' for code, name in LANGUAGES.items())
    gr.HTML(
        f'<header class="cp cp-head"><h1>{title}</h1><p>What a machine reads from face, voice and words, and what it does when one of '
        f'them is missing.</p><label class="cp-language"><span class="cp-hidden">Language of the page</span>'
        f'<select data-words="said" disabled>{options}</select></label></header>',
        js_on_load=on_load("shared/translate.js", "element"),
        apply_default_css=False,
    )
