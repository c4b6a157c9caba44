"""The clip page: a file or a sample, read utterance by utterance. Works without camera and microphone."""

from __future__ import annotations

import logging
import mimetypes
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import gradio as gr

from app.live.views import utterance_view
from app.pages.clip.reopened import reopened_session
from app.pages.shared.markup import clip_html, file_links, message_html, player_html
from app.pages.shared.spoken import spoken_language
from app.pages.shared.upload import upload
from app.server.disk_guard import no_room
from app.server.jobs import Unheard
from app.server.scripts import on_load
from comp_core.formats.table import FORMATS, Told
from comp_core.inference.budget import Budget
from comp_core.inference.media import LIMIT_BYTES, MediaError, open_media
from comp_core.inference.overlay import burn_in
from comp_core.modalities import LABELS, MODALITIES, NAMES, TEXT
from comp_core.predictor import Predictor
from comp_core.senses.speech.recognition import RecogniserError
from comp_core.support.assets import ASSETS

logger = logging.getLogger(__name__)

SAMPLES_DIR = ASSETS / "samples"
# A result is sent again when it has grown by this factor.
SELDOMER = 1.15
MEDIA_KINDS = ("video", "audio", "image")


def clip_page(predictor: Predictor, models: Mapping[str, str], tab: gr.Tab, borrowing: Any = None) -> None:
    """Build the page inside the ``tab``, which is the current one.

    Args:
        models: name -> title.
        borrowing: a predictor that recognises words on the host's GPU (`app.server.zerogpu`), for visitors who ask for it.
    """
    gr.HTML(
        '<div class="cp cp-head"><p>Choose a sample or a file. The same models read it, utterance by utterance. '
        f"An uploaded file may have {LIMIT_BYTES // 2**20} MB and 30 minutes, and is read for {Budget().seconds / 60:.0f} minutes at most. "
        "It is kept in a temporary folder of the computer that runs this page, for an hour at most.</p></div>",
        apply_default_css=False,
    )
    samples = sorted(path for path in SAMPLES_DIR.glob("*") if media_kind(path))
    with gr.Row():
        buttons = [gr.Button(sample_title(path), elem_classes="cp-sample", min_width=120) for path in samples]
    with gr.Row(equal_height=True):
        with gr.Column(scale=3, min_width=280):
            file = upload(label="Video, sound or picture", file_types=list(MEDIA_KINDS), height=150)
        with gr.Column(scale=2, min_width=280):
            text = gr.Textbox(label="Words instead of the recognised ones (optional)", max_length=10_000, lines=1)
            used = gr.CheckboxGroup([(NAMES[m], m) for m in MODALITIES], value=list(MODALITIES), label="Use")
            model = gr.Radio([(title, name) for name, title in models.items()], value=next(iter(models)), label="Model")
            language = spoken_language(predictor, tab)
            with gr.Row():
                analyse = gr.Button("Read it", variant="primary", min_width=120)
                lent = gr.Button("Read it, words on the host's GPU", visible=borrowing is not None, min_width=120)
                cancel = gr.Button("Cancel", min_width=100)
    reopened_session()
    player = gr.HTML("", apply_default_css=False, elem_id="clip-player")
    # What is waited for is told here: where it is told, Gradio makes all else pale.
    waiting = gr.HTML("", apply_default_css=False, elem_id="clip-waiting", elem_classes="cp-waiting")
    result = gr.HTML("", js_on_load=on_load("clip/seek.js", "element"), apply_default_css=False, elem_id="clip-result")
    found = gr.State(None, time_to_live=3600)
    with gr.Row():
        label = gr.Button("Make a video with the labels below the picture", visible=False, elem_classes="cp-sample")
        labelled = gr.File(label="Video with labels", visible=False, interactive=False)

    parts = {
        "inputs": [file, text, used, model, language],
        "outputs": [player, result, found, label, labelled],
        "api_visibility": "private",
    }
    read = {"fn": partial(read_clip, predictor), **parts, "concurrency_id": "clip", "show_progress_on": waiting}
    started = [analyse.click(**read), file.upload(**read)]
    if borrowing:
        started.append(lent.click(**{**read, "fn": partial(read_clip, borrowing)}))
    for button, path in zip(buttons, samples, strict=True):
        chosen = button.click(partial(str, path), outputs=file, api_visibility="private")
        started.append(chosen.then(**read))
    making = label.click(label_clip, found, labelled, concurrency_id="clip", show_progress_on=labelled, api_visibility="private")
    nothing = partial(_shown, "", "", None)
    file.clear(nothing, outputs=parts["outputs"], cancels=[*started, making], api_visibility="private")
    # What has been read so far stays.
    cancel.click(None, cancels=[*started, making], api_visibility="private")


@dataclass(frozen=True)
class ClipFound:
    """What was read of a file, for the files that can be made of it."""

    path: Path
    records: list[dict[str, Any]]


def read_clip(
    predictor: Predictor,
    path: str | None,
    text: str,
    used: list[str],
    model: str,
    language: str,
    progress: Callable | None = gr.Progress(),  # noqa: B008
) -> Iterator[tuple[Any, ...]]:
    """Read a file, or the typed words alone; utterance by utterance what is shown of it so far, or what went wrong, as HTML."""
    typed = text.strip() or None
    if not path and not typed:
        yield _shown("", message_html("Choose a sample or a file first, or type some words."))
        return
    without = [modality for modality in MODALITIES if modality not in used]
    records: list[dict[str, Any]] = []
    labels = predictor.fusions[model].labels
    due = 1
    try:
        if not path and TEXT in without:
            yield _shown("", message_html("The words are switched off, and there is no file. Choose one, or switch the words on."))
            return
        if not path:
            yield _shown("", clip_html([utterance_view(predictor.predict_text(typed, model), labels)]))
            return
        kind = media_kind(Path(path)) or "video"
        player = player_html(kind, f"gradio_api/file={quote(path)}", Path(path).name)
        for record in predictor.predict_parts(path, typed, without, lambda share, message: progress(share, desc=message), model, language):
            records.append(record)
            if len(records) >= due:
                # All that was read is sent each time, so the longer it is the seldomer; the player once, for made anew it would stop.
                yield _shown(player if len(records) == 1 else gr.skip(), _result_html(records, labels))
                due = max(len(records) + 1, round(SELDOMER * len(records)))
    except (MediaError, RecogniserError) as error:
        yield _failed(str(error), records, labels)
        return
    except Unheard:
        raise
    except Exception:
        logger.exception("a clip could not be read")
        yield _failed("This file could not be read because of an error in the program. Other files still can.", records, labels)
        return
    if not records:
        yield _failed("Nothing was found in this file: no face, no voice and no words.")
        return
    found = ClipFound(Path(path), records)
    told = Told(records, file=Path(path).name, model=predictor.fusions[model].name)
    links = file_links(told, list(FORMATS))
    yield _shown(gr.skip(), _result_html(records, labels, links), found, video=kind == "video")


def _shown(player: Any, result: str, found: ClipFound | None = None, video: bool = False) -> tuple[Any, ...]:
    """What the page shows now, in the order of its outputs; the offer of a video with labels stands where there is one to make."""
    return player, result, found, gr.update(visible=video), gr.update(visible=False, value=None)


def _failed(message: str, records: Sequence[Mapping[str, Any]] = (), labels: Collection[str] = LABELS) -> tuple[Any, ...]:
    """What went wrong, above what was read before."""
    if not records:
        return _shown("", message_html(message))
    return _shown(gr.skip(), message_html(message) + _result_html(records, labels))


def _result_html(records: Sequence[Mapping[str, Any]], labels: Collection[str], links: str = "") -> str:
    """While more comes, with a table of what there is; ``links`` are those of all formats, once nothing more comes."""
    return clip_html([utterance_view(record, labels) for record in records], links or file_links(Told(records), ["csv"]))


def label_clip(found: ClipFound | None, progress: Callable | None = gr.Progress()) -> Iterator[Any]:  # noqa: B008
    """The video with labels, for its owner to download."""
    if found is None:
        raise gr.Error("Read a video first.", duration=8)
    # Gradio takes what is yielded into its own folder, which it empties; this one goes at once, whatever happens.
    try:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / f"{found.path.stem}-labelled.mp4"
            burn_in(open_media(found.path), found.records, out, lambda share: progress(share, desc="writing"))
            yield gr.update(value=str(out), visible=True)
    except MediaError as error:
        raise gr.Error(f"The video could not be made: {error}", duration=8) from error
    except OSError as error:
        logger.warning("a video with labels could not be written: %s", error)
        why = "There is no room for it on the disk of the computer that runs this page." if no_room(error) else "It could not be written."
        raise gr.Error(f"The video could not be made. {why}", duration=8) from error


def media_kind(path: Path) -> str | None:
    """ "video", "audio" or "image" by the name of the file; None for anything else."""
    kind = (mimetypes.guess_type(path.name)[0] or "").split("/")[0]
    return kind if kind in MEDIA_KINDS else None


def sample_title(path: Path) -> str:
    """What a sample is called on its button."""
    return f"{path.stem.replace('_', ' ').capitalize()} ({ {'image': 'picture', 'audio': 'sound'}.get(media_kind(path), 'video') })"
