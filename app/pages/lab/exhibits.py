"""The parts of the lab: one at a time on a phone and while the steps of the guide are followed, else one below the other."""

from __future__ import annotations

import gradio as gr

from app.server.scripts import on_load

# Name -> title. The first is the one that a phone shows.
EXHIBITS = {
    "guess": "Guess before the machine",
    "moment": "One moment",
    "curve": "The curve",
    "space": "Before, after, fused",
}


def exhibits_nav() -> None:
    """A choice of the exhibits, seen where one is shown at a time; its script says on the document which one that is."""
    first = next(iter(EXHIBITS))
    buttons = "".join(
        f'<button type="button" class="cp-button" data-exhibit="{name}" aria-pressed="{str(name == first).lower()}">{title}</button>'
        for name, title in EXHIBITS.items()
    )
    gr.HTML(
        f'<nav class="cp cp-exhibits" aria-label="Exhibits of the lab">{buttons}</nav>',
        js_on_load=on_load("lab/exhibits.js", "element"),
        apply_default_css=False,
        elem_id="lab-exhibits",
    )


def exhibit(name: str) -> gr.Column:
    """What belongs to the exhibit is built inside."""
    return gr.Column(elem_id=f"exhibit-{name}", elem_classes="cp-exhibit")
