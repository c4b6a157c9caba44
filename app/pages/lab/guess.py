"""Guess before the machine: a visitor, or a class, guesses from voice, face, words and all; then the models' answers stand beside."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import cv2
import gradio as gr
import numpy as np

from app.capture import wire
from app.pages.lab.moments import STAGES, Moments, people_by_stage, people_html
from app.pages.shared.markup import section_html
from app.refusal import Refused
from app.server.calls import Call, answering
from app.server.scripts import on_load
from app.visitors.classes import CODE_LENGTH, Classes
from comp_core.modalities import LABELS

_TOLD = (
    "Which expression is it? Guess from the voice alone, then from the face, the words, and all together. Then see what the models say, "
    "and who is right. There are {moments} moments, made by a computer: one portrait, which always smiles, and a synthetic voice. Right is "
    "what the sentence was written for. You understand the words when you hear the voice; the voice sense does not."
)
_MARKUP = Path(__file__).with_name("guess.html")
# Longer addresses are no page's own, and their picture would be too fine for a phone.
_ADDRESS_LENGTH = 300


def guess_section(predictor: Any) -> gr.HTML:
    """Build the exhibit: one component that draws itself and calls the server."""
    moments = Moments(predictor)
    classes = Classes(list(STAGES), LABELS, len(moments))
    gr.HTML(section_html("Guess before the machine", _TOLD.format(moments=len(moments))), apply_default_css=False)
    parts = {
        "moments": str(len(moments)),
        "length": str(CODE_LENGTH),
        "stages": json.dumps(STAGES).replace('"', "&quot;"),
        "people": json.dumps(people_by_stage()).replace('"', "&quot;"),
        "raters": people_html(),
        "choices": "".join(f'<button type="button" class="cp-button" data-label="{label}">{label}</button>' for label in LABELS),
        "gives": "".join(
            f'<button type="button" class="cp-button" data-give="{stage}">{title}</button>' for stage, title in STAGES.items()
        ),
        "steps": "".join(f'<li data-stage="{stage}">{title}</li>' for stage, title in STAGES.items()),
    }
    markup = _MARKUP.read_text(encoding="utf-8")
    for name, html in parts.items():
        markup = markup.replace(f"@{name}@", html)
    script = on_load("lab/guess.js", "element", "server")
    calls = guess_calls(moments, classes)
    return gr.HTML(
        "",
        html_template=markup,
        js_on_load=script,
        server_functions=calls,
        apply_default_css=False,
        elem_id="lab-guess",
    )


def guess_calls(moments: Moments, classes: Classes) -> list[Call]:
    """What the exhibit's script may call.

    They are `words` and `answer`, and for a class `open_class`, `join_class`, `look`, `guess`, `lead`, `close_class`.
    """

    def words(data: Any, address: str) -> dict[str, Any]:
        """What is said in a moment: the page asks for it when it is due."""
        classes.spend(address)
        return {"words": moments.words(_moment(wire.fields(data).get("moment"), moments))}

    def answer(data: Any, address: str) -> dict[str, Any]:
        """After a guess for each stage: what is right, and what the models say."""
        classes.spend(address)
        request = wire.fields(data)
        guesses = request.get("guesses")
        if not isinstance(guesses, dict) or set(guesses) != set(STAGES) or not all(_is_label(one) for one in guesses.values()):
            raise Refused("bad_request", "The answers are shown after a guess for each stage.")
        return moments.answer(_moment(request.get("moment"), moments))

    def open_class(data: Any, address: str) -> dict[str, Any]:
        """Begin a class; the answer holds its code, its teacher's key, and a picture of the page's address with the code."""
        page = _page(wire.fields(data).get("page"))
        code, key = classes.open(address)
        link = f"{page}?class={code}"
        return {"code": code, "key": key, "link": link, "picture": address_picture(link)}

    def join_class(data: Any, address: str) -> dict[str, Any]:
        """Take part; the answer holds the pupil's token."""
        return {"token": classes.join(wire.fields(data).get("code"), address)}

    def look(data: Any, address: str) -> dict[str, Any]:
        """What a pupil's class does now; with the answers, once they are shown."""
        request = wire.fields(data)
        found = classes.look(request.get("code"), request.get("token"), address)
        return {**found, "answer": moments.answer(found["moment"]) if found["shown"] else None}

    def guess(data: Any, address: str) -> dict[str, Any]:
        """Count a pupil's guess."""
        request = wire.fields(data)
        classes.guess(*(request.get(name) for name in ("code", "token", "round", "stage", "label")), address)
        return {"done": True}

    def lead(data: Any, address: str) -> dict[str, Any]:
        """What the teacher sees; with ``do``, after showing the answers or going on. Answers of a round come once they are shown."""
        request = wire.fields(data)
        found = classes.lead(request.get("code"), request.get("key"), address, request.get("do"))
        known = found["moments"] if found["shown"] else found["moments"][:-1]
        return {**found, "answers": [moments.answer(number) for number in known]}

    def close_class(data: Any, address: str) -> dict[str, Any]:
        """End a class, and all that was known of it is gone."""
        request = wire.fields(data)
        classes.close(request.get("code"), request.get("key"), address)
        return {"done": True}

    return [answering(call, "Try again.") for call in (words, answer, open_class, join_class, look, guess, lead, close_class)]


def address_picture(address: str) -> str:
    """A QR code as the address of an SVG picture, for phones."""
    dark = cv2.QRCodeEncoder.create().encode(address) == 0
    squares = "".join(f"M{x} {y}h1v1h-1z" for y, x in np.argwhere(dark).tolist())
    height, width = dark.shape
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{width}v{height}H0z"/><path d="{squares}"/></svg>'
    )
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"


def _is_label(value: object) -> bool:
    return isinstance(value, str) and value in LABELS


def _moment(value: object, moments: Moments) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < len(moments):
        raise Refused("bad_request", f"The moments are numbered from 0 to {len(moments) - 1}.")
    return value


def _page(value: object) -> str:
    if not isinstance(value, str) or len(value) > _ADDRESS_LENGTH or not value.startswith(("http://", "https://")) or not value.isascii():
        raise Refused("bad_request", "The page's own address is needed, for the link with the code.")
    return value
