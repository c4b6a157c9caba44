"""The schemas beside the code are made of the models that check, and tell the same as the checks."""

import jsonschema
import pytest

from app.capture import wire
from app.checked import checked
from app.refusal import Refused
from app.schemas import schemas, text_of
from tests.app.capture.test_browser import BAD_DEGRADATION
from tests.app.sessions import jpeg, pcm


@pytest.mark.parametrize("path", schemas(), ids=lambda path: path.name)
def test_a_schema_is_what_the_models_make(path):
    assert path.read_text(encoding="utf-8") == text_of(schemas()[path]), "run: python -m app.schemas"


WIRE = schemas()[wire.SCHEMA_FILE]
GOOD = [
    ("open_session", {}),
    ("exchange", {"token": "x", "jpeg": jpeg(), "captured": 1, "pcm": pcm(), "first": 0, "gone": {"audio": "paused"}}),
    ("exchange", {"token": "x", "jpeg": None, "captured": 3.5, "pcm": None, "first": 0, "gone": None}),
    (
        "control",
        {"token": "x", "switches": {"audio": False}, "face": 2, "smoothing": 1, "degradation": {"darkness": 0.5, "muted": True}},
    ),
    ("control", {"token": "x", "face": None, "called": {"face": 2, "name": "Ann"}}),
    ("control", {"token": "x", "corrected": {"utterance": 3, "text": "hm"}, "note": "", "forget": True, "of a newer page": 1}),
    ("give_out", {"token": "x", "on": True}),
]
BAD = [
    ("exchange", {"jpeg": 17, "captured": 1}),
    ("exchange", {"jpeg": "A" * 500_000, "captured": 1}),
    ("exchange", {"captured": "soon"}),
    ("exchange", {"gone": {"text": "paused"}}),
    *(("control", {"degradation": one}) for one in BAD_DEGRADATION if "nan" not in str(one)),
    ("control", {"face": 0.5}),
    ("control", {"called": {"face": None, "name": "Ann"}}),
    ("control", {"called": {"face": 1, "name": "x" * 25}}),
    ("control", {"switches": {"audio": 1}}),
    ("control", {"corrected": {"utterance": 1}}),
    ("give_out", {}),
]


def told(call, message):
    """Whether the message fits the schema, and what the check says of it."""
    sentence = ""
    try:
        checked(wire.MESSAGES[call], message)
    except Refused as refused:
        sentence = str(refused)
    return jsonschema.Draft202012Validator({**WIRE, "$ref": "#/properties/" + call}).is_valid(message), sentence


def test_schema_and_check_let_the_same_pass():
    assert [told(call, message) for call, message in GOOD] == len(GOOD) * [(True, "")]


def test_schema_and_check_refuse_the_same():
    fits, sentences = zip(*(told(call, message) for call, message in BAD), strict=True)
    assert not any(fits)
    assert all(one.endswith(".") and len(one) < 250 and "validation" not in one and "pydantic" not in one for one in sentences)


def test_a_message_is_checked_whole_before_anything_of_it_is_done():
    message = {"typed": "joy", "smoothing": 60}
    with pytest.raises(Refused, match=r"The smoothing goes from 0\.1 to 3\.0 seconds\."):
        checked(wire.CONTROL, message)
