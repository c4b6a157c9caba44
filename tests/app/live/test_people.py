"""Several faces of one visitor: whose is read, what they are called, and what is told of them."""

import csv
import io
import json

import numpy as np
import pytest

from app.live.context import LiveConfig
from app.live.people import Sight, whose
from app.live.views import live_view
from comp_core.modalities import AUDIO, LABELS, VIDEO
from comp_core.senses.face.choice import PATIENCE_S
from comp_core.senses.face.sense import FaceFrame
from comp_core.senses.face.tracker import REMEMBERED_S
from tests.app.doubles import Seen, feature
from tests.app.sessions import FACE, QUIET, SPEECH, Page, SteppedSession, jpeg

LOOKS = {"left": np.array([1.0, 0.0, 0.0, 0.0]), "right": np.array([0.0, 1.0, 0.0, 0.0])}
BOXES = {"left": (0.05, 0.2, 0.4, 0.8), "right": (0.65, 0.3, 0.9, 0.7)}
CONFIG = LiveConfig()
SHOWS = {"left": "joy", "right": "anger"}
FIFTH = SPEECH[:1600]


def seen(side, mouth=0.0):
    return Seen(BOXES[side], feature(SHOWS[side]), look=LOOKS[side], mouth=mouth)


def stand(stepped, *sides, talking=None, seconds=0.1, sound=None, pictures=1):
    """Pictures of the people at these sides; one of them may talk."""
    for n in range(pictures):
        stepped.predictor.face.people = [seen(side, mouth=0.06 * (n % 2) if side == talking else 0.0) for side in sides]
        snapshot = stepped.step(FACE, sound, seconds=seconds)
    return snapshot


def told(snapshot, what):
    return [getattr(face, what) for face in snapshot.faces]


def test_one_face_is_told_as_ever(stepped):
    snapshot = stand(stepped, "left")
    assert (snapshot.box, snapshot.faces) == (BOXES["left"], ())
    assert live_view(snapshot)["faces"] == []


def test_each_of_two_has_its_number_its_box_and_its_own_bars(stepped):
    view = live_view(stand(stepped, "right", "left"))
    assert [(face["number"], face["top"]) for face in view["faces"]] == [(1, "joy"), (2, "anger")]
    assert [face["box"] for face in view["faces"]] == [BOXES["left"], BOXES["right"]]
    assert [face["read"] for face in view["faces"]] == [True, False]
    assert view["moment"]["top"] == "joy"
    assert view["box"] == BOXES["left"]
    assert sum(view["faces"][1]["bars"].values()) == pytest.approx(1, abs=0.01)


def test_the_fused_prediction_follows_who_speaks_and_stays_with_them(stepped):
    stand(stepped, "left", "right", sound=QUIET, pictures=5)
    snapshot = stand(stepped, "left", "right", talking="right", sound=FIFTH, pictures=20)
    assert (told(snapshot, "speaks"), told(snapshot, "read")) == ([False, True], [False, True])
    assert max(snapshot.fused[VIDEO], key=snapshot.fused[VIDEO].get) == "anger"
    stand(stepped, "left", "right", sound=QUIET)
    stepped.hear("so it is")
    snapshot = stand(stepped, "left", "right", sound=QUIET, pictures=25)
    assert (told(snapshot, "speaks"), told(snapshot, "read")) == ([False, False], [False, True])
    said = snapshot.utterances[0]
    assert said.face == 2
    assert max(said.judged.by_modality[VIDEO], key=said.judged.by_modality[VIDEO].get) == "anger"


def test_a_voice_that_is_switched_off_says_nothing_of_who_speaks(stepped):
    stepped.session.switch(AUDIO, on=False)
    stand(stepped, "left", "right", sound=QUIET, pictures=5)
    snapshot = stand(stepped, "left", "right", talking="right", sound=FIFTH, pictures=20)
    assert told(snapshot, "speaks") == [False, False]


def test_who_is_chosen_is_read_whoever_speaks_until_the_choice_is_taken_back(stepped):
    stand(stepped, "left", "right", sound=QUIET, pictures=5)
    stepped.session.looking.people.choose(1)
    snapshot = stand(stepped, "left", "right", talking="right", sound=FIFTH, pictures=20)
    assert (told(snapshot, "chosen"), told(snapshot, "read"), told(snapshot, "speaks")) == ([True, False], [True, False], [False, True])
    stepped.session.looking.people.choose(None)
    snapshot = stand(stepped, "left", "right", talking="right", sound=FIFTH, pictures=2)
    assert (told(snapshot, "chosen"), told(snapshot, "read")) == ([False, False], [False, True])


def test_what_is_shown_of_another_face_has_nothing_of_the_first(stepped):
    stand(stepped, "left", "right", pictures=5)
    stepped.session.looking.people.choose(2)
    snapshot = stand(stepped, "left", "right")
    assert snapshot.fused["fused"]["joy"] == pytest.approx(0.1 / 7)


def test_who_has_left_for_long_is_forgotten_with_the_choice_and_comes_back_as_another(stepped):
    stand(stepped, "left", "right", pictures=3)
    stepped.session.looking.people.choose(2)
    stepped.session.looking.people.call(2, "Ann")
    stand(stepped, "left", "right")
    snapshot = stand(stepped, "left", pictures=3)
    assert (snapshot.box, told(snapshot, "number"), told(snapshot, "box")) == (None, [1, 2], [BOXES["left"], None])
    snapshot = stand(stepped, "left", seconds=PATIENCE_S)
    assert (snapshot.box, snapshot.faces) == (BOXES["left"], ())
    assert told(stand(stepped, "left", "right"), "name") == ["", "Ann"]
    for _ in range(round(REMEMBERED_S) + 1):
        stand(stepped, "left", seconds=1.0)
    snapshot = stand(stepped, "left", "right")
    assert (told(snapshot, "number"), told(snapshot, "name"), told(snapshot, "chosen")) == ([1, 3], ["", ""], [False, False])


def test_a_face_that_is_not_used_or_not_there_is_not_told(stepped):
    assert len(stand(stepped, "left", "right").faces) == 2
    stepped.session.switch(VIDEO, on=False)
    assert stand(stepped, "left", "right").faces == ()
    stepped.session.switch(VIDEO, on=True)
    stepped.session.inbox.lose(VIDEO)
    assert stepped.step().faces == ()


def test_looks_are_forgotten_when_no_picture_comes_any_more(stepped):
    stand(stepped, "left", "right")
    people = stepped.session.looking.people
    assert people._tracker._tracks
    stepped.session.inbox.lose(VIDEO)
    stepped.step(seconds=REMEMBERED_S + 0.1)
    assert (people._tracker._tracks, people._people) == ([], {})


def test_the_files_say_whose_face_it_was(stepped):
    stand(stepped, "left", "right", sound=QUIET, pictures=5)
    stand(stepped, "left", "right", talking="right", sound=FIFTH, pictures=20)
    stand(stepped, "left", "right", sound=QUIET, pictures=3)
    stepped.session.looking.people.call(2, "=Ann <b>")
    stepped.hear("what a day")
    stand(stepped, "left", "right", sound=QUIET, seconds=1.0)
    files = stepped.session.record.files()
    found = json.loads(files["json"])
    assert [one["face"] for one in found["utterances"]] == [{"id": 2, "name": "=Ann <b>"}]
    assert found["lines"][-1]["face"] == {"id": 2, "name": "=Ann <b>"}
    assert [(face["id"], max(face[VIDEO], key=face[VIDEO].get)) for face in found["lines"][-1]["faces"]] == [(1, "joy"), (2, "anger")]
    row = list(csv.DictReader(io.StringIO(files["csv"])))[-1]
    assert (row["face"], row["face_name"]) == ("2", "'=Ann <b>")
    assert "] =Ann &lt;b&gt;: what a day" in files["vtt"]
    assert 'TIER_ID="face"' in files["eaf"] and 'TIER_ID="face 1, each second"' in files["eaf"]
    events = list(csv.DictReader(io.StringIO(files["_events.tsv"]), delimiter="\t"))
    assert events[0]["face"] == "'=Ann <b>"
    assert "face" in json.loads(files["_events.json"])


def test_of_one_face_without_a_name_the_files_are_as_ever_but_for_its_number(stepped):
    stepped.say()
    stepped.hear("what a day")
    stepped.step(FACE, QUIET, seconds=1.0)
    files = stepped.session.record.files()
    assert json.loads(files["json"])["utterances"][0]["face"] == {"id": 1, "name": ""}
    assert "] what a day" in files["vtt"]
    assert '"face' not in files["eaf"]
    assert "face" not in files["_events.tsv"].split("\n")[0].split("\t")


def test_what_is_said_is_told_with_who_said_it_where_there_are_several(stepped):
    stand(stepped, "left", sound=SPEECH)
    stand(stepped, "left", sound=QUIET)
    assert [one["who"] for one in live_view(stand(stepped, "left", "right"))["utterances"]] == [""]
    stepped.session.looking.people.call(1, "Ann")
    assert [one["who"] for one in live_view(stand(stepped, "left", "right"))["utterances"]] == ["Ann"]


def test_what_was_said_with_another_face_does_not_count(stepped):
    stand(stepped, "left", sound=SPEECH, seconds=1.0)
    stand(stepped, "left", sound=QUIET)
    stepped.hear("such anger")
    stand(stepped, "left", "right", sound=QUIET, seconds=CONFIG.hold + 1)
    assert stand(stepped, "left", "right", sound=QUIET, seconds=CONFIG.hold + 1).remembered == 1
    stepped.session.looking.people.choose(2)
    assert stand(stepped, "left", "right", sound=QUIET).remembered == 0
    assert len(stepped.predictor.conversations[-1]) == 1
    stepped.session.looking.people.choose(1)
    assert stand(stepped, "left", "right", sound=QUIET).remembered == 1


def test_an_utterance_is_theirs_who_spoke_for_longest_while_read():
    frames = {1: FaceFrame(), 2: FaceFrame()}
    assert whose([Sight(frames, None, 1)] * 5 + [Sight(frames, 2, 2)] * 2) == 2
    assert whose([Sight(frames, 2, 1)] * 5 + [Sight(frames, 1, 1)]) == 1
    assert whose([Sight(frames, None, 1), Sight({}, None, None)]) == 1
    assert whose([Sight({}, None, None)]) is None


def test_names_and_choices_reach_only_their_own_session():
    page = Page()
    tokens = [page.start() for _ in range(2)]
    for session in page.sessions:
        session._context.predictor.face.people = [seen("left"), seen("right")]
    for token in tokens:
        page.now += 0.1
        session = page.visitors.find(token)
        page.exchange({"token": token, "jpeg": jpeg(), "captured": 1.0})
        session.update(session.inbox.take(0))
    assert page.control({"token": tokens[0], "face": 2, "called": {"face": 2, "name": " Ann\n\u202e\x00 B. "}}) == {"done": True}
    for session in page.sessions:
        page.now += 0.1
        session.inbox.put(None, None)
        session.update(session.inbox.take(0))
    mine, theirs = (session.snapshot().faces for session in page.sessions)
    assert [(face.name, face.chosen) for face in mine] == [("", False), ("Ann B.", True)]
    assert [(face.name, face.chosen) for face in theirs] == [("", False), ("", False)]
    page.control({"token": tokens[0], "face": None, "called": {"face": 2, "name": ""}})
    assert page.sessions[0].looking.people.name_of(2) == ""
    page.control({"token": tokens[0], "called": {"face": 3, "name": "Nobody"}})
    assert page.sessions[0].looking.people.name_of(3) == ""


def test_labels_of_a_face_are_the_live_labels(stepped):
    assert list(stand(stepped, "left", "right").faces[0].probabilities) == list(LABELS)


def test_a_session_of_its_own_begins_with_number_one():
    for _ in range(2):
        assert told(stand(SteppedSession(), "left", "right"), "number") == [1, 2]
