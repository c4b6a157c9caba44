"""The interface for programs: the analysis of one clip as a named Gradio endpoint. What it answers is in `api_schema.json`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from app.capture.wire import TEXT_LENGTH
from app.pages.shared.upload import upload
from app.server.jobs import Unheard
from comp_core.inference.budget import OverBudget
from comp_core.inference.media import MediaError
from comp_core.modalities import MODALITIES, TEXT
from comp_core.predictor import Predictor, Progress
from comp_core.senses.speech.recognition import ENGLISH, RecogniserError

logger = logging.getLogger(__name__)

# Of the answer. It grows with a change after which a program that reads the answer may have to change, too.
SCHEMA_VERSION = "1"
SCHEMA_FILE = Path(__file__).with_name("api_schema.json")
NAME = "analyse"
_DESCRIPTION = (
    "Read a video, a sound or a picture utterance by utterance, or words alone. `file`: what to read. `words`: its words, instead of "
    "recognising them; the file then counts as one utterance. `without`: modalities to leave out. `model`: the fusion model. `language`: "
    "code of what is spoken, where the recogniser understands more than English. "
    "It predicts expression, not feelings."
)


def clip_endpoint(predictor: Predictor, models: Mapping[str, str]) -> None:
    """Add the endpoint to the current blocks; nothing of it is seen on a page.

    Args:
        models: name -> title; the first is used where none is named.
    """

    # Gradio takes `file` for optional because of its default here; it fills in those of the components.
    def analyse(
        request: gr.Request,
        file: str | None = None,
        words: str = "",
        without: Sequence[str] = (),
        model: str = "",
        language: str = "",
        progress: Callable = gr.Progress(),  # noqa: B008
    ) -> dict[str, Any]:
        def tell(share: float, message: str) -> None:
            progress(share, desc=message)

        try:
            return clip_answer(predictor, file, words, without, model, language, tell)
        finally:
            # Gradio remembers what a session was given and answered; a call is a session of its own, and over.
            request.request.app.state_holder.session_data.pop(request.session_hash, None)

    file = upload(label="file", visible=False)
    words = gr.Textbox("", label="words", visible=False)
    without = gr.CheckboxGroup(list(MODALITIES), value=[], label="without", visible=False)
    model = gr.Radio(list(models), value=next(iter(models)), label="model", visible=False)
    language = gr.Textbox(ENGLISH, label="language", visible=False)
    answer = gr.JSON(label="answer", visible=False)
    # One at a time, in a queue of their own: programs do not hold up the people at the clip page.
    gr.Button(visible=False).click(
        analyse,
        [file, words, without, model, language],
        answer,
        api_name=NAME,
        api_description=_DESCRIPTION,
        concurrency_id=NAME,
        concurrency_limit=1,
    )


def clip_answer(
    predictor: Predictor, path: str | None, words: str, without: Collection[str], model: str, language: str, progress: Progress
) -> dict[str, Any]:
    """The answer of the endpoint.

    Raises:
        Unheard: by ``progress``, if the program has gone.
        gr.Error: the file cannot be read, there is nothing to read, the words are too long, or the language is not understood; with one
            sentence for the caller.
    """
    typed = words.strip() or None
    if len(words) > TEXT_LENGTH:
        raise _refusal(f"The words are longer than {TEXT_LENGTH} letters: shorten them.")
    if not path and (typed is None or TEXT in without):
        raise _refusal("There is nothing to read: give a file, or words.")
    utterances: list[dict[str, Any]] = []
    notice = None
    try:
        if path:
            for record in predictor.predict_parts(path, typed, without, progress, model, language):
                utterances.append(record)
        else:
            utterances.append(predictor.predict_text(typed, model))
    except OverBudget as error:
        if not utterances:
            raise _refusal(str(error)) from error
        notice = str(error)
    except (MediaError, RecogniserError) as error:
        raise _refusal(str(error)) from error
    except Unheard:
        raise
    except Exception as error:
        logger.exception("a program's clip could not be read")
        raise _refusal("This file could not be read because of an error in the program. Other files still can.") from error
    recogniser = predictor.recogniser
    return {
        "schema": SCHEMA_VERSION,
        "file": Path(path).name if path else None,
        "model": predictor.fusions[model].name,
        "recogniser": recogniser.name if recogniser and typed is None else None,
        "notice": notice,
        "utterances": utterances,
    }


def _refusal(sentence: str) -> gr.Error:
    return gr.Error(sentence, print_exception=False)
