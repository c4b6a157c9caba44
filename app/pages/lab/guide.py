"""The steps as a part of the lab page: one at a time, checked, with a summary to print."""

from __future__ import annotations

import json
from dataclasses import asdict
from html import escape

import gradio as gr

from app.pages.lab.steps import EXERCISES, Exercise, Step
from app.server.scripts import on_load


def guide_section() -> gr.HTML:
    """Build the part; its script runs in the browser alone, and nothing of what is answered is sent."""
    return gr.HTML(guide_html(), js_on_load=on_load("lab/guide.js", "element"), apply_default_css=False, elem_id="lab-guide")


def guide_html() -> str:
    """All steps, of which the script shows one."""
    numbered = [(exercise, step) for exercise in EXERCISES for step in exercise.steps]
    minutes = sum(exercise.minutes for exercise in EXERCISES)
    head = "".join(f'<th scope="col">{title}</th>' for title in ("step", "question", "my first answer", "tries", "what is right"))
    steps = "".join(_step_html(number, exercise, step) for number, (exercise, step) in enumerate(numbered))
    return f"""
<section class="cp cp-panel cp-guide" data-guide="closed" aria-label="Guided steps">
  <div class="cp-choice" data-when="closed">
    <button type="button" class="cp-button" data-go="start" disabled>Follow the steps</button>
    <p>{len(EXERCISES)} exercises in {len(numbered)} steps, {minutes} minutes. What you answer stays in this page.</p>
  </div>
  <div data-when="open" hidden>
    <p class="cp-progress"><progress max="{len(numbered)}" value="0" aria-label="Steps done"></progress>
      <span data-done role="status">0 of {len(numbered)} done</span></p>
    {steps}
    <p class="cp-choice">
      <button type="button" class="cp-button" data-go="back">Back</button>
      <button type="button" class="cp-button" data-go="next">Next</button>
      <button type="button" class="cp-button" data-go="summary">Summary</button>
      <button type="button" class="cp-button" data-go="stop">Leave the steps</button>
    </p>
  </div>
  <div data-when="summary" class="cp-summary" hidden>
    <h2 tabindex="-1">The lab: what I did</h2>
    <p class="cp-name">Name:</p>
    <p data-done></p>
    <div class="cp-scroll" tabindex="0" role="region" aria-label="Summary of the steps">
      <table class="cp-table"><thead><tr>{head}</tr></thead><tbody data-rows></tbody></table></div>
    <p class="cp-hint">The models predict expression, not feelings. What is right was checked with the weights of this page.</p>
    <p class="cp-choice">
      <button type="button" class="cp-button cp-primary" data-go="print">Print</button>
      <button type="button" class="cp-button" data-go="open">Back to the steps</button>
    </p>
  </div>
</section>"""


def _step_html(number: int, exercise: Exercise, step: Step) -> str:
    seen = escape(json.dumps([asdict(one) for one in step.seen]), quote=True)
    options = "".join(
        f'<label><input type="radio" name="step-{number}" value="{i}"> {escape(option)}</label>' for i, option in enumerate(step.options)
    )
    return f"""
    <article data-step="{number}" data-for="{step.exhibit}" data-seen="{seen}" data-right="{step.right}" hidden>
      <h3 tabindex="-1">{number + 1}. {escape(exercise.title)}</h3>
      {f"<p><b>Do:</b> {escape(step.do)}</p>" if step.do else ""}
      <p><b>Look:</b> {escape(step.look)}</p>
      <p class="cp-state-seen" data-state="waiting" role="status">Not there yet: do this first.</p>
      <fieldset class="cp-question"><legend>{escape(step.question)}</legend>{options}
        <button type="button" class="cp-button" data-go="check">Check</button></fieldset>
      <p class="cp-verdict" role="status" data-told="{escape(step.told, quote=True)}"></p>
    </article>"""
