"""What a visitor takes along."""

import csv
import io
import json
from dataclasses import replace

import pytest

from app.live.export import LINE_WORDS, Note, Record
from app.live.utterance import Utterance
from comp_core.formats.table import records_csv
from comp_core.modalities import LABELS, TEXT
from comp_core.senses.reading import NO_WORDS, Reading
from tests.app.doubles import ScriptedPredictor, feature
from tests.app.doubles import record as moment


def utterance(start, end, transcript, typed=False, label="joy"):
    judged = ScriptedPredictor().fuse_last([{TEXT: Reading(feature(label))}] if label else [{}])
    words = (transcript, Reading.absent(NO_WORDS))
    return Utterance(1, start, end, spoken=words, typed=words if typed else None, judged=judged)


@pytest.fixture
def record():
    kept = Record()
    kept.add(0.0, "comp", moment(video="joy"), "what a day")
    kept.add(0.5, "comp", moment(video="fear"))
    kept.add(1.25, "prlf", moment(audio="anger", video="anger"))
    kept.add(2.5, "prlf", moment())
    kept.utterances.extend([utterance(0.25, 1.75, "what\n\na --> <b>day</b>"), utterance(3, 3, "typed", typed=True, label=None)])
    kept.notes.extend([Note(1.0, ""), Note(9.0, "=SUM(A1)")])
    return kept


def test_csv_has_a_row_a_second_and_notes_where_they_belong(record):
    rows = list(csv.DictReader(io.StringIO(record.files()["csv"])))
    assert [row["seconds"] for row in rows] == ["0.00", "1.25", "2.50"]
    assert [(row["label"], row["model"]) for row in rows] == [("joy", "comp"), ("anger", "prlf"), ("", "prlf")]
    assert [row["words"] for row in rows] == ["what a day", "", ""]
    assert [row["note"] for row in rows] == ["", "marker", "'=SUM(A1)"]
    assert sum(float(rows[1][label]) for label in LABELS) == pytest.approx(1, abs=1e-3)
    assert (rows[1]["audio_observed"], rows[1]["audio_label"], rows[1]["text_observed"], rows[1]["text_label"]) == ("1", "anger", "0", "")
    assert (rows[2]["joy"], rows[2]["video_weight"]) == ("", "")


def test_json_says_what_it_is(record):
    found = json.loads(record.files()["json"])
    assert "not feelings" in found["notice"]
    assert [line["seconds"] for line in found["lines"]] == [0.0, 1.25, 2.5]
    assert [(u["transcript"], u["source"]) for u in found["utterances"]] == [("what\n\na --> <b>day</b>", "recognised"), ("typed", "typed")]
    assert found["notes"][0] == {"seconds": 1.0, "text": ""}


def test_vtt_cues_are_in_order_and_words_cannot_break_them(record):
    header, notice, *cues = record.files()["vtt"].strip().split("\n\n")
    assert header == "WEBVTT"
    assert notice.startswith("NOTE\n")
    assert [cue.split("\n") for cue in cues] == [
        ["00:00:00.250 --> 00:00:01.750", "[joy] what a --&gt; &lt;b&gt;day&lt;/b&gt;"],
        ["00:00:01.000 --> 00:00:03.000", "* marker"],
        ["00:00:03.000 --> 00:00:03.500", "[nothing to go on] typed"],
        ["00:00:09.000 --> 00:00:11.000", "* =SUM(A1)"],
    ]


def test_laboratory_formats_hold_utterances_notes_and_each_second(record, tmp_path):
    elan, praat = pytest.importorskip("pympi").Elan, pytest.importorskip("praatio.textgrid")
    files = record.files()
    (tmp_path / "session.eaf").write_text(files["eaf"], encoding="utf-8")
    (tmp_path / "session.TextGrid").write_text(files["TextGrid"], encoding="utf-8")
    found = elan.Eaf(str(tmp_path / "session.eaf"))
    assert [text for _, _, text, *_ in sorted(found.get_annotation_data_for_tier("transcript"))] == ["what a --> <b>day</b>", "typed"]
    assert [part[:3] for part in sorted(found.get_annotation_data_for_tier("fused, each second"))] == [
        (0, 1250, "joy"),
        (1250, 2500, "anger"),
        (2500, 4500, "nothing to go on"),
    ]
    grid = praat.openTextgrid(str(tmp_path / "session.TextGrid"), includeEmptyIntervals=False, reportingMode="error")
    assert [entry.label for entry in grid.getTier("notes").entries] == ["marker", "=SUM(A1)"]
    assert files["_events.tsv"].count("\n") == 5 and "comp, prlf" in files["_events.json"]
    assert "[joy] what a" in files["srt"]


def test_beside_a_line_stand_so_many_letters():
    kept = Record()
    kept.add(0.0, "comp", moment(text="joy"), LINE_WORDS * "é" + "a")
    assert [line.words for line in kept.lines] == [LINE_WORDS * "é"]


def test_a_visit_without_anything_gives_files_all_the_same():
    files = Record().files()
    assert files["csv"].count("\n") == 1
    assert json.loads(files["json"])["utterances"] == []
    assert files["vtt"].startswith("WEBVTT")


def test_a_files_records_are_a_table():
    records = [moment(0.0, 1.5, "=what joy", audio="joy", text="joy"), moment(2.0, 3.0, "")]
    first, second = csv.DictReader(io.StringIO(records_csv(records)))
    assert (first["start"], first["end"], first["transcript"], first["label"]) == ("0.0", "1.5", "'=what joy", "joy")
    assert (first["audio_label"], first["video_observed"]) == ("joy", "0")
    assert (second["label"], second["joy"], second["audio_weight"]) == ("", "", "")


def test_files_are_as_sure_as_the_page(record):
    one = record.utterances[0]
    one.judged = replace(one.judged, answer_threshold=0.99)
    files = record.files()
    assert "[not sure] what a" in files["vtt"]
    told = json.loads(files["json"])["utterances"][0]
    assert (told["sure_from"], told["fused"]["joy"] > 0.5, told["text"]["joy"] > 0.5, told["audio"]) == (0.99, True, True, None)
    one.judged = None
    assert json.loads(record.files()["json"])["utterances"][0]["fused"] is None
