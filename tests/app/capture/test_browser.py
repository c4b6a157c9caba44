"""What strangers may send to the live page's server functions."""

import base64
import json

import pytest

from app.capture import wire
from app.refusal import Refused
from comp_core.inference.degradation import Degradation
from comp_core.modalities import AUDIO
from comp_core.senses.speech.vad import SAMPLE_RATE
from tests.app.sessions import Page, jpeg, pcm


@pytest.fixture
def page():
    return Page()


def test_tokens_cannot_be_guessed_and_answers_are_json(page):
    tokens = {page.start() for _ in range(5)}
    assert len(tokens) == 5
    assert all(len(token) >= 32 for token in tokens)
    json.dumps(page.exchange({"token": tokens.pop(), "jpeg": jpeg(), "captured": 1.0}))


@pytest.mark.parametrize("token", ["", "x" * 32, None, 3, ["a"], {"a": 1}])
def test_an_unknown_token_is_told_that_the_session_has_ended(page, token):
    page.start()
    for call in (page.exchange, page.control, page.take_along):
        answer = call({"token": token})
        assert answer["error"] == "ended"
        assert "Start" in answer["message"]
    assert page.close_session({"token": token}) == {"done": True}
    assert len(page.visitors) == 1


BAD = [
    {"jpeg": "not base64!"},
    {"jpeg": base64.b64encode(b"not a picture").decode()},
    {"jpeg": jpeg(format="PNG")},
    {"jpeg": jpeg()[:100]},
    {"jpeg": 17},
    {"jpeg": jpeg(), "captured": "soon"},
    {"jpeg": jpeg(), "captured": float("nan")},
    {"jpeg": jpeg(), "captured": True},
    {"jpeg": jpeg(), "captured": 10**400},
    {"jpeg": jpeg()},
    {"pcm": "ÄÖÜ"},
    {"pcm": base64.b64encode(b"odd").decode(), "first": 0},
    {"pcm": [1, 2, 3], "first": 0},
    {"pcm": pcm()},
    {"pcm": pcm(), "first": "0"},
]


@pytest.mark.parametrize("fields", BAD)
def test_bad_media_are_refused_and_nothing_breaks(page, fields):
    token = page.start()
    answer = page.exchange({"token": token, **fields})
    assert answer["error"] == "bad_request"
    assert answer["message"].endswith(".")
    good = page.exchange({"token": token, "jpeg": jpeg(), "captured": 1.0, "pcm": pcm(), "first": 0})
    assert "error" not in good


@pytest.mark.parametrize(
    "fields",
    [
        {"jpeg": base64.b64encode(bytes(wire.JPEG_BYTES + 30)).decode()},
        {"pcm": pcm(wire.PCM_SECONDS + 1), "first": 0},
        {"jpeg": jpeg(wire.PICTURE_SIDE + 1, 8), "captured": 1.0},
        {"jpeg": base64.b64encode(base64.b64decode(jpeg()) + wire.MOST_SCANS * b"\xff\xda").decode(), "captured": 1.0},
    ],
)
def test_what_is_too_large_is_refused(page, fields):
    assert page.exchange({"token": page.start(), **fields})["error"] == "too_large"


@pytest.mark.parametrize("request_", [None, [], "text", 4])
def test_a_request_that_is_no_object_is_refused(page, request_):
    for call in (page.open_session, page.exchange, page.control, page.take_along, page.close_session):
        assert call(request_)["error"] == "bad_request"


BAD_DEGRADATION = (3, {"smell": 1}, {"darkness": 2}, {"darkness": "x"}, {"darkness": float("nan")}, {"muted": 1})


@pytest.mark.parametrize("degradation", BAD_DEGRADATION)
def test_sliders_beyond_their_ends_are_refused(page, degradation):
    token = page.start()
    assert page.control({"token": token, "degradation": degradation})["error"] == "bad_request"
    assert page.sessions[0].settings.degradation == Degradation()


def test_sliders_reach_only_their_own_session(page):
    mine = page.start()
    page.start()
    page.control({"token": mine, "degradation": {"darkness": 0.5, "noise_db": 10, "muted": True}})
    first, second = page.sessions
    assert first.settings.degradation == Degradation(darkness=0.5, noise_db=10.0, muted=True)
    assert second.settings.degradation == Degradation()


@pytest.mark.parametrize(
    "change",
    [
        {"switches": {"smell": True}},
        {"switches": {"audio": 1}},
        {"switches": []},
        {"typed": 3},
        {"model": "x"},
        {"model": 1},
        {"language": "fr"},
        {"language": ["de"]},
    ],
)
def test_bad_controls_are_refused(page, change):
    assert page.control({"token": page.start(), **change})["error"] == "bad_request"


def test_controls_reach_only_their_own_session(page):
    mine = page.start()
    page.start()
    assert page.control({"token": mine, "switches": {AUDIO: False}, "typed": "joy" * 9000, "model": "prlf", "language": "de"}) == {
        "done": True
    }
    first, second = page.sessions
    assert (first.settings.switched_off, second.settings.switched_off) == ({AUDIO}, set())
    assert (first.settings.model, second.settings.model) == ("prlf", "comp")
    assert (first.settings.language, second.settings.language) == ("de", "en")
    assert (len(first.inbox.take(0).typed[0]), second.inbox.take(0).typed) == (wire.TEXT_LENGTH, [])


def test_halves_of_characters_do_not_break_the_answer(page):
    token = page.start()
    page.control({"token": token, "typed": "joy \ud800", "note": "\udfff"})
    (session,) = page.sessions
    session.update(session.inbox.take(0))
    answers = [page.exchange({"token": token}), page.take_along({"token": token})]
    assert "joy ?" in json.dumps(answers, ensure_ascii=False).encode("utf-8").decode()


def test_sound_that_is_sent_again_counts_once(page):
    token = page.start()
    page.exchange({"token": token, "pcm": pcm(0.1), "first": 0})
    page.exchange({"token": token, "pcm": pcm(0.3), "first": 0})
    page.exchange({"token": token, "pcm": pcm(0.1), "first": round(0.3 * SAMPLE_RATE)})
    assert page.sessions[0].inbox.take(0).samples.size == round(0.4 * SAMPLE_RATE)


def test_samples_keep_their_scale():
    assert wire.samples(pcm(value=16384)).max() == pytest.approx(0.5)


def test_places_are_bounded_and_free_again_after_stop():
    page = Page(limit=2)
    token = page.start()
    page.start()
    ticket = page.open_session({})["ticket"]
    assert len(page.sessions) == 2
    page.close_session({"token": token})
    assert page.sessions[0].closed
    assert "token" in page.open_session({"ticket": ticket})


def test_a_silent_visit_ends_by_itself():
    page = Page(limit=1, idle=15)
    token = page.start()
    page.now = 10.0
    page.exchange({"token": token})
    page.now = 24.0
    page.visitors.sweep()
    assert not page.sessions[0].closed
    page.now = 26.0
    assert "token" in page.open_session({})
    assert page.sessions[0].closed
    assert page.exchange({"token": token})["error"] == "ended"


def test_an_error_of_the_program_is_a_sentence_and_no_trace(page, monkeypatch):
    token = page.start()
    monkeypatch.setattr(page.sessions[0].inbox, "put", lambda *_: 1 / 0)
    answer = page.exchange({"token": token})
    assert answer["error"] == "failed"
    assert "division" not in answer["message"]


def test_refused_carries_its_code():
    with pytest.raises(Refused) as refusal:
        wire.fields(3)
    assert refusal.value.code == "bad_request"


def test_corrections_notes_and_smoothing_reach_only_their_own_session(page):
    mine, other = page.start(), page.start()
    changes = {"corrected": {"utterance": 1, "text": "hello"}, "smoothing": 1.5, "note": "x" * 1000}
    assert page.control({"token": mine, **changes}) == {"done": True}
    first, second = page.sessions
    assert (first.inbox.take(0).corrected, first.settings.smoothing, len(first.record.notes[0].text)) == (
        [(1, "hello")],
        1.5,
        wire.NOTE_LENGTH,
    )
    assert (second.inbox.take(0).corrected, second.settings.smoothing, len(second.record.notes)) == ([], 0.5, 0)
    assert page.take_along({"token": other})["files"]["vtt"].startswith("WEBVTT")
    assert page.take_along({"token": "guessed"})["error"] == "ended"


@pytest.mark.parametrize(
    "change",
    [{"corrected": "hello"}, {"corrected": {"utterance": True, "text": ""}}, {"corrected": {"utterance": 1}}, {"smoothing": 0},
     {"smoothing": 60}, {"note": 3}, {"face": 0.5}, {"face": True},
     {"called": "Ann"}, {"called": {"face": None, "name": "Ann"}}, {"called": {"face": 1, "name": 3}},
     {"called": {"face": 1, "name": "x" * 25}}],
)  # fmt: skip
def test_bad_corrections_notes_and_smoothing_are_refused(page, change):
    assert page.control({"token": page.start(), **change})["error"] == "bad_request"


def test_the_end_of_a_session_is_announced_and_comes():
    page = Page(idle=1e9)
    token = page.start()
    assert page.exchange({"token": token})["ending"] is None
    page.now = 250.0
    assert page.exchange({"token": token})["ending"] == {"seconds": 50, "message": "Nobody was seen, heard or read for 5 minutes."}
    page.sessions[0].present_at = 250.0
    assert page.exchange({"token": token})["ending"] is None
    page.now = page.sessions[0].present_at = 1790.0
    assert page.exchange({"token": token})["ending"] == {"seconds": 10, "message": "A session lasts 30 minutes at most."}
    page.now = 1800.0
    page.visitors.sweep()
    assert page.exchange({"token": token})["error"] == "ended"
    assert page.sessions[0].closed


def test_a_visitor_may_forget_and_do_without_memory(page):
    token = page.start()
    page.control({"token": token, "memory": False, "forget": True})
    session = page.sessions[0] if page.sessions else page.visitors.find(token)
    assert not session.settings.memory
    page.control({"token": token, "memory": True})
    assert session.settings.memory
    assert page.control({"token": token, "memory": "no"})["error"] == "bad_request"
