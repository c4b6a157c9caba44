"""Start the demo: arguments, models, pages, server."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# Before torch, numpy or gradio are imported: waiting threads must sleep (the live loop shares few cores), and nothing is reported home.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

# Faces that the live page finds; one of them is read.
MOST_FACES = 3
LOOPBACK = ("127.0.0.1", "localhost", "::1")
_CSS = Path(__file__).parent / "ui" / "theme.css"
_TITLE = "Expression, live"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo until it is interrupted; returns the exit status."""
    began = time.monotonic()
    options = _parser().parse_args(arguments)
    import torch

    from app.log import keep_messages_out
    from app.transcription import Transcriber
    from app.uploads import upload_folder
    from comp_core.checkpoint import CheckpointError
    from comp_core.modeling.kinds import CONFIGS
    from comp_core.predictor import Predictor
    from comp_core.senses.recognition import load_recogniser

    # With more threads than idle cores torch is many times slower.
    torch.set_num_threads(1)
    try:
        # The one asked for is used at first; the page can change to any of them.
        models = dict.fromkeys([options.model, *CONFIGS])
        predictor = Predictor.load(list(models), device=options.device, whisper="off")
    except (CheckpointError, ValueError) as error:
        print(f"The demo cannot start: {error}", file=sys.stderr)
        return 2

    local = None
    if options.capture == "local":
        from app.capture.local import local_capture

        if options.share or options.host not in LOOPBACK:
            refusal = "--capture local would show this computer's camera to others. Leave out --share and --host."
            print(f"The demo cannot start: {refusal}", file=sys.stderr)
            return 2
        try:
            local = local_capture(options.camera, options.microphone)
        except ValueError as error:
            print(f"The demo cannot start: {error}", file=sys.stderr)
            return 2

    # From here on visitors may come.
    keep_messages_out()

    def adopt(recogniser: Any) -> None:
        predictor.recogniser = recogniser

    # Speech recognition may have to be downloaded: the page does not wait for it.
    transcriber = Transcriber(lambda notify: load_recogniser(options.whisper, predictor.device, notify), on_ready=adopt)
    # A service manager's polite stop is like Ctrl+C: what visitors left is removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with upload_folder():
        serve(predictor, transcriber.start(), options, began, local)
    return 0


def serve(predictor: Any, transcriber: Any, options: argparse.Namespace, began: float, local: Any = None) -> None:
    """Open the pages and block until interrupted."""
    from fastapi.middleware import Middleware

    from app.capture.wire import REQUEST_BYTES
    from app.limits import RequestLimit
    from app.ui.clip import SAMPLES_DIR
    from app.ui.lab.plot import REPORTS_DIR
    from comp_core.media import LIMIT_BYTES

    limits = {"/component_server": REQUEST_BYTES, "/upload": LIMIT_BYTES + 1_000_000}
    demo = build(predictor, transcriber, local)
    demo.queue(default_concurrency_limit=1, max_size=32)
    demo.launch(
        server_name=options.host,
        server_port=options.port,
        share=options.share,
        css_paths=_CSS,
        theme=_theme(),
        max_file_size=LIMIT_BYTES,
        allowed_paths=[str(SAMPLES_DIR), str(REPORTS_DIR)],
        footer_links=[],
        app_kwargs={"middleware": [Middleware(RequestLimit, limits=limits)]},
        prevent_thread_lock=True,
    )
    print(f"Ready after {time.monotonic() - began:.1f} s. Press Ctrl+C to stop.", flush=True)
    demo.block_thread()


def build(predictor: Any, transcriber: Any, local: Any = None) -> Any:
    """The pages as Gradio blocks, with the engine behind them.

    Args:
        local: the computer's own devices (`app.capture.local.LocalCapture`), to be read instead of the browser's.
    """
    import gradio as gr

    from app.capture.browser import server_functions
    from app.engine import Engine
    from app.session import Session
    from app.ui.about import about_page
    from app.ui.clip import clip_page
    from app.ui.lab.page import lab_page
    from app.ui.live import live_page
    from app.visitors import Visitors
    from comp_core.senses.face_align import FaceLocator
    from comp_core.utterances import Segmenter

    engine = Engine(predictor, transcriber)

    models = {name: fusion.name for name, fusion in predictor.fusions.items()}

    def visit(token: str) -> Session:
        return Session(token, engine.clock(), FaceLocator(tracking=True, faces=MOST_FACES), Segmenter(), next(iter(models)))

    def start(session: Session) -> None:
        engine.start(session)
        if local:
            local.start(session)

    # The computer's own devices have room for one.
    visitors = Visitors(visit, start, limit=1) if local else Visitors(visit, start)
    visitors.keep_sweeping()
    with gr.Blocks(title=_TITLE, analytics_enabled=False) as demo:
        gr.HTML(
            f'<header class="cp cp-head"><h1>{_TITLE}</h1><p>What a machine reads from face, voice and words, '
            "and what it does when one of them is missing.</p></header>",
            apply_default_css=False,
        )
        with gr.Tabs():
            with gr.Tab("Live"):
                live_page(server_functions(visitors, transcriber, models), models, local=local is not None)
            with gr.Tab("Clip"):
                clip_page(predictor, models)
            with gr.Tab("Lab"):
                lab_page(predictor, visitors)
            with gr.Tab("About"):
                about_page()
    return demo


def _theme() -> Any:
    import gradio as gr

    # Fonts of the visitor's own system: nothing is fetched from elsewhere.
    fonts = {"font": ["system-ui", "sans-serif"], "font_mono": ["ui-monospace", "monospace"]}
    # Gradio's own choice for lesser text is too pale for AA.
    return gr.themes.Default(primary_hue="sky", neutral_hue="slate", **fonts).set(body_text_color_subdued="*neutral_600")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python app.py", description="Expression from face, voice and words, live in the browser.")
    parser.add_argument("--port", type=int, default=7860, help="(default: %(default)s)")
    parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 for the network; cameras then need https (default: %(default)s)")
    parser.add_argument("--share", action="store_true", help="a public https address, through Gradio's tunnel")
    parser.add_argument(
        "--capture", choices=("browser", "local"), default="browser", help="local: this computer's own camera and microphone"
    )
    parser.add_argument("--camera", default="0", metavar="N|FILE", help="for --capture local; a file stands in (default: %(default)s)")
    parser.add_argument("--microphone", metavar="NAME|FILE", help="for --capture local; a file stands in (default: the system's)")
    parser.add_argument("--device", help="cpu or cuda (default: cuda if there is any)")
    parser.add_argument("--whisper", default="tiny.en", metavar="MODEL|PATH|off", help="speech recognition (default: %(default)s)")
    parser.add_argument(
        "--model", default="comp", metavar="NAME|PATH", help="fusion model at first: comp, prlf, or a path (default: %(default)s)"
    )
    return parser
