"""Which language is spoken in a file: a choice on the pages that read files."""

from __future__ import annotations

from functools import partial
from typing import Any

import gradio as gr

from comp_core.predictor import Predictor
from comp_core.senses.speech.recognition import ENGLISH


def spoken_language(predictor: Predictor, tab: gr.Tab) -> gr.Dropdown:
    """The choice, seen where the recogniser understands several.

    What it understands is asked whenever the ``tab`` is opened: it may have to be downloaded, and the page is there before it.
    """
    language = gr.Dropdown([("English", ENGLISH)], value=ENGLISH, label="Spoken language", visible=False)
    tab.select(partial(offered, predictor), outputs=language, show_progress="hidden", api_visibility="private")
    return language


def offered(predictor: Predictor) -> dict[str, Any]:
    """What is to choose from; what was chosen stays."""
    languages = predictor.recogniser.languages if predictor.recogniser else {ENGLISH: "english"}
    return gr.update(choices=[(name.capitalize(), code) for code, name in languages.items()], visible=len(languages) > 1)
