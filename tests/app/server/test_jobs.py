"""The queue of clips is for everyone: a few jobs of each address, in turns, and none for a page that has gone."""

import socket
import threading
import time

import httpx
import pytest

from app import main as program
from app.arguments import parser
from app.server import jobs, parts
from tests.app.doubles import ScriptedPredictor, ScriptedTranscriber, record
from tests.support import loops

CROWD, OTHER = "127.0.0.2", "127.0.0.3"


class SlowPredictor(ScriptedPredictor):
    """Reads a clip until it is let go, and tells its progress meanwhile."""

    def __init__(self):
        super().__init__()
        self.go, self.begun, self.over = threading.Event(), [], []

    def predict_parts(self, path, text=None, without=(), progress=lambda *_: None, model=None, language="en"):
        self.begun.append(text)
        try:
            until = time.monotonic() + 30
            while not self.go.wait(0.02) and time.monotonic() < until:
                progress(0.5, "reading")
            yield record(0, 1, text, text="joy")
        finally:
            self.over.append(text)


@pytest.fixture
def predictor():
    found = SlowPredictor()
    yield found
    found.go.set()


@pytest.fixture
def demo(predictor):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    demo = program.serve(predictor, ScriptedTranscriber(), parser().parse_args(["--host", "127.0.0.1", "--port", str(port)]))
    yield demo
    predictor.go.set()
    demo.close()


def client(demo, address):
    """Of a program at that address of this computer."""
    return httpx.Client(base_url=f"{demo.local_url}gradio_api/", transport=httpx.HTTPTransport(local_address=address), timeout=30)


def join(program, demo, session, *data):
    """Queue what the clip page's button does."""
    number = next(number for number, fn in demo.fns.items() if fn.concurrency_id == "clip" and len(fn.inputs) == len(data))
    return program.post("queue/join", json={"data": data, "fn_index": number, "session_hash": session})


def uploaded(program):
    (path,) = program.post("upload", files={"files": ("clip.mp4", b"as good as a video")}).json()
    return {"path": path, "meta": {"_type": "gradio.FileData"}}


def clip(program, demo, session, words):
    """Queue the reading of a file."""
    return join(program, demo, session, uploaded(program), words, ["text"], "comp", "en")


def until(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_33_requests_of_one_address_leave_room_for_others_and_their_turn(demo, predictor):
    with client(demo, CROWD) as crowd, client(demo, OTHER) as other:
        answers = [clip(crowd, demo, f"crowd{n}", f"crowd {n}") for n in range(33)]
        assert [answer.status_code for answer in answers] == [200] * jobs.MOST_JOBS + [429] * (33 - jobs.MOST_JOBS)
        assert "of your network" in answers[-1].json()["detail"]
        until(lambda: len(predictor.begun) == 1)
        assert clip(other, demo, "other", "other").status_code == 200
        # The one that runs goes on, and the other address is the next.
        predictor.go.set()
        until(lambda: len(predictor.over) == 9, 30)
        assert predictor.over[1] == "other"


def test_jobs_that_nobody_listens_to_end(demo, predictor, monkeypatch):
    monkeypatch.setattr(jobs, "PATIENCE_S", 0.5)
    with client(demo, CROWD) as crowd, client(demo, OTHER) as other:
        for n in range(3):
            clip(crowd, demo, f"crowd{n}", f"crowd {n}")
        assert clip(other, demo, "other", "other").status_code == 200
        with other.stream("GET", "queue/data", params={"session_hash": "other"}) as heard:
            # The first one ends while it runs, the others before they begin.
            until(lambda: predictor.begun[-1:] == ["other"])
            time.sleep(1.0)
            assert predictor.over == ["crowd 0"] and predictor.begun == ["crowd 0", "other"]
            predictor.go.set()
            assert any("process_completed" in line for line in heard.iter_lines())


def test_a_running_job_ends_when_its_listener_goes(demo, predictor):
    with client(demo, CROWD) as crowd:
        clip(crowd, demo, "crowd", "crowd")
        with crowd.stream("GET", "queue/data", params={"session_hash": "crowd"}) as heard:
            next(heard.iter_lines())
            until(lambda: predictor.begun)
            assert not predictor.over
        until(lambda: predictor.over == ["crowd"], 10)


def test_a_program_that_goes_ends_its_job(demo, predictor, monkeypatch):
    monkeypatch.setattr(jobs, "PATIENCE_S", 0.5)
    with client(demo, CROWD) as crowd:
        assert crowd.post("call/v2/analyse", json={"file": uploaded(crowd), "words": "crowd"}).status_code == 200
        until(lambda: predictor.over == ["crowd"], 10)


def test_55_calls_leave_another_visitors_result(demo, predictor):
    predictor.go.set()
    with client(demo, OTHER) as other, client(demo, CROWD) as crowd:
        shown(clip(other, demo, "other", "mine"), other, "other")
        assert found_of(demo, "other")
        for n in range(55):
            shown(join(crowd, demo, f"crowd{n}", None, "", [], "comp", "en"), crowd, f"crowd{n}")
        assert found_of(demo, "other")
    held = demo._queue.server_app.state_holder.session_data
    assert sum(session.startswith("crowd") for session in held) == jobs.RESULTS_PER_ADDRESS
    assert sum(session.startswith("crowd") for session in demo._queue.pending_event_ids_session) <= jobs.RESULTS_PER_ADDRESS


def test_live_calls_by_any_name_of_a_session_leave_another_visitors_result(demo, predictor):
    predictor.go.set()
    with client(demo, OTHER) as other, client(demo, CROWD) as crowd:
        shown(clip(other, demo, "other", "mine"), other, "other")
        calls = {"component_id": 1, "fn_name": "exchange", "data": {}}
        for n in range(jobs.RESULTS + 1):
            assert crowd.post("component_server/", json={**calls, "session_hash": f"crowd{n}"}).status_code in (200, 404)
        assert found_of(demo, "other")


def test_a_crowd_of_names_stops_neither_the_queue_nor_its_own_jobs(demo, predictor):
    with client(demo, CROWD) as crowd, client(demo, OTHER) as other:
        for n in range(3):
            assert clip(crowd, demo, f"first{n}", f"first {n}").status_code == 200
        for n in range(jobs.RESULTS_PER_ADDRESS + 5):
            body = {"data": [], "fn_index": 100_000, "session_hash": f"wrong{n}"}
            assert crowd.post("queue/join", json=body).status_code >= 400
        assert not any(session.startswith("wrong") for session in demo._queue.sessions)
        predictor.go.set()
        until(lambda: len(predictor.over) == 3)
        shown(clip(other, demo, "other", "other"), other, "other")


def test_calls_of_programs_leave_the_results_of_their_addresss_page(demo, predictor):
    predictor.go.set()
    with client(demo, CROWD) as crowd:
        shown(clip(crowd, demo, "page", "mine"), crowd, "page")
        for _ in range(jobs.RESULTS_PER_ADDRESS + 5):
            (event,) = crowd.post("call/v2/analyse", json={"words": "hello"}).json().values()
            with crowd.stream("GET", f"call/v2/analyse/{event}") as heard:
                assert "complete" in "".join(heard.iter_text())
        assert found_of(demo, "page")


def test_the_progress_of_many_uploads_is_not_kept_for_ever():
    progress = parts.Progress()
    for n in range(2 * parts.MOST_FOLLOWED):
        progress.track(str(n))
    newest = str(2 * parts.MOST_FOLLOWED - 1)
    assert len(progress._statuses) == len(progress._signals) == parts.MOST_FOLLOWED
    assert loops.run(progress.is_tracked(newest))


@pytest.mark.parametrize("name", ["", "a<gradio-sep>b", "x" * 65, 7, ["x"]])
def test_what_is_no_name_of_a_session_is_refused(demo, name):
    with client(demo, CROWD) as crowd:
        answer = crowd.post("cancel", json={"session_hash": name, "fn_index": 0, "event_id": "e"})
        assert (answer.status_code, "no name of a session" in answer.text) == (400, True)


def shown(answer, program, session):
    assert answer.status_code == 200
    with program.stream("GET", "queue/data", params={"session_hash": session}) as heard:
        assert any("process_completed" in line for line in heard.iter_lines())


def found_of(demo, session):
    """What the clip page keeps of a session."""
    held = demo._queue.server_app.state_holder.session_data
    return session in held and any(value for value in held[session].state_data.values())
