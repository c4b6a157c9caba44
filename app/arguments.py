"""What can be asked of the program on the command line."""

from __future__ import annotations

import argparse
import os

from app.server.origins import in_space

# Gradio answers calls in 40 threads, and each live page may hold one of them while it waits for its picture.
MOST_PLACES = 32


def _places(given: str) -> int:
    if not given.isdigit() or not 1 <= int(given) <= MOST_PLACES:
        raise argparse.ArgumentTypeError(f"give a whole number from 1 to {MOST_PLACES}")
    return int(given)


def _target(given: str) -> tuple[str, int]:
    host, _, port = given.rpartition(":")
    if not host:
        raise argparse.ArgumentTypeError("give HOST:PORT, as 127.0.0.1:9000")
    return host.strip("[]"), _port(port)


def _port(given: str) -> int:
    if not given.isdigit() or not 1 <= int(given) <= 65535:
        raise argparse.ArgumentTypeError("give a whole number from 1 to 65535")
    return int(given)


def parser() -> argparse.ArgumentParser:
    """What `python app.py` can be told."""
    made = argparse.ArgumentParser(prog="python app.py", description="Expression from face, voice and words, live in the browser.")
    # Hosts of Gradio apps say in these variables where they expect the page.
    port, host = os.environ.get("GRADIO_SERVER_PORT", "7860"), os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1")
    made.add_argument("--port", type=_port, default=port, help="(default: %(default)s)")
    made.add_argument("--host", default=host, help="0.0.0.0 for the network; cameras then need https (default: %(default)s)")
    made.add_argument("--share", action="store_true", help="a public https address, through Gradio's tunnel")
    made.add_argument(
        "--allow-host",
        type=str.lower,
        action="append",
        default=[],
        metavar="NAME",
        help="a further name of this page, as behind a proxy; may be given several times",
    )
    made.add_argument(
        "--behind-proxy",
        action="store_true",
        default=in_space(),
        help="a proxy in the private network says who asks (X-Forwarded-For); without it, nobody is believed",
    )
    made.add_argument("--capture", choices=("browser", "local"), default="browser", help="local: this computer's own camera and microphone")
    made.add_argument("--camera", default="0", metavar="N|FILE", help="for --capture local; a file stands in (default: %(default)s)")
    made.add_argument("--microphone", metavar="NAME|FILE", help="for --capture local; a file stands in (default: the system's)")
    made.add_argument(
        "--visitors", type=_places, default=8, metavar="N", help="live sessions at a time; others wait in line (default: %(default)s)"
    )
    made.add_argument("--osc", type=_target, metavar="HOST:PORT", help="send one's own session there, by Open Sound Control")
    made.add_argument("--lsl", action="store_true", help="offer one's own session to the network, by Lab Streaming Layer")
    made.add_argument("--device", help="cpu or cuda (default: cuda if there is any)")
    made.add_argument("--whisper", default="tiny.en", metavar="MODEL|PATH|off", help="speech recognition (default: %(default)s)")
    made.add_argument(
        "--model",
        default="comp",
        metavar="NAME|PATH",
        help="fusion model at first: comp, prlf, a folder or a path (default: %(default)s)",
    )
    return made
