"""Pages of others, and names that others have pointed here, reach nothing; our own page, a Space's frame, a proxy and programs do."""

import re

import pytest

from app.server.origins import OwnPages, is_loopback
from tests.app.served import served
from tests.support import loops

CALL = "/gradio_api/component_server/"
FOREIGN = "https://elsewhere.example"


def visit(page):
    """The body of a call that opens a visit."""
    (component,) = (c["id"] for c in page.client().get("/config").json()["components"] if "open_session" in str(c["props"]))
    return {"data": {}, "component_id": component, "session_hash": "x", "fn_name": "recogniser_status"}


@pytest.fixture(scope="module")
def body(page):
    return visit(page)


def test_a_program_says_no_origin_and_passes(page, body):
    assert page.client().post(CALL, json=body).json()["recogniser"]["state"] == "ready"


def test_our_own_page_passes_by_each_of_its_names(page, body):
    for host in (f"127.0.0.1:{page.port}", f"localhost:{page.port}", f"[::1]:{page.port}"):
        own = {"host": host, "origin": f"http://{host}", "sec-fetch-site": "same-origin"}
        assert page.client().post(CALL, json=body, headers=own).status_code == 200


@pytest.mark.parametrize("host", ["x.localhost", "rebound.example", "localhost.rebound.example", "127.0.0.1.rebound.example"])
def test_a_rebound_name_is_refused_though_its_page_looks_like_ours(page, body, host):
    headers = {"host": f"{host}:{page.port}", "origin": f"http://{host}:{page.port}", "sec-fetch-site": "same-origin"}
    answer = page.client().post(CALL, json=body, headers=headers)
    assert (answer.status_code, "--allow-host" in answer.text) == (403, True)
    assert page.client().get("/", headers={"host": host}).status_code == 403


@pytest.mark.parametrize("origin", [FOREIGN, "null", "http://127.0.0.1:1", "http://127.0.0.1", "http://x.localhost:{port}"])
def test_another_page_neither_calls_nor_uploads_also_blindly(page, body, origin):
    headers = {"origin": origin.format(port=page.port), "content-type": "text/plain"}
    assert page.client().post(CALL, json=body, headers=headers).status_code == 403
    del headers["content-type"]
    assert page.client().post("/gradio_api/upload", files={"files": ("a.wav", b"x")}, headers=headers).status_code == 403
    assert page.client().post("/gradio_api/call/analyse", json={"data": []}, headers=headers).status_code == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_without_an_origin_the_browser_says_that_another_page_asks(page, body, site):
    headers = {"sec-fetch-site": site, "sec-fetch-mode": "no-cors"}
    assert page.client().get("/config", headers=headers).status_code == 403
    assert page.client().post(CALL, json=body, headers=headers).status_code == 403


def test_a_link_to_the_page_and_its_frame_work(page):
    for shown_in in ("document", "iframe"):
        headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": shown_in}
        assert page.client().get("/?__theme=dark", headers=headers).status_code == 200
        assert page.client().get("/config", headers=headers).status_code == 403


def test_allowed_names_work_before_the_program_and_in_the_browser(tmp_path):
    with served(tmp_path, "--allow-host", "affect.example", "--allow-host", "Second.example") as page:
        body = visit(page)
        for name in ("affect.example", "second.example"):
            # A proxy that passes the name on, and one that does not.
            for host in (name, f"127.0.0.1:{page.port}"):
                assert page.client().post(CALL, json=body, headers={"host": host, "origin": f"https://{name}"}).status_code == 200
        assert page.client().post(CALL, json=body, headers={"host": "third.example"}).status_code == 403


def test_a_space_works_in_the_frame_of_its_host_and_no_other_page_reaches_it(tmp_path):
    space = {"SYSTEM": "spaces", "SPACE_HOST": "someone-affect.hf.space"}
    with served(tmp_path, "--host", "0.0.0.0", **space) as page:
        body = visit(page)
        framed = {
            "host": "someone-affect.hf.space",
            "sec-fetch-site": "cross-site",
            "sec-fetch-mode": "navigate",
            "sec-fetch-dest": "iframe",
        }
        answer = page.client().get("/", headers=framed)
        assert answer.status_code == 200
        assert "https://huggingface.co" in re.search("frame-ancestors ([^;]*)", answer.headers["content-security-policy"])[1]
        own = {"origin": "https://someone-affect.hf.space", "sec-fetch-site": "same-origin"}
        for host in ("someone-affect.hf.space", "10.0.0.7:7860"):
            assert page.client().post(CALL, json=body, headers={**own, "host": host}).status_code == 200
        for origin in (FOREIGN, "https://other.hf.space", "https://huggingface.co"):
            assert page.client().post(CALL, json=body, headers={"origin": origin}).status_code == 403


def sockets(**headers):
    """What a web socket is answered, with these headers."""
    sent = []

    async def accepting(scope, receive, send):
        await send({"type": "websocket.accept"})

    async def keep(message):
        sent.append(message["type"])

    given = {"host": "localhost:7860", **headers}
    scope = {"type": "websocket", "path": "/", "headers": [(name.encode(), value.encode()) for name, value in given.items()]}
    loops.run(OwnPages(accepting, "127.0.0.1", set())(scope, None, keep))
    return sent


def test_web_sockets_are_held_to_the_same():
    assert sockets() == sockets(origin="http://localhost:7860") == ["websocket.accept"]
    assert sockets(origin=FOREIGN) == sockets(host="rebound.example") == ["websocket.close"]


def test_what_is_loopback():
    assert all(map(is_loopback, ("localhost", "127.0.0.1", "::1", "[::1]", "127.0.0.9")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "192.168.1.5", "affect.example")))
