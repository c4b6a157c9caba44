"""Counting and timing of the comparison with other tools, on peers made for the test."""

from __future__ import annotations

import json
import sys
from itertools import islice

import numpy as np
import pytest

from comp_core.reports.measured_tables import peers_table
from tests.support.minute import SCENES, moments
from tests.support.replay import Script
from tools.minute import scenes
from tools.peers import __main__ as command
from tools.peers.compare import PeerError, Rival, told, watch
from tools.peers.figures import LABELLED_RATE, RATE, Said, Update, figures, rightness, understood
from tools.peers.films import labelled, one_face, recordings
from tools.peers.page import NO_SMOOTHING, Page
from tools.peers.sense import Sense
from tools.peers.serving import Answer, Request

FACE, WALL, _, HAND, *_ = SCENES
PEER = """
import sys
from tools.peers.serving import Answer, serve

class Peer:
    versions = {"peer": "1.0"}
    def read(self, request):
        print("a library says something")
        return request.at, request.picture.read_bytes()[:2], len(request.sound.read_bytes())
    def update(self, given):
        at, start, sound = given
        if at > float(sys.argv[1]):
            raise ValueError("out of film")
        assert (start, sound) == (b"\\xff\\xd8", 3200)
        return Answer(True, "joy" if at <= 1 else "fear")

serve(Peer)
"""


def peer(lasts=60.0):
    return Rival("a peer", (sys.executable, "-c", PEER, str(lasts)))


def seconds(scene, *labels, wall=10.0):
    """A second of each label."""
    return [Update(scene, label is not None, label, wall, wall / 2) for label in labels for _ in range(RATE)]


def test_changes_are_told_apart_by_whether_the_face_stayed():
    run = [*seconds(FACE, "joy", None, "joy", "fear"), *seconds(WALL, None, None), *seconds(HAND, "fear", "joy")]
    found = figures([run])
    assert found["changes"] == {"all": 6, "face": 3, "hand": 1}
    assert found["found"] == {"of_faces": 5 / 6, "of_none": 0.0}
    assert found["labels"] == {"face": {"joy": 20, "none": 10, "fear": 10}, "hand": {"fear": 10, "joy": 10}}
    assert figures([run, run])["changes"] == found["changes"]


def test_time_is_that_of_warm_seconds_with_the_face():
    run = [*seconds(FACE, *["joy"] * 3, wall=500.0), *seconds(FACE, *["joy"] * 3, wall=20.0), *seconds(WALL, None, wall=900.0)]
    found = figures([run])
    assert found["wall_ms"] == {"median": 20.0, "quartiles": [20.0, 20.0], "seconds": 3}
    assert (found["updates_per_second"], found["cpu_ms"]["median"]) == (50.0, 10.0)
    assert figures([seconds(WALL, None)])["updates_per_second"] is None


def test_peers_look_at_the_same_minute_and_absent_ones_are_named(tmp_path):
    asked = {"peer": peer(), "away": Rival("another", lacks="it is not here"), "broken": Rival("broken", (str(tmp_path / "nothing"),))}
    report = told(asked, watch(asked, one_face(2, 64), tmp_path, runs=2), figures)
    assert report["pictures"] == 2 * RATE
    assert report["peers"].keys() == {"peer"}
    assert report["peers"]["peer"]["versions"] == {"peer": "1.0"}
    assert report["peers"]["peer"]["labels"]["face"] == {"joy": 2 * RATE, "fear": 2 * RATE}
    assert report["peers"]["peer"]["changes"] == {"all": 1, "face": 1, "hand": 0}
    assert report["not_measured"]["away"] == {"title": "another", "why": "it is not here"}
    assert "broken cannot be started" in report["not_measured"]["broken"]["why"]
    table = peers_table({**report, "size": [64, 48]})
    assert "| a peer | 100.0% /  | 1 | 1 | 0 |  |  |" in table
    assert "| another | not measured: it is not here |" in table


def test_a_peer_that_stops_is_named_with_its_last_words(tmp_path):
    with pytest.raises(PeerError, match="peer stopped and said: ValueError: out of film"):
        watch({"peer": peer(lasts=0.5)}, one_face(1, 64), tmp_path, runs=1)


def test_tools_whose_environments_are_not_given_are_not_measured():
    known = {**command.watchers(None, None, {"smoothed": "the page"}), **command.recognisers(None)}
    assert {name for name, rival in known.items() if rival.lacks} == {"fer", "face_api_ssd", "face_api_tiny", "faster_whisper"}
    assert all(rival.command for rival in known.values() if not rival.lacks)


def test_our_own_peers_see_the_smile_and_that_it_is_gone(tmp_path):
    asked = []
    for moment in islice(moments(1), 0, 20, 19):
        asked.append(Request(tmp_path / f"{moment.at}.jpg", tmp_path / f"{moment.at}.pcm", moment.taken, moment.at))
        asked[-1].picture.write_bytes(moment.jpeg)
        asked[-1].sound.write_bytes(moment.pcm)
    for own in (Sense(), Page(NO_SMOOTHING, Script())):
        assert [own.update(own.read(request)) for request in asked] == [Answer(True, "joy"), Answer(False, None)], own


def acted(label, *said, at=0.0):
    """A scene with a label, and what a peer answers to each of its pictures."""
    scene = scenes.Scene("face", label, at, at + len(said) / LABELLED_RATE)
    return [Update(scene, one is not None, one, 10.0, 5.0) for one in said]


def test_who_is_right_is_counted_once_a_scene_has_settled():
    begun = ["sad"] * 8  # 1.5 seconds at five pictures a second, rounded
    run = [
        *acted("joy", *begun, "happy", "happy", None, "not sure"),
        *acted(None, *begun, "angry", "angry"),
        *acted("fear", *begun, "fearful", "joy"),
    ]
    found = rightness([run])
    assert found["faces"] == 6
    assert (found["found"], found["named"], found["right"]) == (5 / 6, 4 / 6, 3 / 6)
    assert found["right_by_label"] == {"joy": 2 / 4, "fear": 1 / 2}
    assert found["changes_per_minute"] == 60 * LABELLED_RATE * 8 / len(run)


def test_words_are_counted_and_the_first_answer_is_not_timed():
    said = [Said("Kids are talking, by the door.", 2.0), Said("I am happy", 1.0)]
    run = [Update(said[0], True, "kids are talking by the door", 900.0, 900.0), Update(said[1], True, "I am unhappy now", 50.0, 40.0)]
    found = understood([run])
    assert (found["word_error_rate"], found["whole_sentences"]) == (2 / 9, 1 / 2)
    assert (found["wall_ms_per_second"], found["cpu_ms_per_second"]) == (50.0, 40.0)


def test_films_of_minutes_with_labels_are_one_after_the_other_and_their_recordings_have_their_words():
    parts = tuple(scenes.Scene("face", label, at, at + 30.0) for label, at in (("joy", 0.0), ("fear", 30.0)))
    spoken = (scenes.Spoken("03-01-03-01-02-01-01", "joy", 1.0, 2.0), scenes.Spoken("flite slt", "fear", 31.0, 33.0, "I am afraid"))
    sound = np.arange(60 * 16000, dtype=np.int32).astype(np.int16)
    minute = scenes.Minute(parts, spoken, (None, None), sound)
    film = [(moment.taken, scene.label) for moment, scene in labelled([minute, minute])]
    assert len(film) == 2 * 60 * LABELLED_RATE and film == sorted(film, key=lambda one: one[0])
    assert [label for taken, label in film if taken in (0.0, 30.0, 60.0, 90.0)] == ["joy", "fear"] * 2
    (first, dogs), (_, afraid) = recordings([minute])
    assert (dogs.words, afraid.words) == ("dogs are sitting by the door", "I am afraid")
    assert np.frombuffer(first.pcm, np.int16)[0] == sound[round(0.7 * 16000)] and afraid.seconds == pytest.approx(2.6)


def test_the_command_writes_its_report(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "pin", lambda: False)
    monkeypatch.setattr(command, "watchers", lambda fer, face_api, page: {"peer": peer(), "other": peer()})
    monkeypatch.setattr(sys, "argv", ["peers", "--seconds", "1", "--without", "other", "--out", str(tmp_path / "peers.json")])
    assert command.main() == 0
    report = json.loads((tmp_path / "peers.json").read_text(encoding="utf-8"))
    assert report == json.loads(capsys.readouterr().out)
    assert report["not_measured"] == {"other": {"title": "a peer", "why": "left out"}}
    assert (report["peers"].keys(), report["size"], report["one_core"]) == ({"peer"}, [320, 240], False)


def test_a_name_that_no_tool_has_is_refused(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["peers", "--without", "nobody"])
    with pytest.raises(SystemExit):
        command.main()
    assert "there is no nobody" in capsys.readouterr().err
