"""Formats that laboratories open: each is opened again by the library that its users have."""

import csv
import io
import json
import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import pympi
import pytest
from praatio import textgrid as textgrid_reader

from comp_core.cli import main
from comp_core.formats.bids import events_json, events_tsv
from comp_core.formats.elan import eaf
from comp_core.formats.praat import textgrid
from comp_core.formats.subtitles import cues_of, srt
from comp_core.formats.table import FORMATS, Told
from comp_core.formats.tiers import Span, apart, runs, tiers_of
from comp_core.jobs.exports import export
from comp_core.modalities import LABELS, MODALITIES


def record(start, end, transcript, label="joy", p=0.9, **own):
    rest = (1 - p) / (len(LABELS) - 1)
    fused = {name: p if name == label else rest for name in LABELS} if label else None
    alone = {m: {name: float(name == own[m]) for name in LABELS} if m in own else None for m in MODALITIES}
    observed = {m: m in own for m in MODALITIES}
    weights = dict.fromkeys(MODALITIES, 1 / 3) if label else None
    return (
        {"start": start, "end": end, "transcript": transcript, "fused": fused, "sure_from": 0.4, "observed": observed}
        | alone
        | {"weights": weights}
    )


# Quotes, markup, a line break, a control character, an overlap, a picture without length, nothing to go on, not sure.
RECORDS = [
    record(0.25, 2.0, 'she said "no" <b>&\n twice\x07', audio="joy", text="anger"),
    record(1.75, 3.0, "grün --> ok", "anger", audio="anger"),
    record(3.5, 3.5, "", None),
    record(5.0, 6.125, "well", "fear", 0.3, video="fear"),
]
NOTES = [(1.0, ""), (5.5, "door\tslams")]
WORDS = ['she said "no" <b>& twice', "grün --> ok", "well"]


def test_elan_opens_it(tmp_path):
    path = tmp_path / "clip.eaf"
    path.write_text(eaf(tiers_of(RECORDS, NOTES), "clip.mp4"), encoding="utf-8")
    found = pympi.Elan.Eaf(str(path))
    assert list(found.get_tier_names()) == ["transcript", "fused", "audio", "text", "video", "notes"]
    spoken = sorted(found.get_annotation_data_for_tier("transcript"))
    assert [(start, end) for start, end, *_ in spoken] == [(250, 1750), (1750, 3000), (5000, 6125)]
    assert [text for _, _, text, *_ in spoken] == WORDS
    fused = [text for _, _, text, *_ in sorted(found.get_annotation_data_for_tier("fused"))]
    assert fused == ["joy", "anger", "nothing to go on", "not sure"]
    assert found.get_linked_files()[0]["RELATIVE_MEDIA_URL"] == "./clip.mp4"
    # Slots are in order of time, as the format has it.
    times = [int(slot.get("TIME_VALUE")) for slot in ElementTree.parse(path).iter("TIME_SLOT")]
    assert times == sorted(times)


def test_praat_opens_it(tmp_path):
    path = tmp_path / "clip.TextGrid"
    path.write_text(textgrid(tiers_of(RECORDS, NOTES)), encoding="utf-8")
    found = textgrid_reader.openTextgrid(str(path), includeEmptyIntervals=True, reportingMode="error")
    assert found.tierNames == ("transcript", "fused", "audio", "text", "video", "notes")
    entries = found.getTier("transcript").entries
    assert [entry.label for entry in entries if entry.label] == WORDS
    # The intervals of a tier cover its time without a gap.
    assert entries[0].start == 0 and entries[-1].end == found.maxTimestamp == 7.5
    assert all(a.end == b.start for a, b in pairwise(entries))


def test_bids_columns_are_those_of_the_sidecar():
    rows = list(csv.DictReader(io.StringIO(events_tsv(RECORDS, NOTES)), delimiter="\t", quoting=csv.QUOTE_NONE))
    about = json.loads(events_json(RECORDS, "ComP"))
    assert list(rows[0])[:2] == ["onset", "duration"]
    assert set(rows[0]) == set(about) - {"GeneratedBy"}
    assert [float(row["onset"]) for row in rows] == sorted(float(row["onset"]) for row in rows)
    assert [row["label"] for row in rows] == ["joy", "n/a", "anger", "n/a", "not sure", "n/a"]
    assert sum(float(rows[0][f"p_{label}"]) for label in LABELS) == pytest.approx(1, abs=1e-3)
    assert all(value for row in rows for value in row.values())
    assert (rows[0]["audio_observed"], rows[0]["video_observed"], rows[1]["audio_observed"]) == ("1", "0", "n/a")
    assert {row["trial_type"] for row in rows} == set(about["trial_type"]["Levels"])


def test_subtitles_are_numbered_and_a_cue_cannot_be_broken():
    blocks = [block.split("\n") for block in srt(cues_of(RECORDS, NOTES)).strip().split("\n\n")]
    assert [block[0] for block in blocks] == [str(number) for number in range(1, len(blocks) + 1)]
    assert len(blocks) == 1 + len(RECORDS) + len(NOTES) and all(len(block) == 3 for block in blocks)
    assert blocks[1][1] == "00:00:00,250 --> 00:00:02,000"
    assert blocks[1][2] == '[joy] she said "no" (b)& twice'
    assert all(block[2].count("-->") == 0 for block in blocks)


def test_spans_never_overlap_and_keep_their_texts():
    spans = apart([Span(1, 4, "a"), Span(2, 3, "b"), Span(2, 2.2, "c"), Span(2, 9, "d")])
    assert [span.text for span in spans] == ["a", "b", "c", "d"]
    assert all(span.end > span.start for span in spans)
    assert all(a.end <= b.start for a, b in pairwise(spans))


def test_what_is_told_each_second_becomes_spans():
    told = [(0.0, "joy"), (1.0, "joy"), (2.0, "fear"), (3.0, ""), (4.0, "joy"), (30.0, "joy")]
    assert runs(told, 2.0) == (Span(0, 2, "joy"), Span(2, 3, "fear"), Span(4, 6, "joy"), Span(30, 32, "joy"))


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_read_gives_files_all_the_same(name):
    assert all(text.endswith("\n") for text in FORMATS[name].make(Told([])).values())


def test_labels_are_those_of_the_records():
    own = [record(0, 1, "hm") | {"fused": {"bored": 0.7, "not so bored": 0.3}}]
    assert next(csv.DictReader(io.StringIO(FORMATS["csv"].make(Told(own))[".csv"])))["not so bored"] == "0.3000"
    assert "p_not_so_bored" in events_tsv(own)


def test_records_of_a_folder_become_files(tmp_path):
    for clip in ("a.mp4", "deeper/a.mp4"):
        path = tmp_path / "records" / f"{clip}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"file": clip, "model": "ComP", "utterances": RECORDS}))
    assert export(tmp_path, list(FORMATS)) == 2 * (len(FORMATS) + 1)
    assert (tmp_path / "eaf" / "deeper" / "a.mp4.eaf").is_file()
    assert {path.name for path in (tmp_path / "bids").glob("*.*")} == {"a.mp4_events.tsv", "a.mp4_events.json"}


def test_an_unknown_format_is_refused_before_anything_is_read(tmp_path, capsys):
    assert main(["annotate", str(tmp_path), "--out", str(tmp_path / "out"), "--format", "eaf,elan"]) == 2
    assert "no format elan; there are csv" in capsys.readouterr().err


def test_a_session_of_two_models_has_the_columns_of_both():
    other = {**record(7.0, 8.0, "so", "joy"), "fused": {"calm": 0.7, "loud": 0.3}}
    told = list(csv.DictReader(io.StringIO(events_tsv([*RECORDS, other])), delimiter="\t"))
    assert (told[0]["p_joy"], told[0]["p_calm"]) == ("0.9000", "n/a")
    assert (told[-1]["p_joy"], told[-1]["p_calm"]) == ("n/a", "0.7000")
    table = list(csv.DictReader(io.StringIO(FORMATS["csv"].make(Told([*RECORDS, other]))[".csv"])))
    assert (table[0]["loud"], table[-1]["loud"], table[-1]["label"]) == ("", "0.3000", "calm")
    assert {"p_calm", "p_joy"} <= set(json.loads(events_json([*RECORDS, other], "ComP, MY")))
