"""A session for other programs: by key, by OSC and LSL; and for nobody else."""

import json
import shutil
import subprocess
import sys
import time

import jsonschema
import pytest

from app.arguments import parser
from app.live.followers import MOST, Followers
from app.live.message import Message, message_of
from app.main import _keep_private
from tests.app.served import free_port, served
from tests.app.sessions import FACE
from tests.places import ROOT
from tools.watch.visitor import Visitor

EXAMPLES = ROOT / "docs" / "examples"


@pytest.fixture
def session(page):
    visitor = Visitor(page.address)
    token = visitor.call("open_session", {})["token"]
    yield visitor, token
    visitor.call("close_session", {"token": token})


def key_of(session):
    visitor, token = session
    return visitor.call("give_out", {"token": token, "on": True})["key"]


def events(answer):
    lines = answer.iter_lines()
    for line in lines:
        if line.startswith("event: "):
            yield line.removeprefix("event: "), json.loads(next(lines).removeprefix("data: "))


def test_the_message_is_what_its_schema_says(stepped):
    message = json.loads(message_of(stepped.step(FACE)).model_dump_json())
    jsonschema.validate(message, Message.model_json_schema())
    assert (message["version"], message["label"], message["senses"]["video"]["present"]) == ("1", "joy", True)
    assert message["senses"]["audio"]["absent_because"] and message["senses"]["audio"]["probabilities"] is None


def test_events_come_to_who_has_the_key_until_the_session_ends(page, session):
    visitor, token = session
    assert visitor.call("exchange", {"token": token})["sent"] == []
    with page.client().stream("GET", "/stream", headers={"authorization": f"Bearer {key_of(session)}"}) as answer:
        told = events(answer)
        assert next(told)[0] == "moment"
        assert visitor.call("exchange", {"token": token})["sent"] == ["127.0.0.1 (events)"]
        visitor.call("control", {"token": token, "typed": "joy"})
        assert any(message["words"]["text"] == "joy" for _, message in (next(told) for _ in range(20)))
        visitor.call("close_session", {"token": token})
        assert [name for name, _ in told][-1] == "end"


def test_nothing_comes_by_another_key_the_token_or_one_taken_back(page, session):
    visitor, token = session
    key = key_of(session)
    visitor.call("give_out", {"token": token, "on": False})
    for wrong in ("", "x", "ü", token, key):
        assert page.client().get("/stream", params={"key": wrong}).status_code == 403
    assert visitor.call("give_out", {"token": "x", "on": True})["error"] == "ended"
    assert visitor.call("give_out", {"token": token, "on": 1})["error"] == "bad_request"


def test_taking_the_key_back_ends_who_follows(page, session):
    visitor, token = session
    with page.client().stream("GET", "/stream", params={"key": key_of(session)}) as answer:
        told = events(answer)
        next(told)
        visitor.call("give_out", {"token": token, "on": False})
        assert [name for name, _ in told][-1] == "end"


def test_two_sessions_are_apart(page):
    visitor = Visitor(page.address)
    mine, other = (visitor.call("open_session", {})["token"] for _ in range(2))
    visitor.call("control", {"token": other, "typed": "anger, which is another's"})
    with page.client().stream("GET", "/stream", params={"key": key_of((visitor, mine))}) as answer:
        told = events(answer)
        assert all(next(told)[1]["words"]["text"] == "" for _ in range(10))
    for token in (mine, other):
        visitor.call("close_session", {"token": token})


def test_no_more_follow_than_fit_and_none_after_the_end():
    followers = Followers()
    key = followers.allow()
    lines = [type("One", (), {"told": "x", "end": lambda self: None})() for _ in range(MOST + 1)]
    assert [followers.join(line, key) for line in lines] == [True] * MOST + [False]
    followers.end()
    assert followers.told == [] and not followers.join(lines[0], followers.allow())


def test_another_page_comes_in_with_the_key_only(page, session):
    foreign = {"origin": "https://elsewhere.example", "sec-fetch-site": "cross-site"}
    assert page.client().get("/stream", params={"key": "x"}, headers=foreign).status_code == 403
    assert page.client().get("/config", params={"key": key_of(session)}, headers=foreign).status_code == 403
    with page.client().stream("GET", "/stream", params={"key": key_of(session)}, headers=foreign) as answer:
        assert answer.status_code == 200


def test_a_websocket_says_the_same_also_to_another_page(page, session):
    client = pytest.importorskip("websockets.sync.client")
    address = f"ws://127.0.0.1:{page.port}/stream?key={key_of(session)}"
    with client.connect(address, origin="null", proxy=None) as line:
        jsonschema.validate(json.loads(line.recv(10)), Message.model_json_schema())
    with pytest.raises(Exception, match="403"), client.connect(address[:-1], proxy=None):
        pass


def test_a_websocket_that_takes_nothing_is_ended_before_answers_to_its_pings_pile_up(page, session):
    pytest.importorskip("websockets")
    ask = f"GET /stream?key={key_of(session)} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    nonce = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    pings = (b"\x89\xfd\0\0\0\0" + b"x" * 125) * 2000
    before = page.most_mb()
    with page.connect() as connection:
        connection.settimeout(5)
        connection.sendall((ask + nonce).encode())
        with pytest.raises((ConnectionError, TimeoutError)):
            connection.sendall(400 * pings)
    assert page.most_mb() - before < 30


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_curl_follows(page, session):
    command = ["curl", "-sN", "--max-time", "3", "-H", f"Authorization: Bearer {key_of(session)}", f"{page.address}/stream"]
    assert subprocess.run(command, capture_output=True, text=True).stdout.count("event: moment") > 5


def listened(command, wanted, asks):
    """Lines that an example printed, once one of them holds what is wanted."""
    example = subprocess.Popen([sys.executable, *command], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        asks()
        lines = []
        while not any(wanted in line for line in lines):
            lines.append(example.stdout.readline())
            assert lines[-1], "the example ended"
        return lines
    finally:
        example.kill()
        example.wait()


def test_the_osc_listener_hears_the_session(tmp_path):
    pytest.importorskip("pythonosc")
    port = free_port()
    with served(tmp_path, "--osc", f"127.0.0.1:{port}") as page:
        visitor = Visitor(page.address)

        def ask():
            token = visitor.call("open_session", {})["token"]
            time.sleep(1)
            visitor.call("control", {"token": token, "typed": "joy"})
            assert visitor.call("exchange", {"token": token})["sent"] == [f"127.0.0.1:{port} (OSC)"]

        assert listened([EXAMPLES / "osc_listener.py", str(port)], "/affect/words joy", ask)
        assert "ticket" in visitor.call("open_session", {}), "only one session is sent"


def test_the_lsl_inlet_gets_the_session(tmp_path):
    pytest.importorskip("pylsl")
    with served(tmp_path, "--lsl") as page:
        visitor = Visitor(page.address)
        lines = listened([EXAMPLES / "lsl_inlet.py"], "fused/joy=", lambda: visitor.call("open_session", {}))
        assert "text/weight=" in lines[-1]


@pytest.mark.parametrize("public", [["--share"], ["--host", "0.0.0.0"], ["--behind-proxy"], ["--allow-host", "a.example"]])
@pytest.mark.parametrize("output", [["--osc", "127.0.0.1:9000"], ["--lsl"]])
def test_sessions_of_others_are_not_sent(public, output):
    with pytest.raises(ValueError, match="others' sessions"):
        _keep_private(parser().parse_args([*public, *output]))


@pytest.mark.parametrize(("module", "name", "given"), [("pythonosc", "osc", ("127.0.0.1", 9)), ("pylsl", "lsl", ())])
def test_a_missing_package_is_told_in_one_sentence(monkeypatch, module, name, given):
    from app.output.lsl import LslFollower
    from app.output.osc import OscFollower

    for part in (module, f"{module}.udp_client"):
        monkeypatch.setitem(sys.modules, part, None)
    with pytest.raises(ValueError, match=rf"--{name} needs"):
        {"osc": OscFollower, "lsl": LslFollower}[name](*given)


def test_the_sketch_is_short():
    assert len((EXAMPLES / "sketch.html").read_text(encoding="utf-8").split("<script>")[1].splitlines()) <= 20
