"""The interface for programs: the analysis of one clip as a named Gradio endpoint.

What is asked and answered is described here once. `api_schema.json` is made of it: ``python -m app.schemas``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import gradio as gr
from pydantic import ConfigDict, Field, TypeAdapter, with_config
from typing_extensions import TypedDict

from app.checked import checked, otherwise
from app.pages.shared.upload import upload
from app.records import TEXT_LENGTH, Modality, Utterance
from app.refusal import Refused
from app.server.asgi import API
from app.server.asgi import Refused as RequestRefused
from app.server.jobs import Unheard
from comp_core.formats import SCHEMA_VERSION
from comp_core.inference.budget import OverBudget
from comp_core.inference.media import MediaError
from comp_core.modalities import MODALITIES, TEXT
from comp_core.predictor import Predictor, Progress
from comp_core.senses.speech.recognition import ENGLISH, RecogniserError

logger = logging.getLogger(__name__)

SCHEMA_FILE = Path(__file__).with_name("api_schema.json")
NAME = "analyse"
# What a call by names leaves out.
_LEFT_OUT: dict[str, Any] = {"file": None, "words": "", "without": [], "model": "", "language": ENGLISH}


@with_config(ConfigDict(strict=True, extra="forbid"))
class Question(TypedDict):
    """What is asked; which models and languages there are depends on how the program was started."""

    file: Annotated[str | None, Field(description="what to read")]
    words: Annotated[
        str,
        Field(max_length=TEXT_LENGTH, description="its words, instead of recognising them; the file then counts as one utterance"),
        otherwise(f"The words are longer than {TEXT_LENGTH} letters: shorten them."),
    ]
    without: Annotated[
        list[Modality],
        Field(description="modalities to leave out"),
        otherwise(f"What to leave out is among {', '.join(MODALITIES)}."),
    ]
    model: Annotated[str, Field(description="the fusion model"), otherwise("The model is named by a text.")]
    language: Annotated[
        str,
        Field(description="code of what is spoken, where the recogniser understands more than English"),
        otherwise("The language is named by a text, as en."),
    ]


@with_config(ConfigDict(title=f"The answer of the endpoint {NAME}, version {SCHEMA_VERSION}", strict=True, extra="forbid"))
class Answer(TypedDict):
    """What was read, utterance by utterance. It predicts expression, not feelings."""

    schema: Annotated[Literal[SCHEMA_VERSION], Field(description="Version of this schema.")]
    file: Annotated[str | None, Field(description="Name of the file; null for words alone.")]
    model: Annotated[str, Field(description="Title of the fusion model.")]
    recogniser: Annotated[
        str | None,
        Field(
            description="What recognised the words; null if none did: they were given, recognition is off, or it is still loading.",
        ),
    ]
    notice: Annotated[str | None, Field(description="Why only the beginning of the file was read, in a sentence; null if all of it was.")]
    utterances: Annotated[list[Utterance], Field(description="In the order of time. Long pauses of a video are utterances without words.")]


QUESTION, ANSWER = TypeAdapter(Question), TypeAdapter(Answer)
_DESCRIPTION = " ".join(
    (
        "Read a video, a sound or a picture utterance by utterance, or words alone.",
        *(f"`{name}`: {told['description']}." for name, told in QUESTION.json_schema()["properties"].items()),
        "It predicts expression, not feelings.",
    )
)


def check_list(body: Mapping[str, Any]) -> None:
    """Whether this is a call of the endpoint by a list, `{"data": [file, words, without, model, language]}`.

    Raises:
        RequestRefused: it is something else; the message says what. Gradio would answer without a reason.
    """
    given, names = body.get("data"), list(_LEFT_OUT)
    if not isinstance(given, list) or len(given) != len(names):
        raise RequestRefused(422, f"The field data is a list of {len(names)}: {', '.join(names)}.")
    check_names(dict(zip(names, given, strict=True)))


def check_names(body: Mapping[str, Any]) -> None:
    """The same of a call by names, of which each may be left out.

    Raises:
        RequestRefused: it is something else; the message says what.
    """
    question = {name: body.get(name, otherwise) for name, otherwise in _LEFT_OUT.items()}
    file = question["file"]
    if file is not None and not (isinstance(file, dict) and isinstance(file.get("path"), str)):
        raise RequestRefused(422, 'The file is null, or an object with the path that an upload has answered: {"path": "..."}.')
    try:
        checked(QUESTION, {**question, "file": file and file["path"]})
    except Refused as refused:
        raise RequestRefused(422, str(refused)) from refused


# Path of a call -> whether it is one.
CALLS = {f"{API}/call/{NAME}": check_list, f"{API}/call/v2/{NAME}": check_names}


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
            request.request.app.state_holder.forget(request.session_hash)

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
    try:
        checked(QUESTION, {"file": path, "words": words, "without": list(without), "model": model, "language": language})
    except Refused as refused:
        raise _refusal(str(refused)) from refused
    typed = words.strip() or None
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
