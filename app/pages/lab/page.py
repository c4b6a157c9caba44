"""The lab page: what missing modalities do to a model, tried out on one moment and on many."""

from __future__ import annotations

import gradio as gr

from app.pages.lab.curve import curve_section
from app.pages.lab.exhibits import exhibit, exhibits_nav
from app.pages.lab.guess import guess_section
from app.pages.lab.guide import guide_section
from app.pages.lab.moment import moment_section
from app.pages.lab.projection import space_section
from app.visitors.visitors import Visitors
from comp_core.predictor import Predictor


def lab_page(predictor: Predictor, visitors: Visitors, tab: gr.Tab) -> None:
    """Build the page inside the ``tab``, which is the current one."""
    exhibits_nav()
    guide_section()
    with exhibit("guess"):
        guess_section(predictor)
    with exhibit("moment"):
        moment_section(predictor, visitors, tab)
    with exhibit("curve"):
        curve_section(predictor)
    with exhibit("space"):
        space_section(predictor)
