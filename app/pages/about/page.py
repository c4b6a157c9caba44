"""The about page: what this is and is not, the model cards, prohibited uses, licences."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

from comp_core.support.assets import ASSETS

CARDS_DIR = ASSETS / "cards"
_TEXT = Path(__file__).with_name("about.md")


def about_page() -> None:
    """Build the page inside the current tab."""
    gr.Markdown(_TEXT.read_text(encoding="utf-8"), elem_classes="cp-prose")
    cards = sorted(CARDS_DIR.glob("*.md"))
    if cards:
        gr.Markdown("## Model cards", elem_classes="cp-prose")
    for card in cards:
        title, body = split_title(card.read_text(encoding="utf-8"), card.stem)
        with gr.Accordion(title, open=False):
            gr.Markdown(body, elem_classes="cp-prose")


def split_title(markdown: str, otherwise: str) -> tuple[str, str]:
    """The first heading of a card, and the rest."""
    first, _, rest = markdown.lstrip().partition("\n")
    return (first.lstrip("# ").strip(), rest) if first.startswith("# ") else (otherwise, markdown)
