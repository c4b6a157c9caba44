"""The lab page: what missing modalities do to a model, tried out on one moment and on many."""

from __future__ import annotations

import gradio as gr

from app.pages.lab.curve import curve_section
from app.pages.lab.moment import moment_section
from app.pages.lab.projection import space_section
from app.visitors.visitors import Visitors
from comp_core.predictor import Predictor


def lab_page(predictor: Predictor, visitors: Visitors, tab: gr.Tab) -> None:
    """Build the page inside the ``tab``, which is the current one."""
    moment_section(predictor, visitors, tab)
    curve_section(predictor)
    space_section(predictor)
