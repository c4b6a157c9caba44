"""Two processes of the page behind nginx, as docs/hosting.md configures it: who has begun in one of them stays there."""

import base64
import json
import re
import shutil
import socket
import subprocess
import time
from contextlib import ExitStack, contextmanager

import cv2
import httpx
import numpy as np
import pytest

from tests.browser import harness
from tests.places import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")]

WHOLE = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {documented}
}}
"""
# That all of them are sent to the same process happens once in 2,000 times.
VISITORS = 12
JPEG = base64.b64encode(cv2.imencode(".jpg", np.zeros((240, 320, 3), np.uint8))[1].tobytes()).decode()


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def documented(ports, port):
    """The configuration that the page shows, with other ports, and without a certificate."""
    page = (ROOT / "docs" / "hosting.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```nginx\n(.*?)```", page, re.DOTALL)
    for told, found in zip((7861, 7862), ports, strict=True):
        shown = shown.replace(f"127.0.0.1:{told}", f"127.0.0.1:{found}")
    shown = shown.replace("listen 443 ssl;", f"listen 127.0.0.1:{port};").replace("; Secure", "")
    return re.sub(r"^\s*ssl_certificate.*\n", "", shown, flags=re.MULTILINE)


@contextmanager
def nginx(folder, ports):
    port = free_port()
    written = folder / "nginx.conf"
    written.write_text(WHOLE.format(folder=folder, documented=documented(ports, port)))
    process = subprocess.Popen([shutil.which("nginx"), "-p", str(folder), "-c", str(written)], stderr=subprocess.PIPE, text=True)
    try:
        for _ in range(100):
            with socket.socket() as asked:
                if asked.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The address of nginx, and the two programs behind it."""
    with ExitStack() as stack:
        folders = [tmp_path_factory.mktemp(name) for name in ("one", "two")]
        given = ("--whisper", "off", "--behind-proxy", "--visitors", str(VISITORS))
        programs = [stack.enter_context(harness.running_app(folder, *given)) for folder in folders]
        ports = [program.address.rsplit(":", 1)[1] for program in programs]
        yield stack.enter_context(nginx(tmp_path_factory.mktemp("nginx"), ports)), programs


class Visitor:
    """A browser as far as it matters here: it keeps cookies, and calls what the page calls."""

    def __init__(self, address):
        self.client = httpx.Client(base_url=address, timeout=60)
        self.page = self.client.get("/")
        components = self.client.get("/config").json()["components"]
        self._component = next(c["id"] for c in components if "exchange" in c["props"].get("server_fns", ()))
        self.token = self.call("open_session", {}).get("token")

    def call(self, name, data):
        body = {"data": data, "fn_name": name, "session_hash": "abcdefghijk", "component_id": self._component}
        answer = self.client.post("/gradio_api/component_server/", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def exchange(self):
        return self.call("exchange", {"token": self.token, "jpeg": JPEG, "captured": 0.0, "pcm": None, "first": 0})


@pytest.fixture(scope="module")
def visitors(site):
    return [Visitor(site[0]) for _ in range(VISITORS)]


def test_each_visitor_is_given_one_cookie_of_their_own(visitors):
    cookies = [visitor.client.cookies["affect"] for visitor in visitors]
    assert len(set(cookies)) == VISITORS
    assert all(re.fullmatch(r"[0-9a-f]{32}", cookie) for cookie in cookies)
    assert all("set-cookie" not in visitor.client.get("/config").headers for visitor in visitors)


def test_a_session_stays_in_its_process_and_both_are_used(site, visitors):
    for _ in range(5):
        assert all("error" not in visitor.exchange() for visitor in visitors)
    # Each process knows the sessions that it began, and no other.
    knows = []
    for program in site[1]:
        own = Visitor(program.address)
        asked = [{"token": one.token, "captured": 0.0, "pcm": None, "first": 0} for one in visitors]
        knows.append([own.call("exchange", request).get("error") for request in asked])
        own.call("close_session", {"token": own.token})
    assert all((first is None) != (second is None) for first, second in zip(*knows, strict=True))
    assert all(None in known for known in knows)


def test_a_program_with_the_key_follows_a_session_of_either(visitors):
    for visitor in visitors:
        key = visitor.call("give_out", {"token": visitor.token, "on": True})["key"]
        visitor.exchange()
        # It has no cookie.
        with httpx.stream("GET", f"{visitor.client.base_url}/stream?key={key}", timeout=30) as events:
            assert events.status_code == 200
            told = next(line for line in events.iter_lines() if line.startswith("data:"))
        assert json.loads(told.removeprefix("data:"))["at"] >= 0


def test_a_page_of_another_name_is_refused_as_without_a_proxy(site, visitors):
    body = {"data": {}, "fn_name": "open_session", "session_hash": "abcdefghijk", "component_id": 1}
    answer = visitors[0].client.post("/gradio_api/component_server/", json=body, headers={"origin": "https://elsewhere.example"})
    assert answer.status_code == 403
