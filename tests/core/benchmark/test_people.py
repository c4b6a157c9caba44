"""CREMA-D's votes as a data set: people as senses."""

import json

import numpy as np
import pytest

from comp_core.benchmark.datasets import DATASETS
from comp_core.benchmark.reference import logistic_regression
from comp_core.cli import main
from comp_core.data.cremad_people import VotesError, load_people
from comp_core.reports.protocol_tables import differences_table, indices_table, people_table, realised_table

LABELS = ["neutral", "joy", "sadness", "anger", "fear", "disgust"]


@pytest.fixture
def votes(tmp_path):
    """Ten actors; the face is right about what people say with both, the voice says neutral of anything but anger."""
    random = np.random.default_rng(0)
    clips = [f"{1001 + actor}_DFA_{label[:3].upper()}_{i:02d}" for actor in range(10) for label in LABELS for i in range(4)]
    truth = np.tile(np.repeat(np.arange(6), 4), 10)
    shown = {"voice": np.where(truth == 3, 3, 0), "face": truth, "both": truth}
    counts = np.zeros((len(clips), 3, 6), np.uint8)
    for column, name in enumerate(shown):
        for row, label in enumerate(shown[name]):
            counts[row, column, label] = 6
            counts[row, column, random.integers(6)] += 2
    np.savez(tmp_path / "cremad_votes.npz", votes=counts, clip=np.array(clips), condition=np.array(list(shown)), label=np.array(LABELS))
    return tmp_path


def test_votes_are_shares_and_the_label_is_what_people_say_with_both(votes):
    people, classes = load_people(votes)
    assert classes == LABELS and sorted(people) == [str(1001 + i) for i in range(10)]
    clip = people["1003"][-1]
    assert clip.ids[0].startswith("1003_DFA_DIS") and clip.labels.tolist() == [5]
    np.testing.assert_allclose([clip.features[m].sum() for m in ("audio", "video")], 1, rtol=1e-6)
    assert clip.features["audio"].argmax() == 0 and clip.features["video"].argmax() == 5


def test_single_raters_are_drawn_as_they_voted_and_the_same_each_time(votes):
    found = [load_people(votes, single=True)[0] for _ in range(2)]
    rows, again = ([c.features["video"][0] for clips in people.values() for c in clips] for people in found)
    assert (np.array(rows) == np.array(again)).all() and set(np.array(rows).sum(1)) == {1.0}
    right = np.mean([c.features["video"][0].argmax() == c.labels[0] for clips in found[0].values() for c in clips])
    assert 0.7 < right < 0.9  # six votes of eight, and a sixth of the other two


def test_folds_are_by_actor_and_a_linear_model_stands_beside(votes):
    dataset = DATASETS["cremad-people"](votes, votes)
    assert dataset.given == ("audio", "video") and len(dataset.folds) == 5
    for fold in dataset.folds:
        actors = [{dataset.unit(c.ids[0]) for c in fold[split]} for split in ("train", "valid", "test")]
        assert len(set.union(*actors)) == sum(map(len, actors)) == 10
    linear = logistic_regression(dataset)
    assert linear["only AV"]["accuracy"] > 0.95 and linear["only V"]["uar"] > 0.95 and 0.3 <= linear["only A"]["accuracy"] <= 0.4


def test_without_the_votes_it_is_said_where_they_should_be(tmp_path):
    with pytest.raises(VotesError, match=r"cremad_votes\.npz is missing: point --data"):
        load_people(tmp_path)


def test_the_command_makes_a_report_and_its_tables(votes, capsys):
    options = ["--models", "comp,late,late-context", "--seeds", "2", "--epochs", "1", "--no-search", "--out", str(votes / "out")]
    assert main(["benchmark", "--dataset", "cremad-people", "--data", str(votes), *options]) == 0
    report = json.loads((votes / "out" / "cremad-people.json").read_text())
    assert report["rates"] == [0.1, 0.2, 0.3, 0.4, 0.5] and report["test_units"] == 10
    rows = people_table(report).splitlines()
    assert len(rows) == 6 and rows[-1].startswith("| logistic regression") and rows[0].count("|") == 6
    assert "late fusion with context and late fusion" in differences_table(report) and " to " in differences_table(report)
    assert "as configured 10" in indices_table(report)
    name, *shares = realised_table(report).splitlines()[-1].strip("| ").split(" | ")
    assert name == "all"
    np.testing.assert_allclose([float(share) for share in shares], [10, 20, 30, 40, 50], atol=0.5)  # a fold has 48 clips
