"""Start the demo: arguments, models, pages, server."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from app.arguments import parser
from app.server.listening import believe_proxy, raise_handle_limit, why_not_listen
from app.server.origins import is_loopback, names_of_space
from comp_core.support.errors import CompCoreError

if TYPE_CHECKING:
    import gradio as gr

    from app.capture.local import LocalCapture
    from app.live.followers import Follower
    from app.live.transcription import Notify, Transcriber
    from app.visitors.visitors import Visitors
    from comp_core.predictor import Predictor
    from comp_core.senses.speech.recognition import Recogniser

# Before torch, numpy or gradio are imported: waiting threads must sleep (the live loop shares few cores), and nothing is reported home.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

_PAGES = Path(__file__).parent / "pages"
_STYLES = ("shared/shared", "live/live", "live/teach", "clip/clip", "lab/lab", "lab/exhibits", "lab/guess", "lab/guide")
_CSS = [_PAGES / f"{style}.css" for style in _STYLES]
_TITLE = "Expression, live"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo until it is interrupted; returns the exit status."""
    began = time.monotonic()
    options = parser().parse_args(arguments)
    if taken := why_not_listen(options.host, options.port):
        print(f"The demo cannot start: {taken}", file=sys.stderr)
        return 2
    from app.server.memory import keep_little
    from app.server.uploads import upload_folder

    keep_little()
    # A service manager's polite stop is like Ctrl+C: what visitors left is removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Gradio is imported in it: where its files lie is settled then.
    with upload_folder():
        return _run(options, began)


def _run(options: argparse.Namespace, began: float) -> int:
    try:
        predictor = _models(options)
    except (CompCoreError, ValueError) as error:
        print(f"The demo cannot start: {error}", file=sys.stderr)
        return 2

    import numpy as np

    from app.live.transcription import Transcriber
    from app.server.log import keep_messages_out
    from comp_core.senses.speech.recognition import load_recogniser
    from comp_core.senses.speech.vad import SAMPLE_RATE

    try:
        _keep_private(options)
        local, outputs = _local(options), _outputs(options, _labels(predictor))
    except ValueError as error:
        print(f"The demo cannot start: {error}", file=sys.stderr)
        return 2

    # From here on visitors may come.
    keep_messages_out()

    def adopt(recogniser: Recogniser) -> None:
        predictor.recogniser = recogniser

    def recogniser(notify: Notify) -> Recogniser | None:
        loaded = load_recogniser(options.whisper, predictor.device, notify)
        if loaded:
            loaded.transcribe(np.zeros(SAMPLE_RATE, np.float32))  # the first time is slow, and no visitor's
        return loaded

    transcriber = Transcriber(recogniser, on_ready=adopt)
    demo = serve(predictor, transcriber, options, local, outputs)
    # Speech recognition takes a while to load, or has to be downloaded: the page does not wait for it, and comes first.
    transcriber.start()
    print(f"Ready after {time.monotonic() - began:.1f} s. Press Ctrl+C to stop.", flush=True)
    demo.block_thread()
    return 0


def _models(options: argparse.Namespace) -> Predictor:
    """The senses and fusion models, read and checked while Gradio is imported.

    Raises:
        CheckpointError, ValueError: what was asked for cannot be had.
    """
    import torch

    from app.server.quick_import import import_gradio

    def load() -> Predictor:
        from app.server.zerogpu import lends_gpu
        from comp_core.modeling.registry import KINDS
        from comp_core.predictor import Predictor

        # The one asked for is used at first; the page can change to any of them.
        models = dict.fromkeys([options.model, *KINDS])
        # A GPU that is only lent is not there between two loans.
        return Predictor.load(list(models), device="cpu" if lends_gpu() else options.device, whisper="off")

    # With more threads than idle cores torch is many times slower.
    torch.set_num_threads(1)
    with ThreadPoolExecutor(1) as pool:
        loading = pool.submit(load)
        import_gradio()
    return loading.result()


def _keep_private(options: argparse.Namespace) -> None:
    """What is for who started the program alone is refused where others can come.

    Raises:
        ValueError: they can.
    """
    public = options.share or options.behind_proxy or options.allow_host or not is_loopback(options.host)
    if options.capture == "local" and (options.share or not is_loopback(options.host)):
        raise ValueError("--capture local would show this computer's camera to others. Leave out --share and --host.")
    if (options.osc or options.lsl) and public:
        asked = "--osc" if options.osc else "--lsl"
        raise ValueError(f"{asked} would send others' sessions. Leave out --share, --host, --behind-proxy and --allow-host.")


def _local(options: argparse.Namespace) -> LocalCapture | None:
    """This computer's devices, if they are to be read."""
    if options.capture == "browser":
        return None
    from app.capture.local import local_capture

    return local_capture(options.camera, options.microphone)


def _labels(predictor: Predictor) -> list[str]:
    """All that the models tell apart.

    Raises:
        ValueError: one says scores, for which the page has no place.
    """
    if scores := [name for name, fusion in predictor.fusions.items() if not fusion.labels]:
        raise ValueError(f"{scores[0]} is a model of scores, which the page cannot show. Use python -m comp_core predict, or Python.")
    return list(dict.fromkeys(label for fusion in predictor.fusions.values() for label in fusion.labels))


def _outputs(options: argparse.Namespace, labels: Sequence[str]) -> list[Follower]:
    """Where each session is sent, of those that the command line names."""
    outputs: list[Follower] = []
    if options.osc:
        from app.output.osc import OscFollower

        outputs.append(OscFollower(*options.osc))
    if options.lsl:
        from app.output.lsl import LslFollower

        outputs.append(LslFollower(labels))
    return outputs


def serve(
    predictor: Predictor,
    transcriber: Transcriber,
    options: argparse.Namespace,
    local: LocalCapture | None = None,
    outputs: Sequence[Follower] = (),
) -> gr.Blocks:
    """Open the pages to visitors; returns the running blocks."""
    from functools import partial

    from fastapi.middleware import Middleware
    from gradio.utils import get_upload_folder
    from starlette.routing import Mount
    from starlette.staticfiles import StaticFiles

    from app.api import CALLS
    from app.capture.wire import REQUEST_BYTES
    from app.output import stream
    from app.pages.clip.page import SAMPLES_DIR
    from app.pages.lab.moments import MEDIA_DIR
    from app.pages.lab.plot import REPORTS_DIR
    from app.pages.shared.theme import theme
    from app.server import scripts
    from app.server.asgi import API, UPLOAD
    from app.server.at_once import AtOnce
    from app.server.disk_guard import RoomForUploads
    from app.server.headers import SecurityHeaders
    from app.server.jobs import RESULTS, FairQueue, Listening
    from app.server.limits import RequestLimits
    from app.server.origins import OwnPages
    from app.server.parts import Unkept, take_files_only
    from app.server.patience import MOST_HEARD_BYTES, PatientProtocol, patient_socket
    from app.server.plain import PlainErrors
    from app.server.route_allowlist import ClosedDoors
    from app.server.states import States
    from comp_core.inference.media import LIMIT_BYTES

    sizes = {UPLOAD: LIMIT_BYTES + 1_000_000, f"{API}/component_server": REQUEST_BYTES}
    names = {*options.allow_host, *names_of_space()}
    # Gradio's tunnel, too, is a proxy on this computer.
    behind_proxy = options.behind_proxy or options.share
    believe_proxy(behind_proxy)
    raise_handle_limit()
    take_files_only()
    demo, visitors = build(predictor, transcriber, local, options.visitors, outputs)
    # In a Space, Gradio's page would load fonts and a card of the Space from elsewhere.
    demo.space_id = None
    # `api_open=False`: a program waits in the queue like everyone else.
    demo.queue(api_open=False)
    demo._queue = FairQueue(demo)
    demo.launch(
        server_name=options.host,
        server_port=options.port,
        share=options.share,
        css_paths=_CSS,
        theme=theme(),
        max_file_size=LIMIT_BYTES,
        allowed_paths=[str(SAMPLES_DIR)],
        footer_links=[],
        app_kwargs={
            # By a path of their own: Gradio would show where this program is installed.
            "routes": [
                scripts.ROUTE,
                *stream.routes(visitors.followed),
                Mount("/reports", StaticFiles(directory=REPORTS_DIR)),
                Mount("/samples", StaticFiles(directory=SAMPLES_DIR)),
                Mount("/guess", StaticFiles(directory=MEDIA_DIR)),
            ],
            "middleware": [
                Middleware(SecurityHeaders),
                Middleware(AtOnce),
                Middleware(
                    OwnPages,
                    host=options.host,
                    names=names,
                    behind_proxy=behind_proxy,
                    invited=partial(stream.invited, visitors.followed),
                ),
                Middleware(PlainErrors),
                Middleware(Listening, listeners=demo._queue.listeners),
                Middleware(ClosedDoors),
                Middleware(RequestLimits, sizes=sizes, checks=CALLS),
                Middleware(RoomForUploads, folder=Path(get_upload_folder())),
            ],
        },
        # Gradio would keep runs in the visitor's browser, and statistics; and where Node is installed, answer past our headers.
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
        # What visitors were shown on the other pages, Gradio holds for so many of the last of them.
        state_session_capacity=RESULTS,
        prevent_thread_lock=True,
        # It would advise what this program has arguments for.
        quiet=True,
    )
    demo.app.state_holder, demo.upload_file_set = States(demo, demo._queue.sessions), Unkept()
    # Asked for each connection anew.
    uvicorn = demo.server.config
    uvicorn.http_protocol_class, uvicorn.ws_max_size = PatientProtocol, MOST_HEARD_BYTES
    if uvicorn.ws_protocol_class is not None:  # the package for WebSockets may be missing
        uvicorn.ws_protocol_class = patient_socket(uvicorn.ws_protocol_class)
    print(f"Running on local URL: http://{options.host}:{options.port}", flush=True)
    if demo.share_url:
        names.add(urlsplit(demo.share_url).hostname)
    # Behind the public address, too, the page's scripts come from here: Gradio would have it load them from a store of its own.
    demo.share = False
    return demo


def build(
    predictor: Predictor,
    transcriber: Transcriber,
    local: LocalCapture | None = None,
    places: int = 8,
    outputs: Sequence[Follower] = (),
) -> tuple[gr.Blocks, Visitors]:
    """The pages as Gradio blocks, and the sessions behind them.

    Args:
        local: the computer's own devices, to be read instead of the browser's.
        places: live sessions at a time, of the browser's devices.
        outputs: follow every session.
    """
    import gradio as gr

    from app.api import clip_endpoint
    from app.capture.browser import server_functions
    from app.live.context import LiveContext
    from app.live.people import MOST_FACES
    from app.live.session import LiveSession
    from app.pages.about.page import about_page
    from app.pages.clip.page import clip_page
    from app.pages.lab.page import lab_page
    from app.pages.live.page import live_page
    from app.pages.shared.heading import heading
    from app.server.memory import give_back
    from app.server.scripts import on_load
    from app.server.zerogpu import lends_gpu, with_lent_gpu
    from app.visitors.visitors import Visitors
    from comp_core.senses.face.locator import FaceLocator, LookAround
    from comp_core.senses.speech.utterances import Segmenter

    context = LiveContext(predictor, transcriber, after=give_back)
    around = LookAround(MOST_FACES)
    models = {name: fusion.name for name, fusion in predictor.fusions.items()}

    def session(token: str) -> LiveSession:
        return LiveSession(token, context, FaceLocator(tracking=True, around=around), Segmenter())

    def start(session: LiveSession) -> None:
        for output in outputs:
            session.followers.add(output)
        session.start()
        if local:
            local.start(session)

    # The computer's own devices have room for one, and so has what is sent by OSC and LSL.
    visitors = Visitors(session, start, limit=1 if local or outputs else places)
    visitors.keep_sweeping()
    with gr.Blocks(title=_TITLE, analytics_enabled=False) as demo:
        heading(_TITLE)
        with gr.Tabs():
            with gr.Tab("Live"):
                calls = server_functions(visitors, transcriber, models, lambda: predictor.notices)
                live_page(calls, models, visitors.limit, local is not None, [output.told for output in outputs])
            with gr.Tab("Clip") as tab:
                clip_page(predictor, models, tab, with_lent_gpu(predictor) if lends_gpu() else None)
            with gr.Tab("Lab", elem_id="lab") as tab:
                lab_page(predictor, visitors, tab)
            with gr.Tab("About"):
                about_page()
        demo.load(None, js=f"() => {{ {on_load('lab/link.js', repr('lab'))} }}", api_visibility="private")
        clip_endpoint(predictor, models)
    return demo, visitors
