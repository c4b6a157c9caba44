"""The about page: what this is and is not, the model cards, prohibited uses, licences."""

from __future__ import annotations

import re
from pathlib import Path

import gradio as gr

from comp_core.support.assets import ASSETS

CARDS_DIR = ASSETS / "cards"
_TEXT = Path(__file__).with_name("about.md")
_METADATA = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
# The page serves the cards alone, so what they link to beside them is not there.
_LOCAL_LINK = re.compile(r"\[([^]]+)\]\((?!https?:)[^)]+\)")


def about_page() -> None:
    """Build the page inside the current tab."""
    gr.Markdown(_TEXT.read_text(encoding="utf-8"), elem_classes="cp-prose")
    cards = sorted(CARDS_DIR.glob("*.md"))
    if cards:
        gr.Markdown("## Model cards", elem_classes="cp-prose")
    for card in cards:
        title, body = split_title(card.read_text(encoding="utf-8"), card.stem)
        with gr.Accordion(title, open=False, elem_classes="cp-english"):
            gr.Markdown(body, elem_classes=["cp-prose", "cp-english"])


def split_title(markdown: str, otherwise: str) -> tuple[str, str]:
    """The first heading of a card, and the rest, without the Hub's metadata and without links into the repository."""
    markdown = _LOCAL_LINK.sub(r"\1", _METADATA.sub("", markdown)).lstrip()
    first, _, rest = markdown.partition("\n")
    return (first.lstrip("# ").strip(), rest) if first.startswith("# ") else (otherwise, markdown)
