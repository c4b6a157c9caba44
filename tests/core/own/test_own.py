"""A model of one's own clips: from a table to a folder that predicts, by labels that nobody knew before; or by scores."""

import json
import wave

import numpy as np
import pytest

from comp_core.cli import main
from comp_core.inference.fusion import Fusion
from comp_core.jobs.engine import InProcess
from comp_core.modalities import AUDIO, MODALITIES, TEXT, VIDEO
from comp_core.own import folds, reading
from comp_core.own.training import OutError, train_own
from comp_core.predictor import Predictor
from comp_core.senses.reading import NOT_LEARNT
from comp_core.support.checkpoint import CheckpointError
from tests.places import SAMPLES

# What was said, by label: words that the senses tell apart, and labels that they do not know.
SAID = {
    "up": ["I love this so much", "What a wonderful day", "This is great news", "I am so happy", "Thank you, how lovely"],
    "down": ["I hate this", "This is a terrible mess", "I am so sad about it", "I feel awful about the loss", "He cried all night"],
}
QUICK = {"whisper": "off", "epochs": 10, "notify": lambda _: None}


def words_table(path, scores=False):
    lines = ["words,speaker," + ("score" if scores else "label")]
    for label, sentences in SAID.items():
        for i, sentence in enumerate(sentences * 2):
            what = {"up": 40 + i, "down": -40 - i}[label] if scores else label
            lines.append(f'"{sentence}{"!" * (i // 5)}",speaker {i % 5},{what}')
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """Trained once on words alone, by labels of its own; the folder, its report, and the work folder."""
    place = tmp_path_factory.mktemp("own")
    report = train_own(place, words_table(place / "clips.csv"), place / "MY", work=place / "work", **QUICK)
    return place, report


@pytest.fixture(scope="module")
def predictor(own):
    return Predictor.load([own[0] / "MY"], device="cpu")


def test_the_folder_has_the_model_its_labels_its_card_and_its_report(own):
    place, report = own
    assert {path.name for path in (place / "MY").iterdir()} == {"model.json", "model.safetensors", "model.md", "report.json"}
    assert json.loads((place / "MY" / "report.json").read_text(encoding="utf-8")) == report
    description = json.loads((place / "MY" / "model.json").read_text(encoding="utf-8"))
    assert description["labels"] == report["labels"] == ["down", "up"]
    assert description["sha256"] == report["weights"]["sha256"]
    assert (report["split"]["by"], report["data"]["learnt"], report["seeds"]) == ("speaker", [TEXT], [0])
    card = (place / "MY" / "model.md").read_text(encoding="utf-8")
    assert len(card.splitlines()) <= 80
    assert all(told in card for told in ("not feelings", "5 speakers", "down 10, up 10", report["weights"]["sha256"]))


def test_each_speaker_is_tested_on_once_by_a_model_that_never_met_them(own):
    folds_told = own[1]["split"]["folds"]
    assert sorted(who for fold in folds_told for who in fold["test"]) == [f"speaker {i}" for i in range(5)]
    assert all(fold["validation"] != number for number, fold in enumerate(folds_told))
    for figures in (own[1]["in_use"], *own[1]["methods"].values()):
        assert len(figures["test"]["uar"]["folds"]) == 5
    assert own[1]["in_use"]["test"]["uar"]["mean"] > 0.7


def test_it_predicts_its_own_labels_from_its_own_heads(predictor):
    record = predictor.predict_text("What a wonderful day")
    assert list(record["fused"]) == ["down", "up"] and record["fused"]["up"] > 0.5
    # One modality alone is told by the model: the senses say other labels.
    assert record[TEXT] == record["fused"]
    assert predictor.predict_text("This is a terrible mess")["fused"]["down"] > 0.5


def test_what_it_has_not_learnt_is_left_out_and_told(predictor):
    records = predictor.predict_file(SAMPLES / "happy.mp4", text="This is great news")
    assert records[0]["absent_because"] == {AUDIO: NOT_LEARNT, VIDEO: NOT_LEARNT}
    assert records[0]["fused"] == predictor.predict_text("This is great news")["fused"]
    silent = predictor.predict_file(SAMPLES / "face.jpg")
    assert silent[0]["fused"] is None and silent[0]["weights"] is None


def test_the_command_line_takes_the_folder(own, capsys, tmp_path):
    assert main(["predict", "--text", "I hate this", "--model", str(own[0] / "MY"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["model"].startswith("MY (") and set(told["utterances"][0]["fused"]) == {"up", "down"}
    out = tmp_path / "out"
    options = ["--model", str(own[0] / "MY"), "--whisper", "off", "--device", "cpu", "--format", "csv,eaf,bids,textgrid,vtt"]
    clips = tmp_path / "clips"
    clips.mkdir()
    (clips / "face.jpg").write_bytes((SAMPLES / "face.jpg").read_bytes())
    assert main(["annotate", str(clips), "--out", str(out), *options]) == 0
    assert (out / "csv" / "face.jpg.csv").is_file()


def test_the_same_seed_gives_the_same_weights_and_what_was_done_is_not_done_again(own, monkeypatch):
    place, report = own

    def nothing_left(_self, _item):
        raise AssertionError("it was done before")

    monkeypatch.setattr(reading.Reader, "__call__", nothing_left)
    monkeypatch.setattr(folds.Trainer, "__call__", nothing_left)
    again = train_own(place, place / "clips.csv", place / "AGAIN", work=place / "work", **QUICK)
    assert again["weights"] == report["weights"] and again["methods"] == report["methods"]


class Stopped(Exception):
    """Ctrl+C, say."""


class StopsAfter(InProcess):
    """Works on so many items, of readings or of trainings, and stops."""

    def __init__(self, items):
        self.left = items

    def map(self, work, items):
        for done in super().map(work, items):
            if not self.left:
                raise Stopped
            self.left -= 1
            yield done


@pytest.mark.parametrize("items", [3, 24])
def test_a_stopped_training_goes_on_from_what_is_there(own, tmp_path, monkeypatch, items):
    place, report = own
    asked = {"whisper": "off", "epochs": 10, "work": tmp_path / "work"}
    with pytest.raises(Stopped):
        train_own(place, place / "clips.csv", tmp_path / "MY", engine=StopsAfter(items), notify=lambda _: None, **asked)
    assert not (tmp_path / "MY").exists()
    done = len(list((tmp_path / "work").rglob("*.npz")))
    assert done == items
    told, counted = [], []
    once = folds.Trainer.__call__
    monkeypatch.setattr(folds.Trainer, "__call__", lambda self, item: (counted.append(item), once(self, item))[1])
    again = train_own(place, place / "clips.csv", tmp_path / "MY", notify=told.append, **asked)
    assert f"{min(items, 20)} of 20 clips had been read before." in told
    assert len(counted) == 5 * len(folds.TRIED) * len(folds.SETTINGS) - max(0, items - 20)
    assert again["weights"] == report["weights"]


def test_scores_are_told_as_scores(tmp_path, capsys):
    report = train_own(tmp_path, words_table(tmp_path / "clips.csv", scores=True), tmp_path / "SCORES", work=tmp_path / "work", **QUICK)
    assert (report["task"], report["labels"]) == ("scores", [])
    assert report["in_use"]["test"]["mae"]["mean"] < report["in_use"]["all_folds"]["of_the_mean"]
    assert "mean error" in (tmp_path / "SCORES" / "model.md").read_text(encoding="utf-8")
    predictor = Predictor.load([tmp_path / "SCORES"], device="cpu")
    record = predictor.predict_text("What a wonderful day")
    assert not {"fused", "sure_from"} & set(record)
    assert record["score"] == record[TEXT] > 0 > predictor.predict_text("This is a terrible mess")["score"]
    assert record[AUDIO] is record[VIDEO] is None
    assert predictor.predict_file(SAMPLES / "face.jpg")[0]["score"] is None
    assert main(["predict", "--text", "I hate this", "--model", str(tmp_path / "SCORES")]) == 0
    assert "score -" in capsys.readouterr().out
    options = ["--out", str(tmp_path / "out"), "--model", str(tmp_path / "SCORES"), "--whisper", "off"]
    assert main(["annotate", str(SAMPLES), *options, "--format", "json,eaf"]) == 2
    assert "eaf has no place for scores" in capsys.readouterr().err


def sound(path, seconds, pitch):
    """A buzz that is loud enough to be heard."""
    time = np.arange(round(16000 * seconds)) / 16000
    samples = (8000 * np.sign(np.sin(2 * np.pi * pitch * time))).astype(np.int16)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(samples.tobytes())


def test_parts_of_a_file_are_clips_and_one_conversation(tmp_path):
    folder = tmp_path / "clips"
    folder.mkdir()
    for speaker in range(3):
        (folder / f"{speaker}.mp4").write_bytes((SAMPLES / "happy.mp4").read_bytes())
    lines = [f"{s}.mp4,{'early' if i < 2 else 'late'},{s},{i},{i + 1},so it is" for s in range(3) for i in (2, 3, 0, 1)]
    lines.append("broken.wav,early,0,,,")
    (folder / "broken.wav").write_bytes(b"no sound")
    table = tmp_path / "clips.csv"
    table.write_text("\n".join(["file,label,speaker,start,end,words", *lines]) + "\n", encoding="utf-8")
    told = []
    report = train_own(folder, table, tmp_path / "MY", work=tmp_path / "work", **{**QUICK, "epochs": 1, "notify": told.append})
    assert report["data"]["left_out"][0][0] == 14 and any(line.startswith("line 14 is left out: broken.wav") for line in told)
    assert (report["data"]["clips"], report["data"]["conversations"], report["data"]["modalities"][VIDEO]) == (12, 3, 12)
    fusion = Fusion.load(tmp_path / "MY")
    assert fusion.context > 1 and VIDEO in fusion.learnt


def test_a_model_of_other_senses_is_refused(own, tmp_path):
    for path in (own[0] / "MY").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    description = json.loads((tmp_path / "model.json").read_text(encoding="utf-8"))
    (tmp_path / "model.json").write_text(json.dumps({**description, "made_of": {**description["made_of"], "words": "0" * 64}}))
    with pytest.raises(CheckpointError, match="another words sense reads: train it again"):
        Predictor.load([tmp_path], device="cpu")


def test_names_of_the_committed_models_are_taken(tmp_path):
    with pytest.raises(OutError, match="cannot be called comp"):
        train_own(tmp_path, words_table(tmp_path / "clips.csv"), tmp_path / "comp", **QUICK)


def test_problems_of_the_table_come_first_and_nothing_is_read(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(reading, "read_clips", None)
    table = tmp_path / "clips.csv"
    table.write_text("file,label\nnone.wav,calm\nnone.wav,\n", encoding="utf-8")
    assert main(["train", "own", str(tmp_path), "--table", str(table), "--out", str(tmp_path / "MY")]) == 2
    told = capsys.readouterr().err
    assert "line 2: none.wav is not in" in told and "line 3: its label is empty" in told
    assert "Traceback" not in told and not (tmp_path / "MY").exists()


def test_without_speakers_it_is_told_that_folds_are_of_clips(tmp_path):
    table = words_table(tmp_path / "clips.csv")
    table.write_text("\n".join(line.rpartition(",speaker")[0] + "," + line.rpartition(",")[2] for line in table.read_text().splitlines()))
    told = []
    report = train_own(tmp_path, table, tmp_path / "MY", work=tmp_path / "work", **{**QUICK, "epochs": 1, "notify": told.append})
    assert report["split"]["by"] == "clip" and any("less well than the figures say" in line for line in told)
    assert all(modality in MODALITIES for modality in report["data"]["learnt"])
