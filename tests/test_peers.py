"""Counting and timing of the comparison with other tools, on peers made for the test."""

from __future__ import annotations

import json
import sys
from itertools import islice

import pytest

from comp_core.evaluation.measured_tables import peers_table
from tests.minute import SCENES, moments
from tests.peers import __main__ as command
from tests.peers.compare import PeerError, Rival, compare
from tests.peers.figures import RATE, Update, figures
from tests.peers.page import NO_SMOOTHING, Page
from tests.peers.sense import Sense
from tests.peers.serving import Answer, Request

FACE, WALL, _, HAND, *_ = SCENES
PEER = """
import sys
from tests.peers.serving import Answer, serve

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
    report = compare(asked, tmp_path, seconds=2, width=64, runs=2)
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
        compare({"peer": peer(lasts=0.5)}, tmp_path, seconds=1, width=64, runs=1)


def test_tools_whose_environments_are_not_given_are_not_measured():
    known = command.rivals(None, None)
    assert {name for name, rival in known.items() if rival.lacks} == {"fer", "face_api_ssd", "face_api_tiny"}
    assert all(rival.command for rival in known.values() if not rival.lacks)


def test_our_own_peers_see_the_smile_and_that_it_is_gone(tmp_path):
    asked = []
    for moment in islice(moments(1), 0, 20, 19):
        asked.append(Request(tmp_path / f"{moment.at}.jpg", tmp_path / f"{moment.at}.pcm", moment.taken, moment.at))
        asked[-1].picture.write_bytes(moment.jpeg)
        asked[-1].sound.write_bytes(moment.pcm)
    for own in (Sense(), Page(NO_SMOOTHING)):
        assert [own.update(own.read(request)) for request in asked] == [Answer(True, "joy"), Answer(False, None)], own


def test_the_command_writes_its_report(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "pin", lambda: False)
    monkeypatch.setattr(command, "rivals", lambda fer, face_api: {"peer": peer(), "other": peer()})
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
