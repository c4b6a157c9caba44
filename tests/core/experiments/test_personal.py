"""The experiment on lessons, on made-up takes and on networks that are not trained."""

import json
from dataclasses import replace

import numpy as np

from comp_core.data.speech import CLASSES, RAVDESS
from comp_core.experiments import personal
from comp_core.experiments.personal import OWN, figures, key_of, lessons
from comp_core.inference.personal import STRENGTH
from comp_core.reports.tables import tables
from comp_core.training.task import Task
from tests.places import ROOT

ACTORS = ("ravdess-01", "ravdess-17")


def made_up(told=1.0):
    """Takes of two actors, each with habits of their own."""
    takes, random = {}, np.random.default_rng(0)
    for actor in ACTORS:
        habits = random.normal(size=(len(CLASSES[RAVDESS]), 12))
        for number, name in enumerate(CLASSES[RAVDESS]):
            for intensity in (1,) if name == "neutral" else (1, 2):
                for sentence in (1, 2):
                    for repetition in (1, 2):
                        feature = told * habits[number] + 0.1 * random.normal(size=12)
                        takes[actor, name, intensity, sentence, repetition] = feature, np.full(7, 1 / 7)
    return takes


def test_the_name_of_a_file_says_who_acts_what():
    assert key_of("03-01-05-02-01-02-07") == ("ravdess-07", "anger", 2, 1, 2)


def test_a_lesson_never_has_a_take_twice():
    takes = made_up()
    found = list(lessons(takes, None, ACTORS, OWN))
    assert len(found) == 2 * 8
    for lesson in found:
        rows = np.concatenate([tries.features for tries in lesson.values()])
        assert len(np.unique(rows, axis=0)) == 3 * len(OWN)


def test_habits_are_learnt_and_chance_is_not():
    learnt, chance = (figures(made_up(told), None, ACTORS, OWN, 0.1) for told in (1.0, 0.0))
    assert learnt["repeat_with"] > 0.95
    assert (learnt["helped"], learnt["harmed"]) == (1.0, 0.0)
    assert chance["fitted_with"] > 0.6  # learnt by heart
    assert chance["repeat_with"] < 0.35


def test_the_report_has_what_the_tables_need(tmp_path, monkeypatch):
    monkeypatch.setattr(personal, "_voices", lambda task, epochs: (made_up(), made_up(0.5), "abc"))
    monkeypatch.setattr(personal, "_faces", lambda task: made_up())
    (tmp_path / "ravdess_au_mfcc.npz").write_bytes(b"units")
    task = Task(tmp_path, tmp_path, tmp_path, tmp_path, 0, "test")
    personal.measure(replace(task, out=tmp_path / "personal.json"))
    report = json.loads((tmp_path / "personal.json").read_text())
    assert (report["choosing_actors"], report["test_actors"]) == ([ACTORS[0]], [ACTORS[1]])
    assert report["weights"] == "abc"
    found = dict(tables(tmp_path))
    assert f"{personal.STRENGTH:g}, in use" in found["personal"]
    assert "voice, seven labels" in found["personal_test"]


def test_of_ridges_that_are_as_good_the_strongest_is_chosen():
    found = {
        "0.1": {"changed_with": 0.80, "changed_error": 0.02},
        "1.0": {"changed_with": 0.79, "changed_error": 0.1},
        "10.0": {"changed_with": 0.7, "changed_error": 0.2},
    }
    assert personal.strongest(found) == 1.0


def test_the_strength_in_use_is_the_one_that_the_committed_report_chose():
    report = json.loads((ROOT / "assets" / "reports" / "personal.json").read_text(encoding="utf-8"))
    assert report["strength"] == report["chosen"] == STRENGTH
