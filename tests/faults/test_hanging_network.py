"""A network that takes connections and never answers: the page is there all the same, and a recogniser comes in the end."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

import pytest

from tests.browser.harness import Server, running_app
from tools.watch.visitor import Visitor

PATIENCE_S = 60
# Where OpenAI keeps Whisper's weights.
WHISPER_HOST = "openaipublic.azureedge.net"
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@contextmanager
def hanging() -> Iterator[tuple[str, list[str], threading.Event]]:
    """The address of a proxy whose answers never come to an end; the hosts that it was asked for; and the event that ends them.

    It sends a letter from time to time, so that no time limit between two of them ends the waiting.
    """
    asked, end = [], threading.Event()

    def answer(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            asked.append(re.split(r"[ :/]+", connection.recv(4096).decode("latin-1"))[1])
            while not end.wait(0.5):
                connection.sendall(b"H")

    def accept(listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=answer, args=(listening.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=accept, args=(listening,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}", asked, end
        finally:
            end.set()
            listening.shutdown(socket.SHUT_RDWR)


@contextmanager
def program(folder: Path, address: str, whisper: str) -> Iterator[Server]:
    with running_app(folder, "--whisper", whisper, environment=dict.fromkeys(PROXIES, address)) as server:
        yield server


def until(true, limit: float = PATIENCE_S) -> bool:
    end = time.monotonic() + limit
    while not true() and time.monotonic() < end:
        time.sleep(0.1)
    return true()


def test_the_page_does_not_wait_for_a_download_that_hangs(tmp_path: Path) -> None:
    with hanging() as (address, asked, end), program(tmp_path, address, "small.en") as server:
        visitor = Visitor(server.address)

        def state() -> str:
            return visitor.call("recogniser_status", {})["recogniser"]["state"]

        assert until(lambda: asked != [])
        assert state() == "loading"
        with build_opener(ProxyHandler({})).open(server.address, timeout=PATIENCE_S) as page:
            assert page.status == 200
        end.set()
        assert until(lambda: state() != "loading")
        assert server.logged_errors() == 0
    assert set(asked) == {WHISPER_HOST}


@pytest.mark.parametrize("whisper", ["tiny.en", "off"])
def test_with_what_is_installed_the_program_asks_nobody(tmp_path: Path, whisper: str) -> None:
    with hanging() as (address, asked, _), program(tmp_path, address, whisper) as server:
        visitor = Visitor(server.address)
        assert until(lambda: visitor.call("recogniser_status", {})["recogniser"]["state"] != "loading")
    assert asked == []
