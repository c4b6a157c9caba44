"""Feature folders in the GCNet layout, as IEMOCAP and CMU-MOSI are passed round, made up here."""

import os
import pickle
import struct
import subprocess
import sys

import numpy as np
import pytest

from comp_core.benchmark.datasets import folder
from comp_core.cli import main
from comp_core.data.conversations import batch_of
from comp_core.data.feature_folder import read_folder, read_labels
from comp_core.data.gcnet import LayoutError
from comp_core.modeling.objectives import Classes, Scores

FEATURES = {"audio": "wave", "text": "words", "video": "faces"}
DIMS = {"wave": 3, "words": 4, "faces": 5}


def write(path, names, label, frames=("faces",), without=()):
    """Two utterances by two speakers in each conversation; features are all the label."""
    random = np.random.default_rng(0)
    ids = {name: [f"{name}_F000", f"{name}_M000"] for name in names}
    labels = {name: [label(random) for _ in row] for name, row in ids.items()}
    for name, row in ids.items():
        for utterance, value in zip(row, labels[name], strict=True):
            for feature, dim in DIMS.items():
                (path / "features" / feature).mkdir(parents=True, exist_ok=True)
                if (utterance, feature) not in without:
                    values = np.full((4, dim) if feature in frames else dim, float(value))
                    np.save(path / "features" / feature / f"{utterance}.npy", values)
    speakers, sentences = (dict.fromkeys(names, pair) for pair in (["F", "M"], ["hello", "bye"]))
    third = len(names) // 3
    splits = [set(names[:third]), set(names[third : 2 * third]), set(names[2 * third :])]
    (path / "labels.pkl").write_bytes(pickle.dumps([ids, labels, speakers, sentences, *splits]))
    return labels


def relabel(path, item, value):
    """Put something else in the place of one of the seven items."""
    items = pickle.loads((path / "labels.pkl").read_bytes())
    items[item] = value
    (path / "labels.pkl").write_bytes(pickle.dumps(items))


def claims_to_hold(count):
    """The start of an array that would need eight times that many bytes."""
    header = str({"descr": "<f8", "fortran_order": False, "shape": (count,)}).encode().ljust(117) + b"\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header


def test_scores_are_split_as_the_labels_say(tmp_path):
    labels = write(tmp_path, [f"video{i}" for i in range(6)], lambda r: r.uniform(-3, 3))
    dataset = folder(tmp_path, FEATURES)
    assert isinstance(dataset.objective, Scores)
    assert dataset.dims == {"audio": 3, "text": 4, "video": 5}
    (fold,) = dataset.folds
    assert [len(fold[split]) for split in ("train", "valid", "test")] == [2, 2, 2]
    first = fold["train"][0]
    assert first.ids == ("video0_F000", "video0_M000")
    for values in first.features.values():  # frames were averaged
        np.testing.assert_allclose(values, np.array(labels["video0"])[:, None].repeat(values.shape[1], 1), rtol=1e-6)


def test_iemocap_is_five_folds_by_session(tmp_path):
    names = [f"Ses0{session}F_impro{i:02d}" for session in range(1, 6) for i in range(3)]
    write(tmp_path, names, lambda r: int(r.integers(4)))
    dataset = folder(tmp_path, FEATURES)
    assert isinstance(dataset.objective, Classes) and dataset.objective.outputs <= 4
    assert len(dataset.folds) == 5
    tested = []
    for fold in dataset.folds:
        session = {split: {c.ids[0][:5] for c in fold[split]} for split in fold}
        assert len(session["test"]) == len(session["valid"]) == 1 and len(session["train"]) == 3
        assert session["test"].isdisjoint(session["valid"] | session["train"])
        tested += session["test"]
    assert sorted(tested) == [f"Ses0{i}" for i in range(1, 6)]


def test_what_has_no_file_is_not_observed(tmp_path):
    write(tmp_path, [f"v{i}" for i in range(3)], lambda r: r.uniform(-3, 3), without={("v0_M000", "words")})
    batch = batch_of([read_folder(tmp_path, FEATURES).conversations["v0"]])
    assert batch.conversations.observed[0].tolist() == [[True, True, True], [True, False, True]]
    assert (batch.recorded == batch.conversations.observed).all()


def test_a_pickle_that_would_run_code_is_refused(tmp_path):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "sprung"),)

    path = tmp_path / "labels.pkl"
    path.write_bytes(pickle.dumps([{}, {}, {}, {}, [], [], Trap()]))
    with pytest.raises(LayoutError, match="mkdir"):
        read_labels(path)
    assert not (tmp_path / "sprung").exists()


def test_arrays_and_numpy_numbers_in_labels_are_read(tmp_path):
    path = tmp_path / "labels.pkl"
    items = [{"v": ["u"]}, {"v": np.array([1.5])}, {"v": ["F"]}, {"v": ["hi"]}, ["v"], [], [np.str_("w")]]
    path.write_bytes(pickle.dumps([*items[:1], {"v": [np.float32(1.5)]}, *items[2:]]))
    assert read_labels(path)[1]["v"][0] == 1.5
    path.write_bytes(pickle.dumps(items))
    assert read_labels(path)[1]["v"] == [1.5]


class Reduced:
    """Is pickled as a call, with a state for what the call gives."""

    def __init__(self, *reduced):
        self.reduced = reduced

    def __reduce__(self):
        return self.reduced


# Eight bytes at a place of the sender's choice, which numpy is told to take for a pointer to an object.
HIDDEN = Reduced(np.dtype, ("V8", False, True), (3, "|", None, ("a",), {"a": (np.dtype("O"), 0)}, 8, 1, 0))
POINTER = Reduced(np.array([0]).__reduce__()[0], (np.ndarray, (0,), b"b"), (1, (1,), HIDDEN, False, b"A" * 8))


def test_a_pickle_that_passes_bytes_off_as_an_object_is_refused_and_kills_nothing(tmp_path):
    write(tmp_path, [f"v{i}" for i in range(3)], lambda r: 1.0)
    relabel(tmp_path, 1, dict.fromkeys(("v0", "v1", "v2"), POINTER))
    script = f"""
from pathlib import Path
from comp_core.data.feature_folder import read_folder
read_folder(Path({str(tmp_path)!r}), {FEATURES})
"""
    child = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert child.returncode == 1
    assert child.stderr.splitlines()[-1].startswith("comp_core.data.gcnet.LayoutError")
    assert "numbers and strings" in child.stderr


PLAIN = [
    *(
        np.array([[0, 1], [1, 0], [1, 1]], kind)
        for kind in ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?", "<U3", "S2")
    ),
    np.array([1.5, -2.0], ">f4"),
    np.array([], np.float32),
    np.asfortranarray([[1, 2, 3], [4, 5, 6]]),
    np.array(["anger", "joy"], object),
    *(kind(1) for kind in (np.float16, np.float32, np.float64, np.int8, np.int64, np.uint64, np.bool_, np.str_)),
]


@pytest.mark.parametrize("renamed", [False, True])
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_plain_arrays_and_sets_of_every_protocol_and_numpy_are_read(tmp_path, protocol, renamed):
    path = tmp_path / "labels.pkl"
    content = pickle.dumps([{}, {}, {}, {"v": PLAIN}, {"v"}, frozenset("w"), []], protocol)
    if renamed:
        # The other of the two names that numpy has had.
        if protocol > 3:
            pytest.skip("its names have their lengths before them")
        here, there = (b"numpy._core.", b"numpy.core.") if b"numpy._core." in content else (b"numpy.core.", b"numpy._core.")
        content = content.replace(here, there)
    path.write_bytes(content)
    *_, read, train, valid, _ = read_labels(path)
    assert read["v"] == [value.tolist() for value in PLAIN]
    assert (train, valid) == ({"v"}, {"w"})


@pytest.mark.parametrize(
    "value",
    [
        np.zeros(1, "V8"),
        np.zeros(1, [("a", "f4")]),
        np.zeros(1, "datetime64[s]"),
        Reduced(np.array([0]).__reduce__()[0], (np.ndarray, (0,), b"b"), (1, (2**40,), np.dtype("f8"), False, b"A" * 8)),
        Reduced(np.array([0]).__reduce__()[0], (np.ndarray, (0,), b"b"), (1, (2,), np.dtype("O"), False, b"A" * 16)),
        Reduced(np.float64(0).__reduce__()[0], (np.dtype("O"), b"A" * 8)),
    ],
)
def test_other_kinds_of_arrays_are_refused(tmp_path, value):
    (tmp_path / "labels.pkl").write_bytes(pickle.dumps([{}, {"v": value}, {}, {}, [], [], []]))
    with pytest.raises(LayoutError, match="cannot be read as labels"):
        read_labels(tmp_path / "labels.pkl")


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda path: (path / "labels.pkl").unlink(), "one label pickle"),
        (lambda path: (path / "labels.pkl").write_bytes(b"nothing"), "cannot be read"),
        (lambda path: (path / "labels.pkl").write_bytes(pickle.dumps([1, 2])), "seven items"),
        (lambda path: (path / "features" / "words").rename(path / "features" / "texts"), "texts"),
        (lambda path: np.save(path / "features" / "words" / "v0_F000.npy", np.zeros(9)), "one size"),
        (lambda path: (path / "features" / "words" / "v0_F000.npy").write_bytes(b""), "cannot be read as an array"),
        (lambda path: (path / "features" / "words" / "v0_F000.npy").write_bytes(claims_to_hold(2**40)), "cannot be read as an array"),
        (
            lambda path: np.save(path / "features" / "words" / "v0_F000.npy", np.array([{}]), allow_pickle=True),
            "cannot be read as an array",
        ),
        (lambda path: relabel(path, 0, {"v0": ["../../other"], "v1": ["u"], "v2": ["u"]}), "named like their files"),
        (lambda path: relabel(path, 0, {"v0": ["u" * 300], "v1": ["u"], "v2": ["u"]}), "named like their files"),
        (lambda path: relabel(path, 0, {"v0": 3}), "named like their files"),
        # The reader of pickles would make room for 200 million values.
        (lambda path: (path / "labels.pkl").write_bytes(b"\x80\x02]r\xff\xff\xff\x0b."), "no pickle of its size"),
        (lambda path: relabel(path, 1, {}), "no labels for conversation"),
        (lambda path: relabel(path, 1, dict.fromkeys(("v0", "v1", "v2"), 1.0)), "2 utterances and 1 labels"),
        (lambda path: relabel(path, 1, {key: [1.0, "joy"] for key in ("v0", "v1", "v2")}), "all numbers or all names"),
        (lambda path: relabel(path, 1, {key: ["", "joy"] for key in ("v0", "v1", "v2")}), "an utterance has no label"),
        (lambda path: relabel(path, 1, {key: [1.0, float("nan")] for key in ("v0", "v1", "v2")}), "not finite"),
        (lambda path: np.save(path / "features" / "words" / "v0_F000.npy", np.full(4, np.inf)), "not finite"),
        (lambda path: np.save(path / "features" / "words" / "v0_F000.npy", np.zeros((2, 3, 4))), r"should be \(D,\)"),
        (lambda path: relabel(path, 6, ["v9"]), "v9 is in a split"),
        (lambda path: relabel(path, 6, 3), "cannot be read as labels"),
        (lambda path: (path / "labels.pkl").write_bytes(b"\x80\x04\x8d" + b"\xff" * 7 + b"\x7f."), "cannot be read"),
    ],
)
def test_what_is_wrong_with_a_folder_is_said(tmp_path, damage, told):
    write(tmp_path, [f"v{i}" for i in range(3)], lambda r: r.uniform(-3, 3))
    damage(tmp_path)
    with pytest.raises(LayoutError, match=told):
        folder(tmp_path, FEATURES)


def test_names_of_features_must_be_given(tmp_path):
    write(tmp_path, [f"v{i}" for i in range(3)], lambda r: r.uniform(-3, 3))
    with pytest.raises(LayoutError, match="faces, wave, words"):
        folder(tmp_path, {"audio": "wave"})


def test_the_command_reads_a_folder(tmp_path, capsys):
    write(tmp_path / "data", [f"Ses0{s}F_{i}" for s in range(1, 6) for i in range(2)], lambda r: int(r.integers(2)))
    names = ",".join(f"{m}={name}" for m, name in FEATURES.items())
    options = ["--models", "late", "--seeds", "1", "--epochs", "1", "--rates", "0.2,0.5"]
    assert main(["benchmark", "--dataset", str(tmp_path / "data"), "--features", names, "--out", str(tmp_path / "out"), *options]) == 0
    assert "late fusion" in capsys.readouterr().out
    assert (tmp_path / "out" / "data.json").is_file()
