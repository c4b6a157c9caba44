"""One moment: from the seven subsets, and before and after it is degraded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import takewhile
from typing import Any

import gradio as gr
import numpy as np

from app.live.phrases import REASONS, clock_text, in_words, relation
from app.live.sliders import SLIDERS, degradation_of
from app.pages.clip.page import MEDIA_KINDS, SAMPLES_DIR, media_kind, sample_title
from app.pages.lab.introspection import along, introspections, qualities, seven, uses
from app.pages.lab.markup import along_html, compared_html, introspection_html, picture_html, seven_html, uses_html
from app.pages.shared.markup import message_html, section_html
from app.pages.shared.spoken import spoken_language
from app.pages.shared.upload import upload
from app.refusal import Refused
from app.visitors.visitors import Visitors
from comp_core.inference.budget import OverBudget
from comp_core.inference.media import Media, MediaError, open_media
from comp_core.modalities import AUDIO, MODALITIES, NAMES, TEXT, VIDEO
from comp_core.predictor import FACES_PER_SECOND, Heard, Predictor
from comp_core.senses.speech.recognition import RecogniserError
from comp_core.senses.speech.vad import SAMPLE_RATE
from comp_core.senses.voice.sense import LONGEST

_MOMENT = (
    "Choose a moment and see what the models make of it while some of its modalities are missing. No camera is needed. An uploaded file "
    "stays in a temporary folder of the computer that runs this page, for an hour at most."
)
_DEGRADE = (
    "Move a slider: picture and sound of the same moment are degraded and read again by the same senses. The words stay those of the clear "
    "sound, with some lost or misheard."
)


# The live page's script leaves there the token of its session, which this page's server function is then given.
_LIVE_SESSION = "() => [window.affectSession ?? '']"


def moment_section(predictor: Predictor, visitors: Visitors, tab: gr.Tab) -> None:
    """In a ``tab``: choose a moment, see it from every subset of its modalities, and degrade it; a visitor may take their own."""
    gr.HTML(section_html("One moment, seven subsets", _MOMENT), apply_default_css=False)
    samples = sorted(path for path in SAMPLES_DIR.glob("*") if media_kind(path))
    with gr.Row():
        buttons = [gr.Button(sample_title(path), elem_classes="cp-sample", min_width=120) for path in samples]
        live = gr.Button("My live session", elem_classes="cp-sample", min_width=120)
    token = gr.Textbox(visible=False)
    with gr.Row():
        file = upload(label="Or a file of your own: video, sound or picture", file_types=list(MEDIA_KINDS), height=150, scale=2)
        words = gr.Textbox(label="Its words, instead of the recognised ones (optional)", max_length=10_000, lines=1, scale=2)
        language = spoken_language(predictor, tab)
        utterance = gr.Dropdown([], label="Utterance", interactive=True, scale=2)
    heard = gr.State([], time_to_live=3600)
    found = gr.HTML("", apply_default_css=False, elem_id="lab-seven")
    conversation = gr.HTML("", apply_default_css=False, elem_id="lab-along")

    gr.HTML(section_html("Degrade the input, and see what survives", _DEGRADE), apply_default_css=False)
    sliders, muted = [], None
    with gr.Row():
        for modality in (VIDEO, AUDIO, TEXT):
            with gr.Column(min_width=240):
                gr.HTML(f'<p class="cp"><b class="cp-key" data-of="{modality}">{NAMES[modality]}</b></p>', apply_default_css=False)
                for s in (s for s in SLIDERS if s.modality == modality):
                    sliders.append(gr.Slider(s.lowest, s.highest, s.rest, step=s.step, label=s.label, elem_id=f"degrade-{s.field}"))
                if modality == AUDIO:
                    muted = gr.Checkbox(False, label="muted")
    model = gr.Radio([(f.name, name) for name, f in predictor.fusions.items()], value=next(iter(predictor.fusions)), label="Model")
    compared = gr.HTML("", apply_default_css=False, elem_id="lab-compared")
    with gr.Row():
        with gr.Column(min_width=280):
            picture = gr.HTML("", apply_default_css=False, elem_id="lab-picture")
        sound = gr.Audio(label="What the voice sense is given", interactive=False, buttons=[], min_width=280)

    degraders = [*sliders, muted, model]
    fields = [s.field for modality in (VIDEO, AUDIO, TEXT) for s in SLIDERS if s.modality == modality]
    degrade = {
        "fn": partial(degrade_utterance, predictor, fields),
        "inputs": [file, heard, utterance, *degraders],
        "outputs": [compared, picture, sound],
        "api_visibility": "private",
        "concurrency_id": "clip",
    }
    show = {"fn": partial(show_moment, predictor), "inputs": [heard, utterance], "outputs": found, "api_visibility": "private"}
    read = {
        "fn": partial(read_moments, predictor),
        "inputs": [file, words, language],
        "outputs": [heard, utterance, found, conversation],
        "api_visibility": "private",
        "concurrency_id": "clip",
    }
    for button, path in zip(buttons, samples, strict=True):
        button.click(partial(str, path), outputs=file, api_visibility="private").then(**read).then(**degrade)
    # Its pictures and sounds are forgotten: there is no file, and nothing to degrade.
    live.click(
        partial(live_moments, predictor, visitors),
        token,
        [*read["outputs"], file, compared, picture, sound],
        js=_LIVE_SESSION,
        api_visibility="private",
        concurrency_id="clip",
    )
    file.upload(**read).then(**degrade)
    words.submit(**read).then(**degrade)
    utterance.input(**show).then(**degrade)
    for control in sliders:
        control.release(**degrade)
    for control in (muted, model):
        control.input(**degrade)


def read_moments(
    predictor: Predictor,
    path: str | None,
    words: str,
    language: str,
    progress: Callable | None = gr.Progress(),  # noqa: B008
) -> tuple:
    """Read a file once; what was heard, the list of its utterances, the fullest of them, and the conversation as a whole."""
    typed = words.strip() or None
    if not path:
        return _nothing("Choose a sample or a file first.")

    def tell(share: float, message: str) -> None:
        progress(share, desc=message)

    heard: list[Heard] = []
    notice = ""
    try:
        for one in predictor.hear_file(path, typed, typed is not None, (), tell, language):
            heard.append(one)
    except (MediaError, RecogniserError) as error:
        if not isinstance(error, OverBudget) or not heard:
            return _nothing(str(error))
        notice = message_html(str(error))
    fullest = max(range(len(heard)), key=lambda i: _much_to_see(heard[i]))
    kept, choices, shown, whole = _moments(predictor, heard, fullest)
    return kept, choices, notice + shown, whole


def _much_to_see(one: Heard) -> tuple[int, int]:
    """How many senses are there, and how many expressions they name: of two full moments the one with a conflict teaches more."""
    own = [reading.probabilities for reading in one.moment.values() if reading.probabilities is not None]
    return sum(reading.present for reading in one.moment.values()), len({int(p.argmax()) for p in own})


def live_moments(predictor: Predictor, visitors: Visitors, token: str) -> tuple:
    """What was said in the visitor's own live session, the last of it first; and no file any more."""
    gone = (None, "", "", None)
    try:
        utterances = list(visitors.find(token).conversation.utterances)
    except Refused:
        return (*_nothing("No live session is running in this page. Press Start on the Live page, say something, and come back."), *gone)
    if not utterances:
        return (*_nothing("Nothing has been said in the live session yet."), *gone)
    heard = [Heard(utterance.start, utterance.end, utterance.transcript, utterance.readings()) for utterance in utterances]
    return (*_moments(predictor, heard, len(heard) - 1), *gone)


def _nothing(message: str) -> tuple:
    return [], gr.Dropdown([], value=None), message_html(message), ""


def _moments(predictor: Predictor, heard: list[Heard], index: int) -> tuple:
    """What was heard, the list of its utterances with one of them chosen, that one, and the conversation as a whole."""
    choices = [(f"{clock_text(one.start)}  {one.transcript or '(no words)'}", i) for i, one in enumerate(heard)]
    whole = along_html(along(predictor, heard)) if len(heard) > 1 else ""
    return heard, gr.Dropdown(choices, value=index), show_moment(predictor, heard, index), whole


def show_moment(predictor: Predictor, heard: list[Heard], index: int | None) -> str:
    """The table of the seven subsets, a look inside ComP, and which parts the models use."""
    if not heard or index is None:
        return message_html("Choose a sample or a file first.")
    fused = predictor.fusion().fuse_last([one.moment for one in heard[: index + 1]])
    within = introspections(predictor, heard, index)
    table = seven_html(seven(predictor, heard, index), relation(fused.as_dict()), heard[index].transcript)
    used = uses(predictor, heard, index)
    return table + (introspection_html(within) if within else "") + (uses_html(used) if used else "")


def degrade_utterance(
    predictor: Predictor,
    fields: list[str],
    path: str | None,
    heard: list[Heard],
    index: int | None,
    progress: Callable | None = gr.Progress(),  # noqa: B008
    *given: Any,
) -> tuple:
    """The moment before and after; the degraded picture and sound."""
    if not heard or index is None or not path:
        return "", "", None
    *values, muted, model = given
    degradation = degradation_of(dict(zip(fields, values, strict=True)), muted)
    one = heard[index]
    # Of its sound, what the voice sense reads.
    start = max(one.start, one.end - LONGEST)
    # The file is opened, read again and looked at: three passes, within what one may cost.
    budget = replace(predictor.budget, seconds=predictor.budget.seconds / 3)

    def tell(seconds: float) -> None:
        progress(min(0.99, seconds / max(one.end, 1.0)), desc="reading")

    try:
        media = replace(open_media(path, budget), tell=tell)
        media = degradation.media(media, start, one.end)
        again = predictor.read_again(media, one, degradation.words(one.transcript, np.random.default_rng(0)))
        picture = _picture(media, one)
    except OverBudget:
        return message_html("To read this moment again takes too long. Choose a shorter file."), "", None
    except MediaError as error:
        return message_html(str(error)), "", None
    before = [earlier.moment for earlier in heard[:index]]
    states = (_states(predictor, model, before, now) for now in (one, again))
    sound = None
    if media.samples is not None and one.end > start:
        part = media.samples[round(start * SAMPLE_RATE) : round(one.end * SAMPLE_RATE)]
        sound = (SAMPLE_RATE, (part.clip(-1, 1) * 32767).astype(np.int16))
    return compared_html(*states), picture_html(picture) if picture is not None else "", sound


def _picture(media: Media, one: Heard) -> np.ndarray | None:
    """That in the middle of what was heard; None where there is none."""
    middle = (one.start + one.end) / 2
    frames = takewhile(lambda frame: frame[0] <= one.end, media.frames(FACES_PER_SECOND)) if media.has_video else ()
    return min(frames, key=lambda frame: abs(frame[0] - middle), default=(0.0, None))[1]


def _states(predictor: Predictor, model: str, before: list, now: Heard) -> dict[str, dict[str, Any]]:
    fused = predictor.fusion(model).fuse_last([*before, now.moment])
    quality = qualities(now)
    states = {
        "fused": {"title": "all together", "told": in_words(fused.fused, fused.answer_threshold), "weight": None, "quality": None},
    }
    for m in MODALITIES:
        own = fused.by_modality[m]
        absent = fused.absent_because.get(m)
        told = in_words(own, fused.answer_threshold) if own else f"absent: {REASONS.get((m, absent), absent)}"
        states[m] = {"title": NAMES[m], "told": told, "weight": fused.weights[m] if fused.weights else None, "quality": quality[m]}
    return states
