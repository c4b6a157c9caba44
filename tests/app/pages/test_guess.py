"""Guess before the machine: moments and what is said of them, classes by their codes, their bounds, and that nothing leaks."""

import base64
import json
import re
from dataclasses import dataclass
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from app.pages.lab.guess import address_picture, guess_calls
from app.pages.lab.moments import GUESS_DIR, MEDIA_DIR, STAGES, SUFFIXES, Moments, people_by_stage, people_html
from app.visitors.classes import CODE_LENGTH, LETTERS, LIFE_S, MOST_CLASSES, MOST_OF_ADDRESS, MOST_PUPILS, Classes
from comp_core.modalities import AUDIO, LABELS, MODALITIES, TEXT, VIDEO
from comp_core.predictor import Heard
from comp_core.senses.reading import Reading
from tests.app.doubles import ScriptedPredictor, feature

PAGE = "http://10.0.0.1:7860/"
ORDER = list(STAGES)


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self):
        return self.now


class HearingPredictor(ScriptedPredictor):
    """Hears fear, sees joy, and reads the label that the words name."""

    def hear_file(self, path, text, whole):
        assert whole
        there = {TEXT: self.words.read(text), AUDIO: Reading(feature("fear")), VIDEO: Reading(feature("joy"))}
        given = {".mp3": (TEXT, AUDIO), ".mp4": (TEXT, VIDEO)}[path.suffix]
        yield Heard(0.0, 1.0, text, {m: there[m] if m in given else Reading.absent("not given") for m in MODALITIES})


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def room(clock):
    """The calls by name, as the page makes them from an address of its own choice."""
    moments = Moments(HearingPredictor())
    classes = Classes(ORDER, LABELS, len(moments), clock)
    calls = {call.__name__: call for call in guess_calls(moments, classes)}

    def ask(name, address="10.0.0.2", **given):
        return calls[name](given, SimpleNamespace(client=SimpleNamespace(host=address)))

    return SimpleNamespace(ask=ask, calls=calls, classes=classes, moments=moments)


@pytest.fixture
def opened(room):
    given = room.ask("open_class", page=PAGE)
    return {"code": given["code"], "key": given["key"]}


def joined(room, opened):
    return {"code": opened["code"], "token": room.ask("join_class", code=opened["code"])["token"]}


def guess_all(room, pupil, *labels, round_=0):
    for stage, label in zip(ORDER, labels, strict=False):
        assert room.ask("guess", **pupil, round=round_, stage=stage, label=label) == {"done": True}


# --- the moments ------------------------------------------------------------------------------------------------------


def test_every_label_has_a_moment_whose_files_are_apart_and_do_not_name_it():
    told = json.loads((GUESS_DIR / "moments.json").read_text(encoding="utf-8"))
    assert {one["label"] for one in told} == set(LABELS) and len(told) >= 10
    assert sorted(path.name for path in MEDIA_DIR.iterdir()) == sorted(f"{i}{s}" for i in range(len(told)) for s in SUFFIXES.values())
    assert not any(label in path.read_bytes().decode("latin-1") for path in MEDIA_DIR.iterdir() for label in LABELS)


def test_each_stage_gives_one_modality_and_the_last_all(room):
    assert ORDER == ["A", "V", "T", "ATV"]
    said = room.moments.answer(0)["said"]
    words = next(label for label in LABELS if label in room.moments.words(0) or label == "neutral")
    assert {stage: said[stage]["ComP"]["label"] for stage in ORDER[:3]} == {"A": "fear", "V": "joy", "T": words}
    assert list(said["ATV"]) == ["ComP", "PRLF"]


def test_models_are_asked_once_and_the_label_comes_with_their_answers(room):
    first = room.moments.answer(3)
    asked = len(room.moments._predictor.conversations)
    assert room.moments.answer(3) == first and len(room.moments._predictor.conversations) == asked
    assert first["label"] in LABELS


def test_the_answer_comes_after_four_guesses(room):
    full = dict.fromkeys(ORDER, "joy")
    assert room.ask("answer", moment=0, guesses=full)["label"] in LABELS
    for guesses in (None, {}, {**full, "A": "bliss"}, {**full, "X": "joy"}, {"A": "joy"}, {**full, "T": ["joy"]}):
        assert room.ask("answer", moment=0, guesses=guesses)["error"] == "bad_request"
    for moment in (-1, 10_000, "0", True, None, 0.5):
        assert room.ask("answer", moment=moment, guesses=full)["error"] == "bad_request"
        assert room.ask("words", moment=moment)["error"] == "bad_request"
    assert set(room.ask("words", moment=2)) == {"words"}


# --- people -----------------------------------------------------------------------------------------------------------


def test_people_stand_beside_with_source_and_licence():
    shares = people_by_stage()
    assert list(shares) == ["A", "V", "ATV"]
    assert [round(100 * share) for share in shares.values()] == [40, 57, 63]
    html = people_html()
    assert "Cao et al. (2014)" in html and "Open Database License 1.0" in html and "reports/people.json" in html
    assert html.count("<tr>") == 7


# --- a class ----------------------------------------------------------------------------------------------------------


def test_a_class_plays_a_round_and_the_teacher_sees_counts_without_names(room, opened):
    first, second = joined(room, opened), joined(room, opened)
    guess_all(room, first, "fear", "joy", "sadness", "sadness")
    guess_all(room, second, "fear", "joy", "neutral")
    seen = room.ask("lead", **opened)
    assert (seen["pupils"], seen["round"], seen["shown"], seen["answers"]) == (2, 0, False, [])
    assert seen["counts"] == [{"A": {"fear": 2}, "V": {"joy": 2}, "T": {"sadness": 1, "neutral": 1}, "ATV": {"sadness": 1}}]
    assert first["token"] not in json.dumps(seen) and second["token"] not in json.dumps(seen)
    assert room.ask("look", **second)["answer"] is None
    shown = room.ask("lead", **opened, do="show")
    assert shown["answers"] == [room.moments.answer(shown["moments"][0])]
    found = room.ask("look", **second)
    assert found["answer"] == shown["answers"][0] and found["guessed"] == {"A": "fear", "V": "joy", "T": "neutral"}
    assert room.ask("guess", **second, round=0, stage="ATV", label="joy")["error"] == "late"


def test_the_class_goes_on_to_other_moments_and_keeps_the_counts(room, opened):
    pupil = joined(room, opened)
    guess_all(room, pupil, "fear", "joy", "joy", "joy")
    moments = [room.ask("look", **pupil)["moment"]]
    for number in range(1, len(room.moments)):
        room.ask("lead", **opened, do="next")
        found = room.ask("look", **pupil)
        assert (found["round"], found["guessed"], found["shown"]) == (number, {}, False)
        moments.append(found["moment"])
    assert sorted(moments) == list(range(len(room.moments)))
    assert room.ask("lead", **opened, do="next")["error"] == "bad_request"
    last = room.ask("lead", **opened)
    assert last["counts"][0]["A"] == {"fear": 1} and not last["more"] and len(last["answers"]) == len(moments) - 1


def test_a_pupil_guesses_once_in_each_stage_and_in_their_order(room, opened):
    pupil = joined(room, opened)
    assert room.ask("guess", **pupil, round=0, stage="V", label="joy")["error"] == "bad_request"
    guess_all(room, pupil, "joy")
    assert room.ask("guess", **pupil, round=0, stage="A", label="fear")["error"] == "bad_request"
    for stage in ORDER[1:]:
        assert room.ask("guess", **pupil, round=0, stage=stage, label="joy") == {"done": True}
    assert room.ask("guess", **pupil, round=0, stage="ATV", label="fear")["error"] == "bad_request"
    assert room.ask("lead", **opened)["counts"] == [{stage: {"joy": 1} for stage in ORDER}]


@pytest.mark.parametrize(
    ("field", "value"),
    [("label", "bliss"), ("label", None), ("label", ["joy"]), ("label", {}), ("stage", None), ("stage", 1), ("stage", []), ("stage", "ATV")]
    + [("round", value) for value in (1, -1, "0", None, False, [], 10**30)]
    + [("token", value) for value in ("", None, 3, [], "x" * 50)]
    + [("code", value) for value in ("", None, 3, {}, "AAAAAA", "\ud800")],
)
def test_every_field_of_a_guess_is_checked(room, opened, field, value):
    pupil = joined(room, opened)
    answer = room.ask("guess", **{**pupil, "round": 0, "stage": "A", "label": "joy", field: value})
    assert answer["error"] in ("bad_request", "late", "ended")
    assert room.ask("lead", **opened)["counts"] == [{stage: {} for stage in ORDER}]


@pytest.mark.parametrize("name", ["words", "answer", "open_class", "join_class", "look", "guess", "lead", "close_class"])
@pytest.mark.parametrize("data", [None, [], "x", 3, {}])
def test_odd_requests_get_a_sentence(room, name, data):
    answer = room.calls[name](data, None)
    assert answer["error"] in ("bad_request", "ended") and answer["message"].endswith(".")


@pytest.mark.parametrize("page", [None, 3, "", "javascript:alert(1)", "file:///", "http://" + "a" * 300, "http://ä.de/"])
def test_the_link_begins_with_the_pages_own_address(room, page):
    assert room.ask("open_class", page=page)["error"] == "bad_request"
    assert len(room.classes) == 0


def test_the_picture_of_the_address_is_read_as_it():
    link = f"{PAGE}?class=ABCDEF"
    svg = base64.b64decode(address_picture(link).split(",")[1]).decode()
    side = int(re.search(r'viewBox="0 0 (\d+)', svg)[1])
    picture = np.full((side, side), 255, np.uint8)
    for x, y in re.findall(r"M(\d+) (\d+)h1v1", svg):
        picture[int(y), int(x)] = 0
    large = cv2.copyMakeBorder(cv2.resize(picture, None, fx=8, fy=8, interpolation=cv2.INTER_NEAREST), *[32] * 4, 0, value=255)
    assert cv2.QRCodeDetector().detectAndDecode(large)[0] == link


# --- apart, bounded, short-lived --------------------------------------------------------------------------------------


def test_nothing_leaks_between_classes(room, opened):
    other = room.ask("open_class", page=PAGE)
    pupil = joined(room, opened)
    guess_all(room, pupil, "fear", "joy")
    assert room.ask("lead", code=other["code"], key=other["key"])["counts"] == [{stage: {} for stage in ORDER}]
    crossed = [
        room.ask("lead", code=opened["code"], key=other["key"]),
        room.ask("lead", code=opened["code"], key=pupil["token"]),
        room.ask("close_class", code=opened["code"], key=other["key"]),
        room.ask("look", code=other["code"], token=pupil["token"]),
        room.ask("look", code=opened["code"], token=opened["key"]),
        room.ask("guess", code=other["code"], token=pupil["token"], round=0, stage="T", label="joy"),
    ]
    unknown = room.ask("look", code="AAAAAA", token="x")
    # Wrong in whatever part, it sounds alike.
    assert all(answer == unknown for answer in crossed)
    assert room.ask("look", **pupil)["guessed"] == {"A": "fear", "V": "joy"}


def test_a_code_is_short_and_of_letters_that_are_told_apart(room):
    codes = {room.ask("open_class", address=f"10.0.1.{i}", page=PAGE)["code"] for i in range(50)}
    assert len(codes) == 50 and {len(code) for code in codes} == {CODE_LENGTH}
    assert set("".join(codes)) <= set(LETTERS) and not set("IO01") & set(LETTERS)


def test_a_class_lasts_an_hour_and_is_forgotten(room, opened, clock):
    pupil = joined(room, opened)
    clock.now = LIFE_S - 1
    assert "error" not in room.ask("look", **pupil)
    clock.now = LIFE_S
    assert room.ask("look", **pupil)["error"] == "ended"
    assert room.ask("lead", **opened)["error"] == "ended" and len(room.classes) == 0


def test_a_teacher_ends_a_class_and_nothing_is_left(room, opened):
    pupil = joined(room, opened)
    assert room.ask("close_class", **opened) == {"done": True}
    assert len(room.classes) == 0 and room.ask("look", **pupil)["error"] == "ended"


def test_classes_are_bounded_in_all_and_for_an_address(room, clock):
    opened = [room.ask("open_class", address="10.0.0.9", page=PAGE) for _ in range(MOST_OF_ADDRESS + 1)]
    assert [one.get("error") for one in opened] == [None] * MOST_OF_ADDRESS + ["full"]
    for i in range(MOST_CLASSES):
        room.ask("open_class", address=f"10.1.0.{i}", page=PAGE)
    assert len(room.classes) == MOST_CLASSES
    assert room.ask("open_class", address="10.2.0.1", page=PAGE)["error"] == "full"
    clock.now = LIFE_S
    assert "code" in room.ask("open_class", address="10.2.0.1", page=PAGE)


def test_the_pupils_of_a_class_are_bounded(room, opened):
    given = [room.ask("join_class", address=f"10.3.0.{i}", code=opened["code"]) for i in range(MOST_PUPILS + 1)]
    assert all("token" in one for one in given[:-1]) and given[-1]["error"] == "full"
    assert room.ask("lead", **opened)["pupils"] == MOST_PUPILS


def test_an_address_that_asks_too_often_is_slowed_down_and_others_are_not(room, opened, clock):
    answers = [room.ask("look", address="10.0.0.7", code="AAAAAA", token="x")["error"] for _ in range(300)]
    assert answers[0] == "ended" and answers[-1] == "too_fast"
    assert room.ask("words", address="10.0.0.7", moment=0)["error"] == "too_fast"
    assert "token" in room.ask("join_class", address="10.0.0.8", code=opened["code"])
    clock.now = 60
    assert room.ask("look", address="10.0.0.7", code="AAAAAA", token="x")["error"] == "ended"
