"""Data sets as their owners have them: a made-up IEMOCAP and CMU-MOSI, file by file, and what `extract` writes."""

import os
import pickle
from types import SimpleNamespace

import numpy as np
import pytest

from comp_core.benchmark import protocol
from comp_core.benchmark.datasets import folder
from comp_core.benchmark.methods import METHODS
from comp_core.benchmark.protocol import Protocol, train_and_test
from comp_core.cli import main
from comp_core.data.feature_folder import read_folder, read_labels
from comp_core.data.gcnet import LayoutError
from comp_core.jobs.extraction import extract
from comp_core.modalities import MODALITIES
from comp_core.modeling.objectives import Classes, Scores

IEMOCAP = {"audio": "wav2vec-large-c-UTT", "text": "deberta-large-4-UTT", "video": "manet_UTT"}
OPTION = ",".join(f"{m}={name}" for m, name in IEMOCAP.items())
PICKLES = {4: "IEMOCAP_features_raw_4way.pkl", 6: "IEMOCAP_features_raw_6way.pkl"}


class Python2Set:
    """A set as Python 2 has pickled it: called ``__builtin__.set``."""

    def __init__(self, values):
        self.values = values

    def __reduce__(self):
        return set, (sorted(self.values),)


@pytest.fixture
def iemocap(tmp_path):
    """Two pickles of six items in one folder; audio (1, T, D), words (T, 1, D), and a folder of frames of both people for each face."""
    random, root = np.random.default_rng(0), tmp_path / "IEMOCAP"
    videos = [f"Ses0{session}{who}_{scene}" for session in range(1, 6) for who in "FM" for scene in ("impro01", "script02_1")]
    ids = {video: [f"{video}_{who}{i:03d}" for i in range(2) for who in "FM"] for video in videos}
    for name in IEMOCAP.values():
        (root / "features" / name).mkdir(parents=True)
    for row in ids.values():
        for i, utterance in enumerate(row):
            level = float(i)
            np.save(root / "features" / IEMOCAP["audio"] / f"{utterance}.npy", np.full((1, 3, 5), level))
            np.save(root / "features" / IEMOCAP["text"] / f"{utterance}.npy", np.full((4, 1, 6), level))
            faces = root / "features" / IEMOCAP["video"] / utterance
            faces.mkdir()
            speaker = utterance.split("_")[-1][0]
            for who in "FM":
                for frame in range(2):
                    # The speaker's frames say the level, on their mean; the listener's say something else.
                    np.save(faces / f"{utterance}_{who}_{frame}.npy", np.full(7, level + (2 * frame - 1) if who == speaker else 99.0))
    for classes, name in PICKLES.items():
        labels = {video: [np.int64(random.integers(classes)) for _ in row] for video, row in ids.items()}
        labels[videos[0]] = np.arange(4)  # every class of four, and an array
        speakers = {video: [u.split("_")[-1][0] for u in row] for video, row in ids.items()}
        sentences = {video: ["so what"] * len(row) for video, row in ids.items()}
        train = {video for video in videos if not video.startswith("Ses05")}
        items = (ids, labels, speakers, sentences, Python2Set(train), Python2Set(set(videos) - train))
        content = pickle.dumps(items, protocol=2)
        assert b"__builtin__\nset" in content and b"_codecs\nencode" in content
        # numpy as it was called when these files were made.
        (root / name).write_bytes(content.replace(b"numpy._core.", b"numpy.core."))
    return root


def test_iemocap_is_read_as_it_lies_on_disk(iemocap):
    items = read_labels(iemocap / PICKLES[4])
    assert len(items) == 7 and items[5] == [] and isinstance(items[4], set) and len(items[4]) == 16
    dataset = folder(iemocap, IEMOCAP, iemocap / PICKLES[4])
    assert dataset.name == "IEMOCAP_features_raw_4way" and dataset.dims == {"audio": 5, "text": 6, "video": 7}
    assert isinstance(dataset.objective, Classes) and list(dataset.objective.names) == ["0", "1", "2", "3"]
    first = next(c for c in dataset.folds[0]["test"] if c.ids[0].startswith("Ses01F_impro01"))
    assert first.labels.tolist() == [0, 1, 2, 3] and first.labels.dtype == np.int64
    assert first.there.all()
    for values in first.features.values():  # frames were averaged, the listener's left out
        np.testing.assert_allclose(values, np.arange(4)[:, None].repeat(values.shape[1], 1), atol=1e-6)


def test_two_pickles_in_a_folder_are_told_apart(iemocap):
    with pytest.raises(LayoutError, match=r"IEMOCAP_features_raw_4way.pkl, IEMOCAP_features_raw_6way.pkl: say which with --labels FILE"):
        folder(iemocap, IEMOCAP)
    # By its name in the folder, too.
    assert folder(iemocap, IEMOCAP, iemocap.relative_to(iemocap) / PICKLES[6]).name == "IEMOCAP_features_raw_6way"
    with pytest.raises(LayoutError, match=r"5way\.pkl is missing"):
        folder(iemocap, IEMOCAP, iemocap / "IEMOCAP_features_raw_5way.pkl")


def test_sessions_are_the_fifth_character_and_four_of_five_are_trained_on_with_test_selection(iemocap, monkeypatch):
    dataset = folder(iemocap, IEMOCAP, iemocap / PICKLES[4])
    asked = []
    inner = protocol.fit_fusion

    def watched(*arguments, **options):
        asked.append({c.ids[0][4] for c in arguments[2](None)})
        return inner(*arguments, **options)

    monkeypatch.setattr(protocol, "fit_fusion", watched)
    for fold in range(5):
        (tested,) = {c.ids[0][4] for c in dataset.folds[fold]["test"]}
        (valid,) = {c.ids[0][4] for c in dataset.folds[fold]["valid"]}
        for select, at, left_out in (("valid", None, {tested, valid}), ("test", 0.1, {tested})):
            train_and_test(dataset, METHODS["late"], 0, fold, at, Protocol((0.1,), select), 1)
            assert asked.pop() == set("12345") - left_out


def test_an_evil_iemocap_is_refused(iemocap):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(iemocap / "sprung"),)

    (iemocap / PICKLES[4]).write_bytes(pickle.dumps(({}, {}, {}, {}, Python2Set(set()), Trap()), protocol=2))
    with pytest.raises(LayoutError, match="mkdir"):
        folder(iemocap, IEMOCAP, iemocap / PICKLES[4])
    assert not (iemocap / "sprung").exists()


def test_an_utterance_whose_speaker_is_in_no_frame_lacks_the_face(iemocap):
    place = iemocap / "features" / IEMOCAP["video"] / "Ses01F_impro01_F000"
    for path in place.glob("*_F_*.npy"):
        path.unlink()
    found = read_folder(iemocap, IEMOCAP, iemocap / PICKLES[4]).conversations["Ses01F_impro01"]
    assert found.there.tolist() == [[True, True, False], [True] * 3, [True] * 3, [True] * 3]


def test_the_command_reads_iemocap(iemocap, capsys):
    options = ["--models", "late", "--seeds", "1", "--epochs", "1", "--rates", "0.2,0.7", "--no-search", "--out", str(iemocap / "out")]
    named = ["--dataset", str(iemocap), "--labels", PICKLES[4], "--features", OPTION]
    assert main(["benchmark", *named, *options]) == 0
    assert (iemocap / "out" / "IEMOCAP_features_raw_4way.json").is_file()
    assert main(["benchmark", "--dataset", str(iemocap), "--features", OPTION, *options]) == 2
    assert "--labels FILE" in capsys.readouterr().err


def test_cmu_mosi_has_seven_items_and_scores(tmp_path):
    videos = [f"v{i}" for i in range(6)]
    ids = {video: [f"{video}_{i}" for i in range(3)] for video in videos}
    labels = {video: np.array([[-1.5], [0.0], [2.0]], np.float32) for video in videos}
    for name in IEMOCAP.values():
        (tmp_path / "features" / name).mkdir(parents=True)
        for row in ids.values():
            for utterance in row:
                np.save(tmp_path / "features" / name / f"{utterance}.npy", np.zeros((2, 4)))
    blank = dict.fromkeys(videos, "")
    items = [ids, labels, blank, blank, videos[:3], videos[3:4], videos[4:]]
    (tmp_path / "CMUMOSI_features_raw_2way.pkl").write_bytes(pickle.dumps(items, protocol=2))
    dataset = folder(tmp_path, IEMOCAP)
    assert isinstance(dataset.objective, Scores) and not dataset.valid_from_train
    assert [len(dataset.folds[0][split]) for split in ("train", "valid", "test")] == [3, 1, 2]
    np.testing.assert_array_equal(dataset.folds[0]["train"][0].labels, [-1.5, 0.0, 2.0])


class Reader:
    """Stands for the senses: each clip's features are its number."""

    def hear_file(self, path, whole, language):
        number = float(path.stem)
        readings = {m: SimpleNamespace(present=True, feature=np.full(3, number, np.float32)) for m in MODALITIES}
        return (SimpleNamespace(transcript="well", moment=readings),)


def table(path, labels):
    rows = [f"{i}.wav,c{i // 2},x,{label},{split}" for i, (label, split) in enumerate(labels)]
    path.write_text("\n".join(["file,conversation,speaker,label,split", *rows]) + "\n")


SPLITS = ["train"] * 4 + ["valid"] * 2 + ["test"] * 2


@pytest.mark.parametrize(
    ("said", "objective", "back"),
    [
        (["joy", "anger"] * 4, Classes, str),
        (["3", "1"] * 4, Classes, str),
        (["-1.5", "2"] * 4, Scores, float),
    ],
    ids=["names", "numbers", "scores"],
)
def test_what_extract_writes_the_benchmark_reads_and_tells_as_it_was(tmp_path, said, objective, back):
    table(tmp_path / "clips.csv", zip(said, SPLITS, strict=True))
    out = tmp_path / "out"
    names = {m: f"comp-{m}" for m in MODALITIES}
    extract(tmp_path, tmp_path / "clips.csv", out, Reader(), names)
    options = ["--models", "late", "--seeds", "1", "--epochs", "1", "--rates", "0.1", "--no-search", "--out", str(tmp_path / "tables")]
    assert main(["benchmark", "--dataset", str(out), *options]) == 0
    dataset = folder(out, {})
    assert isinstance(dataset.objective, objective)
    for conversation in (c for split in dataset.folds[0].values() for c in split):
        for utterance, label in zip(conversation.ids, conversation.labels, strict=True):
            told = dataset.objective.names[label] if objective is Classes else label
            assert back(said[int(utterance)]) == told
            assert all((values[conversation.ids.index(utterance)] == int(utterance)).all() for values in conversation.features.values())


def test_the_task_says_what_labels_are(tmp_path):
    def read(labels, task):
        table(tmp_path / "clips.csv", zip(labels, SPLITS, strict=True))
        extract(tmp_path, tmp_path / "clips.csv", tmp_path / "out", Reader(), {m: f"comp-{m}" for m in MODALITIES})
        return folder(tmp_path / "out", {}, task=task).objective

    whole = ["-1", "2"] * 4
    assert list(read(whole, None).names) == ["-1", "2"] and isinstance(read(whole, "scores"), Scores)
    assert list(read(["0.0", "1.0"] * 4, "classes").names) == ["0", "1"]
    with pytest.raises(LayoutError, match=r"scores, like 0\.5, and no classes"):
        read(["0.5", "1.0"] * 4, "classes")
    with pytest.raises(LayoutError, match="names, like 'joy', and no scores"):
        read(["joy", "anger"] * 4, "scores")


def test_two_modalities_are_enough_and_the_third_is_never_there(tmp_path):
    table(tmp_path / "clips.csv", zip(["joy", "anger"] * 4, SPLITS, strict=True))
    extract(tmp_path, tmp_path / "clips.csv", tmp_path / "out", Reader(), {m: f"comp-{m}" for m in MODALITIES})
    dataset = folder(tmp_path / "out", {"audio": "comp-audio", "video": "comp-video"})
    assert dataset.given == ["audio", "video"]
    assert all(not c.there[:, 1].any() and c.there[:, [0, 2]].all() for c in dataset.folds[0]["train"])
    with pytest.raises(LayoutError, match="two or more of audio, text, video"):
        folder(tmp_path / "out", {"audio": "comp-audio"})


def test_without_validation_data_every_fifth_training_conversation_is_that(tmp_path):
    splits = ["train"] * 20 + ["test"] * 2
    table(tmp_path / "clips.csv", zip(["joy", "anger"] * 11, splits, strict=True))
    extract(tmp_path, tmp_path / "clips.csv", tmp_path / "out", Reader(), {m: f"comp-{m}" for m in MODALITIES})
    dataset = folder(tmp_path / "out", {})
    assert [len(dataset.folds[0][split]) for split in ("train", "valid", "test")] == [8, 2, 1] and dataset.valid_from_train
