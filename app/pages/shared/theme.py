"""Gradio's own parts in our colours and fonts."""

from __future__ import annotations

import gradio as gr


def theme() -> gr.themes.Base:
    """For every page."""
    # Fonts of the visitor's own system: nothing is fetched from elsewhere.
    fonts = {"font": ["system-ui", "sans-serif"], "font_mono": ["ui-monospace", "monospace"]}
    # Gradio's own choice for lesser text is too pale for AA.
    return gr.themes.Default(primary_hue="sky", neutral_hue="slate", **fonts).set(body_text_color_subdued="*neutral_600")
