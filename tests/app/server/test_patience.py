"""Connections that never finish what they ask end by themselves, and until then nobody is turned away for them."""

import contextlib
import socket
import time

import httpx
import pytest

from tests.app.served import served

UNFINISHED = b"POST /gradio_api/%b HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 50000\r\n\r\n{"
QUIET_S = 2.0


@pytest.fixture(scope="module")
def hasty(tmp_path_factory):
    with served(tmp_path_factory.mktemp("hasty"), QUIET_S=str(QUIET_S)) as page:
        yield page


def until_ended(connection, every=None, word=b"x"):
    """What is answered until the other side ends the connection, and after how many seconds; meanwhile a word is sent so often."""
    begin, answer = time.monotonic(), b""
    connection.settimeout(every or 20)
    while time.monotonic() - begin < 20:
        try:
            received = connection.recv(4096)
        except TimeoutError:
            with contextlib.suppress(OSError):
                connection.send(word)
            continue
        except ConnectionError:
            received = b""
        if not received:
            return answer, time.monotonic() - begin
        answer += received
    raise AssertionError("the connection never ended")


@pytest.mark.parametrize("path", [b"component_server/", b"upload", b"nothing", b"queue/join"])
@pytest.mark.parametrize("every", [None, 0.3], ids=["silent", "dripping"])
def test_a_body_that_does_not_come_ends_the_request(hasty, path, every):
    with hasty.connect() as connection:
        connection.sendall(UNFINISHED % path)
        answer, seconds = until_ended(connection, every)
    expected = b"HTTP/1.1 404" if path == b"nothing" else b"HTTP/1.1 400" if path == b"upload" else b"HTTP/1.1 408"
    assert answer.startswith(expected)
    assert seconds < 4 * QUIET_S


@pytest.mark.parametrize("every", [None, 0.3], ids=["silent", "dripping"])
@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\nHost: local", b"GET / HTTP/1.1\r\nHost: localhost\r\nA: b\r\n"])
def test_headers_that_do_not_end_end_the_connection(hasty, begun, every):
    with hasty.connect() as connection:
        connection.sendall(begun)
        _, seconds = until_ended(connection, every)
    assert seconds < 4 * QUIET_S


def test_also_after_a_request_that_was_answered(hasty):
    with hasty.connect() as connection:
        connection.sendall(b"GET /gradio_api/queue/status HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer, seconds = until_ended(connection, 0.3)
    assert answer.startswith(b"HTTP/1.1 200")
    assert seconds < 4 * QUIET_S + 5


def test_a_slow_upload_that_goes_on_is_taken(hasty):
    def slowly():
        yield b'--x\r\nContent-Disposition: form-data; name="files"; filename="slow.wav"\r\n\r\n'
        for _ in range(10):
            time.sleep(QUIET_S / 4)
            yield b"0" * 20_000
        yield b"\r\n--x--\r\n"

    answer = hasty.client().post("/gradio_api/upload", content=slowly(), headers={"content-type": "multipart/form-data; boundary=x"})
    assert (answer.status_code, len(answer.json())) == (200, 1)


def test_an_answer_that_takes_long_is_not_cut_off(hasty):
    begin, heard = time.monotonic(), b""
    with hasty.client().stream("GET", "/gradio_api/heartbeat/x", timeout=30) as beating:
        for piece in beating.iter_raw():
            heard += piece
            if time.monotonic() - begin > 3 * QUIET_S:
                break
    assert heard.count(b"ALIVE") >= 1
    assert time.monotonic() - begin > 3 * QUIET_S


def hold(page, stack, count):
    """So many requests that are not finished; as many of them as can be begun."""
    for _ in range(count):
        with contextlib.suppress(OSError):
            connection = stack.enter_context(page.connect())
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sendall(UNFINISHED % b"component_server/")


def test_hundreds_of_unfinished_requests_turn_nobody_away(tmp_path):
    with served(tmp_path, setting=["sh", "-c", 'ulimit -S -n 256; exec "$@"', "sh"]) as page, contextlib.ExitStack() as stack:
        hold(page, stack, 320)
        answer = httpx.get(f"{page.address}/gradio_api/queue/status", timeout=5, trust_env=False)
        assert answer.status_code == 200
        assert "accept" not in page.log.read_text()


def test_where_there_are_no_more_handles_the_log_stays_short_and_they_come_back(tmp_path):
    with served(tmp_path, setting=["sh", "-c", 'ulimit -n 256; exec "$@"', "sh"], QUIET_S="6") as page, contextlib.ExitStack() as stack:
        hold(page, stack, 320)
        time.sleep(4)
        log = page.log.read_text()
        assert 1 <= log.count("out of system resource") <= 8
        assert len(log) < 20_000
        time.sleep(6)
        assert httpx.get(f"{page.address}/gradio_api/queue/status", timeout=10, trust_env=False).status_code == 200
