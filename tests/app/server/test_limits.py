"""One request cannot hold up the others, or take the memory."""

import json
import threading
import time

import pytest

from app.server.asgi import Refused, own_path
from app.server.limits import MOST_MARKS, check_object

JSON = {"content-type": "application/json"}


def of_parts(size):
    """A JSON object of so many bytes that is dear to handle."""
    return b'{"data":[' + b"[]," * (size // 3) + b"[]]}"


@pytest.mark.parametrize(
    "path", ["call/upload", "call/v2/upload", "call/analyse", "call/analyse/", "call/v2/analyse", "queue/join", "cancel"]
)
def test_thirty_megabytes_of_parts_cost_nothing(page, path):
    before, begin = page.most_mb(), time.monotonic()
    answer = page.client().post(f"/gradio_api/{path}", content=of_parts(30_000_000), headers=JSON)
    assert (answer.status_code, answer.text) == (413, "The request is larger than 100 kB.")
    assert time.monotonic() - begin < 2
    assert page.most_mb() - before < 50


def test_also_without_a_declared_length(page):
    pieces = (of_parts(50_000) for _ in range(200))
    before = page.most_mb()
    assert page.client().post("/gradio_api/call/upload", content=pieces, headers=JSON).status_code == 413
    assert page.most_mb() - before < 50


def test_parts_within_the_size_of_a_live_call_hold_up_nobody(page):
    """Many ask so at once, and somebody else is answered meanwhile."""
    body, statuses = of_parts(1_000_000), []

    def ask():
        statuses.append(page.client().post("/gradio_api/component_server/", content=body, headers=JSON).status_code)

    asking = [threading.Thread(target=ask) for _ in range(8)]
    for thread in asking:
        thread.start()
    begin = time.monotonic()
    assert page.client().get("/gradio_api/queue/status").status_code == 200
    assert time.monotonic() - begin < 1
    for thread in asking:
        thread.join()
    assert statuses == [413] * 8
    assert time.monotonic() - begin < 3


@pytest.mark.parametrize("body", [b"", b"[]", b"junk", b'{"a":', b"{" + b"1" * 50 + b"}", '{"a":1}'.encode("utf-16"), b"\xff"])
def test_what_is_no_object_is_told_in_a_sentence(page, body):
    answer = page.client().post("/gradio_api/queue/join", content=body, headers=JSON)
    assert (answer.status_code, answer.text) == (400, "The request is not a JSON object.")


def refused(body):
    """The status with which it is refused, or None; and the seconds that it took."""
    begin = time.monotonic()
    try:
        check_object(body)
    except Refused as error:
        return error.status, time.monotonic() - begin
    return None, time.monotonic() - begin


def test_what_pages_and_programs_send_passes():
    words = 'a, "b": [c] {d} \\ ' * 600
    for body in ({"data": {"jpeg": "x" * 400_000, "pcm": "y" * 500_000}}, {"data": [words, None]}, {"data": [{"path": words, "meta": {}}]}):
        assert refused(json.dumps(body).encode())[0] is None
        assert refused(json.dumps(body, ensure_ascii=False).encode())[0] is None


@pytest.mark.parametrize(
    "body",
    [
        of_parts(2_000_000),
        b'{"a":' * 400_000,
        b'{"a":' + b"[" * 25 + b"]" * 25 + b"}",
        b'{"a":["' + b'","' * 600_000 + b'"]}',
        b'{"a":"' + b'\\"' * 900_000,
        b'{"a":"' + b"\\" * 1_900_001 + b'"}',
        b'{"a":' + b" " * 1_900_000 + b"}",
        b'{"a":' + b"7" * 1_900_000 + b"}",
        ('{"a":[' + "[]," * 400_000 + "0]}").encode("utf-16"),
    ],
    ids=lambda body: f"{len(body)} of {body[:12]!r}",
)
def test_no_body_is_dear_to_refuse(body):
    status, seconds = refused(body)
    assert status in (400, 413)
    assert seconds < 0.5


def test_brackets_and_commas_in_words_are_no_parts():
    words = json.dumps({"data": '[],"\\' * 3 * MOST_MARKS})
    assert refused(words.encode())[0] is None
    assert refused(json.dumps({"data": [0] * MOST_MARKS}).encode())[0] == 413


def test_paths_are_those_from_the_root_of_the_page_on():
    def path(path, root=""):
        return own_path({"path": path, "root_path": root})

    assert path("/gradio_api/upload/") == path("/gradio_api/upload") == path("/affect/gradio_api/upload", "/affect") == "/gradio_api/upload"
    assert path("/affectation/x", "/affect") == "/affectation/x"
    assert path("/") == path("/affect/", "/affect") == path("/affect", "/affect") == ""
