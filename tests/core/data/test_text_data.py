"""The loaders of text corpora, on made-up files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from comp_core.data.text import LabelledTexts, load_goemotions, load_meld_dialogues, meld_texts
from comp_core.modalities import LABELS
from comp_core.training.minilm import build_tokenizer
from comp_core.training.texts import BATCH, as_recognised, noisy_batches, unpunctuated
from comp_core.training.words_folds import FOLDS, fold_of

MELD = """Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime
1,"Oh no, he\u2019s lost it.",Phoebe,sadness,negative,3,0,4,7,"00:20:57,256","00:21:00,049"
2,What?,Monica,surprise,negative,3,2,4,7,"00:21:01,927","00:21:03,261"
3,"He said \u201cgo\u201d\u2026",Phoebe,neutral,neutral,3,1,4,7,"00:21:01,927","00:21:03,261"
4,You\x92re great!,Ross,joy,positive,5,0,4,4,"00:12:32,334","00:12:33,960"
"""
GOEMOTIONS = 'So "good\t3\ta1\nI\u2019m sorry\t5\ta2\nLove it, wow\t3,6\ta3\n'
ALPHABETICAL = "anger\ndisgust\nfear\njoy\nneutral\nsadness\nsurprise"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "text"
    folder.mkdir()
    (folder / "meld_dev_sent_emo.csv").write_text(MELD, encoding="utf-8")
    (folder / "goemotions_ekman_labels.txt").write_text(ALPHABETICAL, encoding="utf-8")
    (folder / "goemotions_ekman_train.tsv").write_text(GOEMOTIONS, encoding="utf-8")
    return tmp_path


def test_meld_comes_as_dialogues_in_spoken_order(data: Path) -> None:
    first, second = load_meld_dialogues(data, "valid")
    assert (first.number, second.number) == (3, 5)
    assert [u.number for u in first.utterances] == [0, 1, 2]
    assert [u.speaker for u in first.utterances] == ["Phoebe", "Phoebe", "Monica"]
    assert [LABELS[u.label] for u in first.utterances] == ["sadness", "neutral", "surprise"]


def test_meld_quotes_are_plain(data: Path) -> None:
    texts = meld_texts(load_meld_dialogues(data, "valid")).texts
    assert texts == ("Oh no, he's lost it.", 'He said "go"...', "What?", "You're great!")


def test_goemotions_labels_are_put_in_our_order_and_shared(data: Path) -> None:
    part = load_goemotions(data, "train")
    assert part.texts == ('So "good', "I'm sorry", "Love it, wow")
    assert [LABELS[i] for i in part.single().labels] == ["joy", "sadness"]
    np.testing.assert_array_equal(part.targets[2, [LABELS.index("joy"), LABELS.index("surprise")]], [0.5, 0.5])
    np.testing.assert_array_equal(part.targets.sum(1), 1)


def test_a_missing_corpus_is_said(data: Path) -> None:
    with pytest.raises(FileNotFoundError, match="--data must name"):
        load_meld_dialogues(data, "test")


def test_unpunctuated_keeps_apostrophes_and_never_empties() -> None:
    assert unpunctuated("Oh, I'm FINE -- really!") == "oh i'm fine really"
    assert unpunctuated("?!") == "?!"


def test_noise_loses_and_swaps_words_but_never_all() -> None:
    random = np.random.default_rng(0)
    text = "One, two, three, four, five, six!"
    heard = [as_recognised(text, random, ["noise"]) for _ in range(300)]
    assert text in heard
    assert unpunctuated(text) in heard
    assert any("noise" in h for h in heard)
    assert any(len(h.split()) < 6 for h in heard)
    assert all(h for h in (as_recognised("No", random, ["noise"]) for _ in range(300)))


def test_batches_mix_corpora_and_hold_each_drawn_row_once() -> None:
    tokenizer = build_tokenizer(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *map(str, range(10))], 16)
    first = LabelledTexts(tuple("1 " * (1 + i % 5) for i in range(100)), np.eye(7, dtype=np.float32)[np.arange(100) % 7])
    second = LabelledTexts(("2",) * 40, np.eye(7, dtype=np.float32)[np.full(40, 3)])
    batches, steps = noisy_batches(tokenizer, {"a": first, "b": second}, {"a": 60, "b": 99}, np.random.default_rng(0))
    for epoch in range(2):
        drawn = list(batches(epoch))
        assert len(drawn) == steps == 2
        corpus = torch.cat([batch[3] for batch in drawn])
        assert corpus.bincount().tolist() == [60, 40]
        for tokens, mask, targets, own in drawn:
            assert tokens.shape == mask.shape
            assert len(tokens) == len(targets) == len(own) <= BATCH
            assert mask.any(0).all(), "a batch is no longer than its longest text"
            assert (targets[own == 1].argmax(1) == 3).all()


def test_folds_part_the_dialogues(data: Path) -> None:
    folds = [fold_of(dialogue) for dialogue in load_meld_dialogues(data, "valid")]
    assert all(0 <= fold < FOLDS for fold in folds)
