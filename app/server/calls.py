"""Functions that a page's script calls. Such calls go past Gradio's queue.

Each takes one JSON object and returns one; a refusal is `{"error": code, "message": sentence}`, never an exception.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import gradio as gr

from app.refusal import Refused

logger = logging.getLogger(__name__)

Call = Callable[..., dict[str, Any]]


def answering(call: Callable[[Any, str], dict[str, Any]], again: str) -> Call:
    """The call as Gradio's component makes it.

    Args:
        call: is given what the page sends, and the address that it comes from.
        again: what a visitor can do where the program failed, a sentence.
    """

    # Gradio fills in the request where there is one.
    def answer(data: Any, request: gr.Request | None = None) -> dict[str, Any]:
        try:
            return call(data, request.client.host if request and request.client else "")
        except Refused as refusal:
            return {"error": refusal.code, "message": str(refusal)}
        except Exception:
            logger.exception("the call %s failed", call.__name__)
            return {"error": "failed", "message": f"Something went wrong on the server. {again}"}

    answer.__name__ = call.__name__
    answer.__doc__ = call.__doc__
    return answer
