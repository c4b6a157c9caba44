"""The interface for programs, over HTTP, on scripted models; the real ones are asked by the examples of docs/api.md (test_hosting)."""

import json
import re
import socket

import httpx
import jsonschema
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from app import main as program
from app.api import SCHEMA_FILE, SCHEMA_VERSION
from app.arguments import parser
from comp_core.inference.budget import OverBudget
from comp_core.inference.media import MediaError
from comp_core.senses.speech.recognition import RecogniserError
from tests.app.doubles import ScriptedPredictor, ScriptedTranscriber, record

PREDICTOR = ScriptedPredictor()
SCHEMA = json.loads(SCHEMA_FILE.read_text())


@pytest.fixture(scope="module")
def served():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = parser().parse_args(["--host", "127.0.0.1", "--port", str(port), "--share"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gradio.networking.setup_tunnel", lambda **_: "https://tunnel.example.org")
        demo = program.serve(PREDICTOR, ScriptedTranscriber(), options)
    yield demo
    demo.close()


@pytest.fixture(scope="module")
def client(served):
    return Client(served.local_url, verbose=False)


@pytest.fixture(autouse=True)
def scripted():
    PREDICTOR.records, PREDICTOR.file_error = [record(0, 1.5, "what joy", audio="joy", text="joy"), record(2, 3, "", video="fear")], None


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "clip.wav"
    path.write_bytes(b"as good as sound")
    return handle_file(str(path))


def ask(client, **arguments):
    return client.predict(**arguments, api_name="/analyse")


def stream(url, **arguments):
    """The events that a call over plain HTTP is answered with."""
    call = f"{url}gradio_api/call/v2/analyse"
    event = httpx.post(call, json=arguments).json()["event_id"]
    return httpx.get(f"{call}/{event}").text


def refused(url, call, body):
    """The sentence with which a call is refused at once."""
    answer = httpx.post(f"{url}gradio_api/call/{call}", json=body)
    assert answer.status_code == 422
    return answer.text


def test_a_program_sees_one_endpoint_and_none_of_the_pages(served, client):
    seen = client.view_api(return_format="dict", print_info=False)
    assert list(seen["named_endpoints"]) == ["/analyse"] and not seen["unnamed_endpoints"]
    parameters = {p["parameter_name"]: p["parameter_has_default"] for p in seen["named_endpoints"]["/analyse"]["parameters"]}
    assert parameters == dict.fromkeys(("file", "words", "without", "model", "language"), True)
    assert "/gradio_api/call/analyse" in (listed := httpx.get(f"{served.local_url}gradio_api/openapi.json").text)
    assert not any(name in listed for name in ("exchange", "open_session", "read_clip"))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "process_recording"),
        ("GET", "deep_link"),
        ("GET", "deep_link/"),
        ("POST", "vibe-edit"),
        ("PUT", "upload"),
    ],
)
def test_what_gradio_offers_and_the_page_does_not_use_is_not_there(served, method, path):
    answer = httpx.request(
        method, f"{served.local_url}gradio_api/{path}?session_hash=abc", files={"video": b"x"} if method == "POST" else None
    )
    assert (answer.status_code, answer.text) == (404, "There is nothing here.")
    assert "content-security-policy" in answer.headers


def test_a_file_is_answered_in_the_shape_of_the_schema(client, clip):
    answer = ask(client, file=clip, model="prlf")
    jsonschema.validate(answer, SCHEMA)
    assert (answer["schema"], answer["file"], answer["model"]) == (SCHEMA_VERSION, "clip.wav", "PRLF")
    assert answer["utterances"] == json.loads(json.dumps(PREDICTOR.records))


def test_words_alone_are_answered_in_the_same_shape(client):
    answer = ask(client, words="pure fear")
    jsonschema.validate(answer, SCHEMA)
    assert answer["file"] is None and answer["utterances"][0]["transcript"] == "pure fear"


def test_the_schema_tells_a_wrong_answer(client):
    answer = ask(client, words="pure fear")
    for wrong in ({**answer, "schema": "2"}, {**answer, "more": 1}, {**answer, "utterances": [{"start": 0}]}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, SCHEMA)


def test_what_is_left_out_and_the_words_reach_the_predictor(client, clip, monkeypatch):
    asked = {}

    def predict_parts(path, text, without, progress, model, language):
        asked.update(text=text, without=without, language=language)
        return []

    monkeypatch.setattr(PREDICTOR, "predict_parts", predict_parts)
    ask(client, file=clip, words=" hello ", without=["video"], language="de")
    assert asked == {"text": "hello", "without": ["video"], "language": "de"}


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MediaError("clip.wav is empty."), "clip.wav is empty."),
        (RecogniserError("It does not understand this."), "does not understand"),
        (RuntimeError("secret"), "error in the program"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_sentence_and_the_next_one_works(client, clip, error, told):
    PREDICTOR.file_error = error
    with pytest.raises(AppError, match=told) as raised:
        ask(client, file=clip)
    assert "secret" not in str(raised.value)
    PREDICTOR.file_error = None
    assert ask(client, file=clip)["utterances"]


def test_a_file_that_costs_too_much_is_answered_as_far_as_it_was_read(client, clip):
    PREDICTOR.file_error = OverBudget("Only its beginning was read.")
    answer = ask(client, file=clip)
    jsonschema.validate(answer, SCHEMA)
    assert (answer["notice"], len(answer["utterances"])) == ("Only its beginning was read.", 2)
    PREDICTOR.records = []
    with pytest.raises(AppError, match="Only its beginning"):
        ask(client, file=clip)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({}, "nothing to read"),
        ({"words": "hm", "without": ["text"]}, "nothing to read"),
        ({"words": "hm", "model": "none"}, "not in the list of choices"),
        ({"file": {"path": "https://example.org/clip.mp4", "meta": {"_type": "gradio.FileData"}}}, "downloads nothing"),
    ],
)
def test_a_mistake_is_one_sentence(served, arguments, told):
    events = stream(served.local_url, **arguments)
    assert events.startswith("event: error") and told in events and "Traceback" not in events


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (5, "a list of 5: file, words, without, model, language"),
        ([None, "hm"], "a list of 5"),
        ([None, "hm", [], "comp", "en", 1], "a list of 5"),
        (["clip.mp4", "hm", [], "comp", "en"], "the path that an upload has answered"),
        ([{"path": 5}, "hm", [], "comp", "en"], "the path that an upload has answered"),
        ([None, "hm", 5, "comp", "en"], "among audio, text, video"),
        ([None, "hm", None, "comp", "en"], "among audio, text, video"),
        ([None, "hm", [], 5, "en"], "named by a text"),
        ([None, "hm", [], "comp", {}], "as en"),
        ([None, "so long " * 2000, [], "comp", "en"], "shorten them"),
    ],
)
def test_what_is_no_call_is_refused_at_once_in_a_sentence(served, data, told):
    assert told in refused(served.local_url, "analyse", {"data": data})
    if isinstance(data, list) and len(data) == 5:
        named = dict(zip(("file", "words", "without", "model", "language"), data, strict=True))
        assert told in refused(served.local_url, "v2/analyse", named)


def test_only_what_was_uploaded_is_read(served):
    events = stream(served.local_url, file={"path": str(SCHEMA_FILE), "meta": {"_type": "gradio.FileData"}})
    assert events.startswith("event: error") and "what joy" not in events


def test_a_program_waits_in_the_queue(served):
    answer = httpx.post(f"{served.local_url}gradio_api/run/analyse", json={"data": [None, "hm", [], "comp"]})
    assert answer.status_code == 404
    assert next(fn for fn in served.fns.values() if fn.api_name == "analyse").concurrency_limit == 1


def test_of_a_call_nothing_is_kept(served, client):
    ask(client, words="my secret joy")
    assert "complete" in stream(served.local_url, words="my secret joy")
    kept = [state.config_values for state in served.app.state_holder.session_data.values()]
    assert "my secret" not in json.dumps(kept, default=str)


def test_every_answer_has_the_headers(served):
    url = served.local_url
    for answer in (httpx.get(url), httpx.get(f"{url}theme.css"), httpx.get(f"{url}gradio_api/info"), httpx.get(f"{url}nothing")):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'self' https://huggingface.co https://*.hf.space" in policy
        script = next(rule for rule in policy.split("; ") if rule.startswith("script-src"))
        assert "'unsafe-inline'" not in script and "http" not in script
        assert ("sha256" in script) == (str(answer.url) == url)
        assert "camera=(self), microphone=(self)" in answer.headers["permissions-policy"]
        assert (answer.headers["x-content-type-options"], answer.headers["referrer-policy"]) == ("nosniff", "same-origin")


def test_the_shared_page_too_has_all_its_scripts_from_here(served):
    page = httpx.get(served.local_url).text
    assert served.share_url == "https://tunnel.example.org"
    sources = re.findall(r'<(?:script|link)[^>]* (?:src|href)="([^"]*)"', page)
    assert sources and not any(source.startswith(("http", "//")) for source in sources)


def test_a_large_request_is_turned_away(served):
    assert httpx.post(f"{served.local_url}gradio_api/call/analyse", content=b"x" * 3_000_000).status_code == 413
