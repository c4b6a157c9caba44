"""A saved session opened again: what it shows, what is refused, what comes out of it."""

import base64
import csv
import gzip
import io
import json
import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from app.live.export import Record
from app.live.people import Face
from app.live.utterance import Utterance
from app.live.views import moment_view, utterance_view
from app.refusal import Refused
from app.reopened import calls, session
from app.reopened.session import corrected, read_session
from app.reopened.spans import agreement, agreement_told, table
from tests.app.doubles import record as moment
from tests.support.saved import changed, clip_json, live_json, utterances


def packed(text):
    return base64.b64encode(gzip.compress(text.encode() if isinstance(text, str) else text)).decode()


@pytest.fixture
def server():
    return {call.__name__: call for call in calls.session_calls()}


HAND_CELLS = ("anger", "'=pure rage", "she frowns")


def without_date(text):
    """An ELAN file says when it was made."""
    return re.sub(r'DATE="[^"]*"', "", text)


def by_hand(number=1, **given):
    return json.dumps([{"number": number, **given}])


def test_a_clip_is_shown_as_the_clip_page_showed_it():
    view = calls.session_view(read_session(clip_json().encode()))
    then = [utterance_view(one) for one in utterances(("joy", "fear", ""))]
    assert [moment["moment"] for moment in view["moments"]] == [one["moment"] for one in then]
    assert [(one["time"], one["transcript"], one["prediction"]) for one in view["utterances"]] == [
        (one["time"], one["transcript"], one["prediction"]) for one in then
    ]
    assert (view["model"], view["live"], view["length"]) == ("ComP", False, 11.0)


def test_a_live_session_is_shown_second_by_second_and_its_utterances_as_wholes():
    view = calls.session_view(read_session(live_json().encode()))
    assert [moment["at"] for moment in view["moments"]] == [float(at) for at in range(12)]
    assert [moment["moment"]["headline"] for moment in view["moments"]] == [*4 * ["joy"], *4 * ["fear"], *4 * ["nothing to go on"]]
    assert view["utterances"][1]["moment"] == moment_view(utterances(("joy", "fear"))[1])
    assert view["notes"] == [{"at": 2.0, "text": "door slams"}, {"at": 5.0, "text": ""}]


def test_whose_face_it_was_stays_in_the_files():
    kept = Record({1: "Ann", 2: ""}.get)
    face = Face(2, "", None, moment(audio="joy")["audio"], speaks=False, read=True, chosen=False)
    kept.add(0.0, "comp", moment(video="joy"), "what joy", face=2, faces=[replace(face, number=1), face])
    kept.utterances.append(Utterance(1, 0.0, 1.0, face_number=1))
    kept.utterances.append(Utterance(2, 2.0, 3.0, face_number=2))
    made = kept.files()
    assert [one["face"]["name"] for one in json.loads(made["json"])["utterances"]] == ["Ann", ""]
    again = calls.files(read_session(made["json"].encode()))
    for end in ("csv", "vtt", "srt", "eaf", "TextGrid"):
        assert without_date(again[f".{end}"]) == without_date(made[end])
    assert json.loads(again[".json"])["lines"][0]["faces"] == json.loads(made["json"])["lines"][0]["faces"]
    assert "face 1 (Ann), each second" in again[".eaf"] and "Ann: " in again[".vtt"]


def test_names_of_a_tampered_file_are_one_line_in_the_files_made_of_it():
    text = json.loads(changed(live_json(), "lines", 3, "face", to={"id": 1, "name": "An\x01n\n\tforged"}))
    made = calls.files(read_session(json.dumps({**text, "file": "a\x02b.mp4", "model": "comp\nx"}).encode()))
    ElementTree.fromstring(made[".eaf"])
    assert not [end for end, told in made.items() if end != ".json" and re.search(r"[\x01\x02]|An n.*\n.*forged", told)]


def test_not_sure_stays_not_sure():
    unsure = changed(clip_json(), "utterances", 0, "sure_from", to=0.95)
    view = calls.session_view(read_session(unsure.encode()))
    assert view["utterances"][0]["prediction"] == "not sure" and view["moments"][0]["moment"]["kind"] == "unsure"


def test_words_on_their_way_when_it_was_saved_are_nothing_to_go_on():
    pending = {"start": 1.0, "end": None, "transcript": "", "source": None, "fused": None, "sure_from": None}
    view = calls.session_view(read_session(json.dumps({"utterances": [pending], "notes": []}).encode()))
    assert (view["utterances"][0]["prediction"], view["length"]) == ("nothing to go on", 1.5)


@pytest.mark.parametrize("make", [clip_json, live_json])
def test_what_is_opened_and_saved_is_what_it_was(make):
    text = make()
    opened = read_session(text.encode())
    assert json.loads(calls.files(opened)[".json"]) == json.loads(text)
    assert set(calls.files(opened)) == {".csv", ".json", ".vtt", ".srt", ".eaf", ".TextGrid", "_events.tsv", "_events.json"}


@pytest.mark.parametrize("make", [clip_json, live_json])
def test_what_is_put_there_by_hand_stands_beside_the_prediction_in_every_file(make, server):
    edits = by_hand(label="anger", transcript="=pure rage", note="she frowns")
    files = server["save"]({"packed": packed(make()), "by_hand": edits})["files"]
    rows = list(csv.DictReader(io.StringIO(files[".csv"])))
    row = next(row for row in rows if row["label_by_hand"])
    assert (row["label"], *(row[f"{field}_by_hand"] for field in ("label", "transcript", "note"))) == ("fear", *HAND_CELLS)
    assert sum(bool(row["label_by_hand"]) for row in rows) == 1
    events = list(csv.DictReader(io.StringIO(files["_events.tsv"]), delimiter="\t", quoting=csv.QUOTE_NONE))
    (event,) = (event for event in events if event["label_by_hand"] != "n/a")
    assert (event["label"], event["transcript"], event["label_by_hand"]) == ("fear", "pure fear", "anger")
    assert {"label_by_hand", "transcript_by_hand", "note_by_hand"} <= set(json.loads(files["_events.json"]))
    for end in (".vtt", ".srt"):
        assert "[fear] pure fear" in files[end] and "by hand: [anger] =pure rage * she frowns" in files[end]
    for end in (".eaf", ".TextGrid"):
        assert all(f'"{field} by hand"' in files[end] for field in ("label", "transcript", "note"))
    again = read_session(files[".json"].encode())
    assert again.utterances[1]["by_hand"] == {"label": "anger", "transcript": "=pure rage", "note": "she frowns"}
    assert again.utterances[1]["transcript"] == "pure fear"
    view = server["reopen"]({"packed": packed(files[".json"])})
    assert [one["by_hand"] for one in view["utterances"]] == [{}, again.utterances[1]["by_hand"], {}]
    assert view["utterances"][1]["prediction"].startswith("fear")


def test_laboratories_open_the_tiers_by_hand(tmp_path):
    elan, praat = pytest.importorskip("pympi").Elan, pytest.importorskip("praatio.textgrid")
    files = calls.files(corrected(read_session(clip_json().encode()), by_hand(label="anger", note="she frowns")))
    (tmp_path / "a.eaf").write_text(files[".eaf"], encoding="utf-8")
    (tmp_path / "a.TextGrid").write_text(files[".TextGrid"], encoding="utf-8")
    found = elan.Eaf(str(tmp_path / "a.eaf"))
    assert [part[:3] for part in found.get_annotation_data_for_tier("label by hand")] == [(4000, 7000, "anger")]
    assert [part[2] for part in sorted(found.get_annotation_data_for_tier("fused"))] == ["joy", "fear", "nothing to go on"]
    grid = praat.openTextgrid(str(tmp_path / "a.TextGrid"), includeEmptyIntervals=False, reportingMode="error")
    assert [entry.label for entry in grid.getTier("note by hand").entries] == ["she frowns"]


def test_a_correction_that_is_taken_back_is_gone(server):
    given = server["save"]({"packed": packed(clip_json()), "by_hand": by_hand(label="anger")})["files"][".json"]
    files = server["save"]({"packed": packed(given), "by_hand": "[]"})["files"]
    assert json.loads(files[".json"]) == json.loads(clip_json()) and "by hand" not in files[".eaf"]


@pytest.mark.parametrize(
    "edits",
    [
        "",
        "{}",
        "[3]",
        by_hand(number=3, note="x"),
        by_hand(number=-1, note="x"),
        by_hand(label="bored"),
        by_hand(note="x" * 501),
        "[" * 9999,
    ],
)
def test_a_wrong_correction_is_refused(server, edits):
    answer = server["save"]({"packed": packed(clip_json()), "by_hand": edits})
    assert answer["error"] == "bad_request" and answer["message"].startswith("A correction")


WRONG = [
    ("", "It is empty."),
    ("hello", "It is not JSON, or not all of it, from line 1, character 1 on."),
    (clip_json()[:900], "It is not JSON, or not all of it, from line"),
    ("[1, 2]", "It is JSON, but not an object with utterances."),
    ('{"utterances": []}', "nothing to show"),
    ('{"utterances": []}\n{"utterances": []}', "of several, one a line, keep one"),
    ("[" * 5000, "nested too deep"),
    ('{"utterances": ' + "[" * 5000, "nested too deep"),
    ("[]," * 400_000, "more parts"),
    ('"' + "x" * session.MOST_BYTES + '"', "larger than 6 MB"),
    ("{}", "Utterances: missing."),
    (changed(clip_json(), "utterances", 1, "fused", "joy", to="much"), "Utterance 2, fused, joy: not a number."),
    (changed(clip_json(), "utterances", 1, "fused", "joy", to=True), "Utterance 2, fused, joy: not a number."),
    (changed(clip_json(), "utterances", 1, "fused", "joy", to=1.5), "Utterance 2, fused, joy: above 1."),
    (changed(clip_json(), "utterances", 1, "fused", "jo\ny", to=0.1), "a label with a line break or control character."),
    (changed(clip_json(), "utterances", 1, "start", to=float("nan")), "Utterance 2, start: not a finite number."),
    (changed(clip_json(), "utterances", 1, "start", to=1e9), "Utterance 2, start: above 86400."),
    (changed(clip_json(), "utterances", 1, "end", to=0), "Utterance 2 ends before it begins."),
    (changed(clip_json(), "utterances", 1, "transcript", to="x" * 10_001), "Utterance 2, transcript: longer than 10000 letters."),
    (changed(clip_json(), "utterances", 1, "sure_from", to=None), "Utterance 2 has a prediction and no answer threshold"),
    (changed(clip_json(), "utterances", to=2001 * utterances(("joy",))), "Utterances: more than 2000 entries."),
    (changed(live_json(), "lines", 3, "face", to={"id": 10**9, "name": ""}), "Line 4, face, id:"),
    (changed(live_json(), "lines", 3, "observed", to=[]), "Line 4, observed: not an object."),
    (changed(live_json(), "lines", 3, "absent_because", "smell", to="x"), "Line 4, absent_because, smell: none of"),
    (changed(live_json(), "notes", 0, "text", to="x" * 501), "Note 1, text: longer than 500 letters."),
    (changed(clip_json(), "utterances", 0, "by_hand", to={"label": "bored"}), "Utterance 1, by_hand, label: none of"),
]


@pytest.mark.parametrize(("text", "told"), WRONG, ids=[told[:40] for _, told in WRONG])
def test_a_wrong_file_gets_one_sentence_that_names_what_and_where(text, told):
    with pytest.raises(Refused) as refused:
        read_session(text.encode())
    assert told in str(refused.value)
    assert str(refused.value).endswith(".") and len(str(refused.value)) < 200 and "\n" not in str(refused.value)


def test_a_newer_version_is_refused_whatever_else_it_holds_and_an_older_file_has_none():
    for newer in (changed(clip_json(), "schema", to="2"), json.dumps({"schema": "2", "moments": []}), json.dumps({"schema": 3})):
        with pytest.raises(Refused, match=r"It is of version '.', and this program reads version '1'.* newer one\.") as refused:
            read_session(newer.encode())
        assert refused.value.code == "newer"
    older = json.loads(clip_json())
    del older["schema"], older["notice"]
    assert len(read_session(json.dumps(older).encode()).utterances) == 3


def test_labels_of_all_records_together_are_bounded():
    """Each is a column of a table, and each record a row."""
    whole = json.loads(clip_json(("joy",) * 40))
    for number, one in enumerate(whole["utterances"]):
        one["fused"] = {f"label {number}.{n}": 0.25 for n in range(4)}
    with pytest.raises(Refused, match="128 labels"):
        read_session(json.dumps(whole).encode())
    assert read_session(json.dumps({**whole, "utterances": whole["utterances"][:32]}).encode())


def test_what_is_sent_is_bounded_before_it_is_unpacked(server):
    bomb = server["reopen"]({"packed": packed("0" * 100_000_000)})
    assert (bomb["error"], bomb["message"]) == ("too_large", "It is larger than 6 MB.")
    assert server["reopen"]({"packed": "A" * 1_500_000})["error"] == "too_large"
    for wrong in ("AAAA", "not base64!", 3, None, packed(clip_json())[:40]):
        assert server["reopen"]({"packed": wrong})["error"] in ("bad_request", "bad_file")
    for call in server.values():
        assert call(3)["error"] == call({})["error"] == "bad_request"


def test_one_address_can_not_keep_the_server_busy(server):
    answers = [server["reopen"]({"packed": "AAAA"})["error"] for _ in range(40)]
    assert answers[:30] == 30 * ["bad_request"] and answers[-1] == "too_fast"


def test_two_sessions_agree_where_both_name_the_same(server):
    first, second = live_json(("joy", "fear", "", "anger")), clip_json(("joy", "anger", "joy"))
    answer = server["compare"]({"packed": packed(first), "other": packed(second)})
    # The clip has pauses of a second.
    assert answer["agreement"] == [(0.0, 3.0, "same"), (4.0, 7.0, "other"), (8.0, 11.0, "open")]
    assert answer["told"] == "Both cover 9 s. In 6 s both name an expression, and in 50 % of that the same."
    rows = {title: cells for title, *cells in answer["table"]}
    assert (rows["utterances"], rows["not sure"], rows["nothing to go on"]) == (["4", "3"], ["0 (0 %)", "0 (0 %)"], ["1 (25 %)", "0 (0 %)"])
    assert (rows["joy"], rows["anger"], rows["model"]) == (["1", "2"], ["1", "1"], ["comp", "ComP"])
    assert answer["model"] == "ComP" and len(answer["moments"]) == 3


def test_sessions_that_do_not_meet_and_a_session_with_itself():
    late = json.loads(clip_json(("joy",)))
    late["utterances"][0] |= {"start": 100.0, "end": 103.0}
    one, other = read_session(clip_json(("joy",)).encode()), read_session(json.dumps(late).encode())
    assert agreement(one, other) == [] and agreement_told([]) == "No moment is covered by both."
    assert {kind for *_, kind in agreement(one, one)} == {"same"}
    assert all(cells[0] == cells[1] for _, *cells in table((one, one)))
