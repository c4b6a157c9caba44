"""The clip page: a file or a sample, read utterance by utterance. Works without camera and microphone."""

from __future__ import annotations

import logging
import mimetypes
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import gradio as gr

from app.ui.markup import clip_html, message_html, player_html
from app.views import NAMES, utterance_view
from comp_core.media import LIMIT_BYTES, MediaError
from comp_core.modalities import MODALITIES

logger = logging.getLogger(__name__)

SAMPLES_DIR = Path(__file__).resolve().parents[2] / "assets" / "samples"
MEDIA_KINDS = ("video", "audio", "image")

# A click on the time of an utterance plays it.
_SEEK = """
element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-seek]");
  const player = element.querySelector("video, audio");
  if (!button || !player) return;
  event.preventDefault();
  player.currentTime = Number(button.dataset.seek);
  player.play();
});
"""


def clip_page(predictor: Any, models: Mapping[str, str]) -> None:
    """Build the page inside the current tab; `models` name -> title."""
    gr.HTML(
        '<div class="cp cp-head"><p>Choose a sample or a file. The same models read it, utterance by utterance. '
        f"An uploaded file may have {LIMIT_BYTES // 2**20} MB and 30 minutes. It is kept in a temporary folder of the computer that "
        "runs this page, for an hour at most.</p></div>",
        apply_default_css=False,
    )
    samples = sorted(path for path in SAMPLES_DIR.glob("*") if media_kind(path))
    with gr.Row():
        buttons = [gr.Button(sample_title(path), elem_classes="cp-sample", min_width=120) for path in samples]
    with gr.Row(equal_height=True):
        with gr.Column(scale=3, min_width=280):
            file = gr.File(label="Video, sound or picture", file_types=list(MEDIA_KINDS), height=150)
        with gr.Column(scale=2, min_width=280):
            text = gr.Textbox(label="Words instead of the recognised ones (optional)", max_length=10_000, lines=1)
            used = gr.CheckboxGroup([(NAMES[m], m) for m in MODALITIES], value=list(MODALITIES), label="Use")
            model = gr.Radio([(title, name) for name, title in models.items()], value=next(iter(models)), label="Model")
            analyse = gr.Button("Read it", variant="primary")
    result = gr.HTML("", js_on_load=_SEEK, apply_default_css=False, elem_id="clip-result")

    read = {"fn": partial(read_clip, predictor), "inputs": [file, text, used, model], "outputs": result, "api_visibility": "private"}
    analyse.click(**read, concurrency_id="clip")
    file.upload(**read, concurrency_id="clip")
    file.clear(lambda: "", outputs=result, api_visibility="private")
    for button, path in zip(buttons, samples, strict=True):
        chosen = button.click(partial(str, path), outputs=file, api_visibility="private")
        chosen.then(**read, concurrency_id="clip")


def read_clip(
    predictor: Any,
    path: str | None,
    text: str,
    used: list[str],
    model: str,
    progress: Callable | None = gr.Progress(),  # noqa: B008
) -> str:
    """Read a file, or the typed words alone; the result, or what went wrong, as HTML."""
    typed = text.strip() or None
    if not path and not typed:
        return message_html("Choose a sample or a file first, or type some words.")
    without = [modality for modality in MODALITIES if modality not in used]
    try:
        if not path:
            return clip_html("", [utterance_view(predictor.predict_text(typed, model))])
        records = predictor.predict_file(path, typed, without, lambda share, message: progress(share, desc=message), model)
    except MediaError as error:
        return message_html(str(error))
    except Exception:
        logger.exception("a clip could not be read")
        return message_html("This file could not be read because of an error in the program. Other files still can.")
    if not records:
        return message_html("Nothing was found in this file: no face, no voice and no words.")
    player = player_html(media_kind(Path(path)) or "video", f"gradio_api/file={quote(path)}", Path(path).name)
    return clip_html(player, [utterance_view(record) for record in records])


def media_kind(path: Path) -> str | None:
    """ "video", "audio" or "image" by the name of the file; None for anything else."""
    kind = (mimetypes.guess_type(path.name)[0] or "").split("/")[0]
    return kind if kind in MEDIA_KINDS else None


def sample_title(path: Path) -> str:
    """What a sample is called on its button."""
    return f"{path.stem.replace('_', ' ').capitalize()} ({ {'image': 'picture', 'audio': 'sound'}.get(media_kind(path), 'video') })"
