"""The suite of the obvious: its sentences, and what the committed senses must never get wrong."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from comp_core.cli import main
from comp_core.data.obvious import (
    AMBIVALENT,
    EVERYDAY,
    PARTS,
    SENTENCES,
    ObviousError,
    Sentence,
    every_sentence,
    load_everyday,
    load_sentences,
    normalised,
    trained_on,
)
from comp_core.experiments.obvious import Answered, answer_sentences, readable, report
from comp_core.modalities import LABELS, TEXT
from comp_core.predictor import Predictor
from comp_core.support.assets import ASSETS
from comp_core.support.checkpoint import WEIGHTS_DIR, sha256_of
from comp_core.training.texts import unpunctuated

# Set it to the folder of the corpora to look for the sentences in the training texts.
DATA = os.environ.get("AFFECT_DATA")
# Well below what the committed weights reach on the part that may be looked at.
FLOOR = {TEXT: 0.6, "comp": 0.55}


@pytest.fixture(scope="module")
def sentences() -> list[Sentence]:
    return load_sentences()


@pytest.fixture(scope="module")
def answered() -> list[Answered]:
    """What the committed weights say to the part that may be looked at."""
    return list(answer_sentences(Predictor.load(device="cpu"), WEIGHTS_DIR, "choose"))


def test_every_label_has_enough_sentences_of_every_kind(sentences: list[Sentence]) -> None:
    assert Counter(row.label for row in sentences)[AMBIVALENT] == 30
    for label in LABELS:
        own = [row for row in sentences if row.label == label]
        assert len(own) >= 50
        kinds = Counter((row.length, row.negation) for row in own)
        assert len(kinds) == 6 and min(kinds.values()) >= 4, label
        assert 20 <= sum(row.negation == "yes" for row in own) <= 26, label
        marks = Counter(row.punctuation for row in own)
        # A neutral sentence does not exclaim.
        assert min(marks[mark] for mark in ("stop", "question", "none")) >= 7, label
        assert marks["exclamation"] >= 7 or label == "neutral", label
        assert sum(unpunctuated(row.sentence) == row.sentence.lower() for row in own) >= 10, label


def test_parts_are_halves_of_every_kind(sentences: list[Sentence]) -> None:
    kinds = Counter((row.label, row.length, row.negation, row.part) for row in sentences)
    for label, length, negation, _ in kinds:
        first, second = (kinds[label, length, negation, part] for part in PARTS)
        assert abs(first - second) <= 1


def test_no_sentence_is_there_twice(sentences: list[Sentence]) -> None:
    assert [text for text, count in Counter(map(normalised, every_sentence())).items() if count > 1] == []


def test_everyday_sentences_are_as_many_of_each_label() -> None:
    assert Counter(label for _, label in load_everyday()) == dict.fromkeys(LABELS, 30)


def test_a_changed_part_is_refused(tmp_path: Path) -> None:
    changed = tmp_path / "sentences.tsv"
    changed.write_text(SENTENCES.read_text(encoding="utf-8").replace("\ttest\t", "\tchoose\t", 1), encoding="utf-8")
    with pytest.raises(ObviousError, match="fixed"):
        load_sentences(changed)


def _corpora(folder: Path, text: str) -> Path:
    """Made-up corpora, one of whose training texts is ``text``."""
    (folder / "text").mkdir()
    (folder / "text" / "goemotions_ekman_labels.txt").write_text("\n".join(sorted(LABELS)), encoding="utf-8")
    header = "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID\n"
    for split in ("train", "dev", "test"):
        (folder / "text" / f"goemotions_ekman_{split}.tsv").write_text(f"{text if split == 'train' else 'x'}\t0\ta\n", encoding="utf-8")
        (folder / "text" / f"meld_{split}_sent_emo.csv").write_text(f"{header}1,y,A,joy,positive,0,0\n", encoding="utf-8")
    return folder


def test_a_sentence_in_the_training_texts_is_found_however_it_is_written(tmp_path: Path, sentences: list[Sentence]) -> None:
    chosen = next(row.sentence for row in sentences if "'" in row.sentence)
    data = _corpora(tmp_path, chosen.upper().replace("'", "\u2019") + " !")
    assert trained_on([row.sentence for row in sentences], data) == [chosen]


def test_the_command_refuses_sentences_that_were_trained_on(tmp_path: Path, sentences: list[Sentence], capsys) -> None:
    data = _corpora(tmp_path, sentences[0].sentence)
    assert main(["experiment", "obvious", "--models", "", "--data", str(data)]) == 2
    assert "prove nothing" in capsys.readouterr().err


@pytest.mark.skipif(DATA is None, reason="AFFECT_DATA does not name the folder of the corpora")
def test_nobody_trains_on_the_sentences(sentences: list[Sentence]) -> None:
    assert trained_on(every_sentence(), Path(DATA)) == []


def test_the_committed_weights_keep_above_the_floor(answered: list[Answered]) -> None:
    measured = [one for one in answered if one.group[0] == "sentences"]
    assert len(measured) == 4
    for one in measured:
        assert one.figures()["accuracy"] > FLOOR[one.who], one.group


def test_every_sentence_is_read_in_both_forms(answered: list[Answered]) -> None:
    assert all(len(one.items) == one.asked for one in answered)
    assert {one.group[0] for one in answered} == {"sentences", AMBIVALENT}
    assert {one.group[2] for one in answered} == {"as_written", "unpunctuated"}


def _answer(labels: tuple[str, ...], said: list[tuple[str, float]], part: str = "choose") -> Answered:
    probabilities = np.array([[p if label == best else (1 - p) / 6 for label in LABELS] for best, p in said])
    items = tuple(row.sentence for row in load_sentences()[: len(labels)])
    return Answered("words", ("sentences", part, "as_written"), items, labels, probabilities, 0.4, len(labels))


def test_figures_tell_recall_confusion_and_what_is_laughable() -> None:
    one = _answer(
        ("joy", "joy", "fear", "anger", "sadness"), [("joy", 0.9), ("anger", 0.6), ("joy", 0.45), ("disgust", 0.9), ("sadness", 0.3)]
    )
    found = one.figures()
    assert found["recall"] == {"joy": 0.5, "sadness": 1.0, "anger": 0.0, "fear": 0.0}
    assert found["confusion"]["joy"] == {"joy": 1, "anger": 1}
    assert (found["not_sure"], found["wrong_and_sure"], found["laughable"]) == (0.2, 0.6, 1)
    assert [(error["said"], error["laughable"]) for error in one.errors()] == [("disgust", False), ("anger", True), ("joy", False)]


def test_ambivalent_is_right_where_nothing_is_claimed() -> None:
    found = _answer((AMBIVALENT,) * 4, [("joy", 0.9), ("joy", 0.3), ("neutral", 0.9), ("anger", 0.8)]).figures()
    assert (found["right"], found["not_sure"], found["said"]["joy"]) == (0.5, 0.25, 2)


def test_errors_of_the_test_part_are_counted_but_not_listed() -> None:
    ones = [_answer(("joy",), [("anger", 0.9)], part) for part in PARTS]
    found = report(ones, WEIGHTS_DIR)
    assert [found["metrics"]["sentences"][part]["as_written"]["words"]["laughable"] for part in PARTS] == [1, 1]
    assert [row["group"] for row in found["laughable"]] == ["sentences/choose/as_written"]
    (item,) = ones[0].items
    assert item not in readable(ones, None)
    assert f"!! joy      -> anger     90%  {item}" in readable(ones, "choose")


def test_the_command_writes_its_report(tmp_path: Path, capsys) -> None:
    out = tmp_path / "obvious.json"
    assert main(["experiment", "obvious", "--models", "", "--out", str(out)]) == 0
    found = json.loads(out.read_text(encoding="utf-8"))
    assert set(found["metrics"]["sentences"]) == set(PARTS)
    assert set(found["metrics"]["sentences"]["test"]["as_written"]) == set(found["metrics"]["everyday"]["test"]["as_written"]) == {TEXT}
    assert "sentences/choose/as_written" in capsys.readouterr().err


def test_the_report_is_of_the_sentences_and_weights_that_are_here() -> None:
    found = json.loads((ASSETS / "reports" / "obvious.json").read_text(encoding="utf-8"))
    assert (found["sentences"], found["everyday"]) == (sha256_of(SENTENCES), sha256_of(EVERYDAY))
    assert found["weights"] == {name: sha256_of(WEIGHTS_DIR / f"{name}.safetensors") for name in ("comp", "face", "prlf", "voice", "words")}
