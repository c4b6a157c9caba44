"""The command line."""

import json
import socket

import pytest

from comp_core.cli import doctor, main, reading
from comp_core.modalities import MODALITIES
from comp_core.senses.speech import whisper_tiny
from tests.places import SAMPLES


def test_predict_json_has_one_object_per_file_and_goes_on_after_a_bad_one(capsys, tmp_path):
    empty = tmp_path / "empty.wav"
    empty.touch()
    files = [str(SAMPLES / "face.jpg"), str(empty), str(SAMPLES / "voice_only.mp3")]
    assert main(["predict", *files, "--whisper", "off", "--json", "--device", "cpu"]) == 1
    captured = capsys.readouterr()
    results = [json.loads(line) for line in captured.out.splitlines()]
    assert [r["file"] for r in results] == [files[0], files[2]]
    assert all(r["model"] == "ComP" and r["utterances"] for r in results)
    assert "empty.wav is empty" in captured.err
    assert "Traceback" not in captured.err


def test_predict_for_people(capsys):
    assert main(["predict", str(SAMPLES / "face.jpg"), "--whisper", "off", "--without", "audio"]) == 0
    out = capsys.readouterr().out
    assert "expression, not feelings" in out
    assert "switched off" in out
    assert "no words" in out


@pytest.mark.parametrize(
    ("fused", "told"),
    [({"joy": 0.39, "fear": 0.2}, "not sure (joy 39%)"), ({"joy": 0.4, "fear": 0.2}, "joy 40%"), (None, "nothing to go on")],
)
def test_an_answer_below_its_threshold_is_not_sure(capsys, fused, told):
    record = {"start": 0.0, "end": 1.0, "transcript": "", "fused": fused, "sure_from": 0.4, "weights": None}
    record |= {"observed": dict.fromkeys(MODALITIES, False), "absent_because": dict.fromkeys(MODALITIES, "away")}
    reading._show({"file": None, "model": "ComP", "utterances": [record]}, as_json=False)
    assert capsys.readouterr().out.splitlines()[1].split(" s ")[1].strip() == told


def test_predict_text_alone(capsys):
    assert main(["predict", "--text", "this is wonderful", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["file"] is None
    assert result["utterances"][0]["observed"]["text"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "nothing to read"),
        (["--text", "hello", "--without", "text"], "words are switched off"),
        (["x.wav", "--model", "none"], "not found"),
        (["x.wav", "--whisper", "no-such-model"], "no-such-model"),
        (["x.wav", "--device", "cuda:99", "--whisper", "off"], "--device cpu"),
        (["x.wav", "--language", "de"], "does not understand 'de'"),
    ],
)
def test_mistakes_are_one_sentence(capsys, arguments, message):
    assert main(["predict", *arguments]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.out == ""


def test_tables_prints_and_renews(capsys, tmp_path):
    document = tmp_path / "page.md"
    document.write_text("<!-- table: words -->\n<!-- end of table -->\n")
    assert main(["tables", "--into", str(document)]) == 0
    assert "| MELD" in capsys.readouterr().out
    assert "| MELD" in document.read_text()


def test_doctor_finds_everything_that_the_demo_needs(capsys):
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert all(what in out for what in ("Python", "torch", "device", "weights", "Whisper", "camera", "microphone"))


def test_doctor_says_that_words_are_recognised_without_network(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(socket, "socket", None)  # nobody is asked
    assert doctor._recogniser() == doctor.Finding("recogniser", "Whisper tiny.en, works without network")
    (tmp_path / "whisper").mkdir()
    (tmp_path / "whisper" / "base.pt").touch()
    assert doctor._recogniser().state == "Whisper tiny.en, works without network; downloaded: base"
    monkeypatch.setattr(whisper_tiny, "SHA256", "another")
    found = doctor._recogniser()
    assert (found.state, found.needed) == ("Whisper without weights; downloaded: base", False)
    assert "its hash differs" in found.advice and "words must be typed" in found.advice


def test_doctor_tells_what_to_do_about_missing_weights(tmp_path):
    findings = {finding.what: finding for finding in doctor.examine(tmp_path)}
    assert findings["weights"].needed
    assert "train face" in findings["weights"].advice


@pytest.mark.parametrize(("name", "option"), [("speed", "--device"), ("cost", "--seed"), ("lab_set", "--out")])
def test_an_experiment_takes_no_option_that_it_has_no_use_for(capsys, name, option):
    with pytest.raises(SystemExit):
        main(["experiment", name, "--data", "DATA", option, "1"] if name != "speed" else ["experiment", name, option, "1"])
    assert f"unrecognized arguments: {option} 1" in capsys.readouterr().err
