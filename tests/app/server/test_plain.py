"""Odd requests get one line of answer and leave one line in the log; nobody learns where the program lies, or chooses an address."""

import io
import logging
import re
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.main import main
from app.server.log import Seldom
from comp_core.support.assets import ASSETS
from tests.app.served import ROOT, served
from tests.app.server.test_origins import CALL, visit

API = "/gradio_api"
ODD = [
    ("POST", "/component_server/", {"data": {}, "component_id": 99999, "session_hash": "x", "fn_name": "open_session"}, 404),
    ("POST", "/component_server/", {"data": {}, "component_id": [1], "session_hash": "x", "fn_name": "open_session"}, 400),
    ("POST", "/component_server/", {"data": {}, "component_id": 1, "session_hash": {}, "fn_name": "open_session"}, 400),
    ("POST", "/component_server/", {}, 400),
    ("POST", "/call/nothing", {"data": []}, 404),
    ("POST", "/call/v2/nothing", {}, 404),
    ("POST", "/call/v2/analyse", {"file": 3}, 422),
    ("POST", "/call/v2/analyse", {"none": 4}, 400),
    ("POST", "/call/analyse", {"data": 5}, 422),
    ("POST", "/queue/join", {"data": [], "fn_index": 9999, "session_hash": "a"}, 404),
    ("POST", "/queue/join", {"data": [], "session_hash": "a"}, 400),
    ("POST", "/deep_link", {}, 404),
    ("GET", "/file=", None, 403),
    ("GET", "/file=%00", None, 403),
    ("GET", "/file=http://127.0.0.1:9/", None, 404),
    ("GET", "/proxy=http://127.0.0.1:9/", None, 404),
    ("GET", "/custom_component/a/client/b/c", None, 404),
    ("GET", "/dev/reload", None, 404),
]


def quiet(page, before):
    """What was logged since, which must be short and without tracebacks."""
    log = page.log.read_text()[before:]
    assert "Traceback" not in log and "  File " not in log
    assert all(len(line) < 150 for line in log.splitlines()) and len(log.splitlines()) <= 2
    return log


@pytest.mark.parametrize(("method", "path", "body", "status"), ODD)
def test_an_odd_request_is_answered_in_a_line(page, method, path, body, status):
    before = len(page.log.read_text())
    answer = page.client().request(method, API + path, json=body)
    assert answer.status_code == status
    assert "\n" not in answer.text
    quiet(page, before)


@pytest.mark.parametrize(
    ("name", "status"), [("", 200), (".", 200), ("/", 200), ("\0", 200), ("..", 400), ("a/..", 400), ("a" * 9000, 413)]
)
def test_odd_names_of_files(page, name, status):
    before = len(page.log.read_text())
    form = f'--x\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\nabc\r\n--x--\r\n'
    answer = page.client().post(f"{API}/upload", content=form, headers={"content-type": "multipart/form-data; boundary=x"})
    assert answer.status_code == status
    assert quiet(page, before) == ""


def test_a_part_without_a_name_is_no_file(page):
    before = len(page.log.read_text())
    answer = page.client().post(f"{API}/upload", files={"files": ("", b"x")})
    assert (answer.status_code, answer.text) == (400, "Only files can be uploaded.")
    assert quiet(page, before) == ""


@pytest.mark.parametrize("part", ["bytes=0-1,3-4", "bytes=--5", "bytes=1-2-3", "bytes=100-200", "bytes=abc", "x"])
def test_odd_parts_of_a_file(page, part):
    (path,) = page.client().post(f"{API}/upload", files={"files": ("a.txt", b"0123456789")}).json()
    before = len(page.log.read_text())
    assert page.client().get(f"{API}/file={path}", headers={"range": part}).status_code in (400, 416)
    quiet(page, before)
    assert page.client().get(f"{API}/file={path}", headers={"range": "bytes=2-3"}).text == "23"


def test_unknown_sessions_end_at_once(page):
    for path in ("/queue/data?session_hash=unknown", "/call/analyse/unknown", "/call/v2/analyse/unknown"):
        before = len(page.log.read_text())
        with page.client().stream("GET", API + path) as answer:
            assert "Traceback" not in "".join(answer.iter_text())
        quiet(page, before)


def test_wrong_arguments_of_a_program_are_no_traceback(page):
    before = len(page.log.read_text())
    data = [{"path": "/nowhere/a.wav"}, "", [], "comp", "en"]
    event = page.client().post(f"{API}/call/analyse", json={"data": data}).json()["event_id"]
    assert "event: error" in page.client().get(f"{API}/call/analyse/{event}").text
    assert "Error" in quiet(page, before)


def test_nobody_learns_where_the_program_lies(page):
    for path in ("/", "/config", f"{API}/info"):
        shown = page.client().get(path).text
        assert str(ROOT) not in shown and sys.prefix not in shown
    links = set(re.findall(r"reports/[\w/.-]+\.json", page.client().get("/config").text))
    shown = [link for link in links if page.client().get(f"/{link}").status_code == 200]
    assert "reports/balance.json" in shown
    assert page.client().get("/reports/balance.json").content == (ASSETS / "reports" / "balance.json").read_bytes()
    assert page.client().get("/reports/../../README.md").status_code == 404
    assert page.client().get("/reports/%2e%2e/cards/face.md").status_code == 404


def refused(page, before=""):
    """How many of 300 calls are one too many for their address, each of which says that it comes from elsewhere."""
    body = visit(page)

    def ask(n):
        return client.post(CALL, json=body, headers={"x-forwarded-for": f"198.51.{n // 100}.{n % 100}{before}"}).json()

    with page.client() as client, ThreadPoolExecutor(8) as pool:
        return sum(answer.get("error") == "too_fast" for answer in pool.map(ask, range(300)))


@pytest.mark.parametrize("behind", [False, True])
def test_forwarded_addresses_are_believed_only_behind_a_proxy(tmp_path, behind):
    with served(tmp_path, *["--behind-proxy"] * behind) as page:
        assert (refused(page) == 0) == behind
        # Of several, the nearest that is no proxy counts: what comes before, the visitor may have written.
        assert refused(page, ", 203.0.113.7, 10.0.0.1") > 0


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
def test_a_taken_port_is_one_sentence(host, capsys):
    with socket.socket() as taking:
        taking.bind(("127.0.0.1" if host != "0.0.0.0" else host, 0))
        taking.listen()
        port = taking.getsockname()[1]
        if host == "localhost" and socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0] != socket.AF_INET:
            pytest.skip("localhost is another address here")
        assert main(["--host", host, "--port", str(port)]) == 2
    written = capsys.readouterr().err
    assert written.splitlines() == [f"The demo cannot start: port {port} is taken. Stop what uses it, or choose another with --port."]


def test_a_host_that_is_not_here_and_a_port_that_is_none_are_told(capsys):
    assert main(["--host", "203.0.113.9", "--port", "7861"]) == 2
    assert "cannot listen on 203.0.113.9, port 7861" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["--port", "70000"])
    assert "from 1 to 65535" in capsys.readouterr().err


def test_the_terminal_shows_no_rows_of_libraries_and_no_hints(page):
    page.client().post(CALL, json={**visit(page), "fn_name": "open_session"})
    time.sleep(1)
    log = page.log.read_text()
    assert "Running on local URL: http://127.0.0.1:" in log
    assert "share=True" not in log
    assert not re.search("inference_feedback_manager|InitializeLog|XNNPACK", log)


def test_what_strangers_provoke_is_logged_once_a_second():
    logger, written = logging.Logger("strangers"), io.StringIO()
    logger.addHandler(logging.StreamHandler(written))
    logger.addFilter(Seldom(every=0.2))
    for n in range(500):
        logger.error(f"no more handles\nfor {n}")
    logger.error("something else")
    time.sleep(0.25)
    logger.error("no more handles\nagain")
    assert written.getvalue().splitlines() == ["no more handles", "for 0", "something else", "no more handles", "again"]
