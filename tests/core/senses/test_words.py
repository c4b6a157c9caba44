"""The words sense: text in, feature or reason out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from comp_core.data.obvious import every_sentence
from comp_core.data.text import load_plain
from comp_core.modalities import LABELS, LIVE
from comp_core.senses.reading import NO_WORDS
from comp_core.senses.words.network import WordsNet, WordsNetConfig
from comp_core.senses.words.sense import TOKENIZER, UNKNOWN_WORDS, WordsSense, load_words_net
from comp_core.senses.words.tokens import encode, has_words, load_tokenizer, plain_punctuation, whole_characters
from comp_core.support.checkpoint import CheckpointError, save_checkpoint
from comp_core.training.lessons import lessons, taught
from comp_core.training.minilm import build_tokenizer
from comp_core.training.texts import unpunctuated

PIECES = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "i", "am", "so", "happy", "sad", "##ly", "!", ".", "'", "\U0001f602")
TINY = WordsNetConfig(len(PIECES), width=16, layers=2, heads=2, inner=24, positions=12, feature_dim=6)


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A folder with the three files of an untrained words sense."""
    torch.manual_seed(0)
    save_checkpoint(tmp_path / "words", "words", WordsNet(TINY), TINY, {})
    build_tokenizer(PIECES, TINY.positions).save(str(tmp_path / TOKENIZER))
    return tmp_path


@pytest.fixture(scope="module")
def committed() -> WordsSense:
    return WordsSense.load()


def test_feature_has_the_stated_size(tiny: Path) -> None:
    sense = WordsSense.load(tiny)
    reading = sense.read("I am so happy!")
    assert reading.present
    assert reading.feature.shape == (sense.feature_dim,) == (6,)
    assert reading.feature.dtype == np.float32
    assert (reading.feature >= 0).all()
    assert reading.quality == 1


@pytest.mark.parametrize("text", ["", "   \n", "...", "?! -", "\u2026"])
def test_nothing_to_read_is_no_words(tiny: Path, text: str) -> None:
    assert WordsSense.load(tiny).read(text).absent_because == NO_WORDS


@pytest.mark.parametrize("text", ["a", "7", "\U0001f602", "\u00e9t\u00e9"])
def test_letters_digits_and_emoji_are_words(text: str) -> None:
    assert has_words(text)


def test_halves_of_characters_are_no_words_and_do_no_harm(tiny: Path) -> None:
    """JSON can carry them, and so can file names; nothing can write them."""
    assert whole_characters("so \ud800happy\udfff \U0001f602") == "so ?happy? \U0001f602"
    assert not has_words("\ud800")
    sense = WordsSense.load(tiny)
    np.testing.assert_array_equal(sense.read("happy \ud800").feature, sense.read("happy ?").feature)


@pytest.mark.parametrize(
    "damage",
    [
        lambda record: record["model"]["vocab"].pop("[UNK]"),
        lambda record: record["post_processor"]["special_tokens"].pop("[CLS]"),
    ],
)
def test_a_tokenizer_that_fails_only_when_it_is_used_is_refused(tiny: Path, damage: Callable) -> None:
    path = tiny / TOKENIZER
    record = json.loads(path.read_text(encoding="utf-8"))
    damage(record)
    path.write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(CheckpointError, match="not a tokenizer"):
        load_tokenizer(path)


def test_words_of_another_script_are_absent_with_a_reason(tiny: Path) -> None:
    assert WordsSense.load(tiny).read("\u0441\u0447\u0430\u0441\u0442\u044c\u0435").absent_because == UNKNOWN_WORDS


def test_quality_is_the_share_of_known_pieces(tiny: Path) -> None:
    assert WordsSense.load(tiny).read("i am zzz qqq").quality == pytest.approx(0.5)


def test_typeset_quotes_read_as_plain_ones(tiny: Path) -> None:
    assert plain_punctuation("I\u2019m \u201cfine\u201d\u2026\x92") == "I'm \"fine\"...'"
    sense = WordsSense.load(tiny)
    np.testing.assert_array_equal(sense.read("i\u2019am").feature, sense.read("i'am").feature)


def test_every_emoji_is_its_own_word_whatever_its_skin() -> None:
    laughing, thumb, dark = "\U0001f602", "\U0001f44d", "\U0001f3fd"
    tokenizer = build_tokenizer([*PIECES, thumb], 12)
    assert tokenizer.encode("happy" + laughing + laughing + thumb + dark).tokens[1:-1] == ["happy", laughing, laughing, thumb]


def test_feature_does_not_depend_on_neighbours_in_the_batch(tiny: Path) -> None:
    net, tokenizer = load_words_net(tiny / "words"), load_tokenizer(tiny / TOKENIZER)
    alone, _ = net(*encode(tokenizer, ["sad"]))
    together, logits = net(*encode(tokenizer, ["i am so happy . i am so happy", "sad", "happily"]))
    torch.testing.assert_close(together[1], alone[0])
    assert set(logits) == {LIVE, "goemotions", "meld"}
    assert logits["meld"].shape == (3, len(LABELS))


def test_padding_beyond_the_mask_is_never_read(tiny: Path) -> None:
    net, tokenizer = load_words_net(tiny / "words"), load_tokenizer(tiny / TOKENIZER)
    tokens, mask = encode(tokenizer, ["sad", "i am so happy"])
    other = torch.where(mask, tokens, torch.full_like(tokens, PIECES.index("happy")))
    torch.testing.assert_close(net(other, mask)[0], net(tokens, mask)[0])


def test_order_of_words_matters(tiny: Path) -> None:
    sense = WordsSense.load(tiny)
    assert not np.allclose(sense.read("i am happy").feature, sense.read("happy am i").feature)


def test_long_text_is_read_by_its_head(tiny: Path) -> None:
    sense = WordsSense.load(tiny)
    head = "i am so happy . i am so sad . "
    long = (head + "sad " * 5000)[:10_000]
    np.testing.assert_allclose(sense.read(long).feature, sense.read(head + "happy happy").feature, atol=1e-6)
    assert encode(load_tokenizer(tiny / TOKENIZER), [long])[0].shape == (1, TINY.positions)


def test_checkpoint_round_trip(tiny: Path) -> None:
    net = load_words_net(tiny / "words")
    save_checkpoint(tiny / "again", "words", net, net.config, {})
    again = load_words_net(tiny / "again")
    assert again.config == TINY
    tokens = encode(load_tokenizer(tiny / TOKENIZER), ["i am so sad"])
    torch.testing.assert_close(again(*tokens)[0], net(*tokens)[0], rtol=0, atol=0)


@pytest.mark.parametrize("name", ["words.safetensors", "words.json", TOKENIZER])
def test_a_missing_file_is_said(tiny: Path, name: str) -> None:
    (tiny / name).unlink()
    with pytest.raises(CheckpointError, match="not found"):
        WordsSense.load(tiny)


def test_a_tokenizer_of_other_weights_is_refused(tiny: Path) -> None:
    build_tokenizer([*PIECES, "more"], TINY.positions).save(str(tiny / TOKENIZER))
    with pytest.raises(CheckpointError, match="does not belong"):
        WordsSense.load(tiny)


def test_a_damaged_tokenizer_is_said(tiny: Path) -> None:
    (tiny / TOKENIZER).write_text("{", encoding="utf-8")
    with pytest.raises(CheckpointError, match="not a tokenizer"):
        WordsSense.load(tiny)


def test_probabilities_are_the_live_heads(tiny: Path) -> None:
    net, tokenizer, sense = load_words_net(tiny / "words"), load_tokenizer(tiny / TOKENIZER), WordsSense.load(tiny)
    given = sense.probabilities(sense.read("i am so happy").feature)
    expected = net(*encode(tokenizer, ["i am so happy"]))[1][LIVE].softmax(1)[0]
    np.testing.assert_allclose(given, expected.detach().numpy(), atol=1e-6)


OBVIOUS = (
    ("I am so happy, this is wonderful!", "joy"),
    ("Thank you so much, I love it!", "joy"),
    ("I hate you!", "anger"),
    ("This is a terrible day, and I am very angry.", "anger"),
    ("Leave me alone right now!", "anger"),
    ("I felt awful after the funeral.", "sadness"),
    ("I miss him so much. I'm so sad and lonely.", "sadness"),
    ("I'm not happy.", "sadness"),
    ("I'm so scared, I'm terrified.", "fear"),
    ("Ew, that is disgusting!", "disgust"),
    ("What? No way!", "surprise"),
    ("The train leaves at ten.", "neutral"),
    ("How are you today?", "neutral"),
)


@pytest.mark.parametrize("written", [str, unpunctuated, str.upper], ids=["as is", "bare", "capitals"])
@pytest.mark.parametrize(("text", "label"), OBVIOUS, ids=[text for text, _ in OBVIOUS])
def test_committed_weights_read_obvious_sentences(committed: WordsSense, text: str, label: str, written) -> None:
    assert LABELS[committed.probabilities(committed.read(written(text)).feature).argmax()] == label


def test_plain_sentences_are_balanced_and_no_lesson_says_them() -> None:
    plain = load_plain("development")
    assert len(set(plain.texts)) == len(plain)
    assert np.bincount(plain.labels).tolist() == [15] * len(LABELS)
    assert not [text for text in plain.texts if taught(text)]


def test_no_lesson_says_a_sentence_of_the_suite_of_the_obvious() -> None:
    assert not [text for text in every_sentence() if taught(text)]


def test_no_written_lesson_shares_most_of_its_words_with_a_sentence_that_judges() -> None:
    """Fewer than three words in five of either (Jaccard): a lesson that differs by a word would give the answer away."""
    judges = [*every_sentence(), *load_plain("development").texts]
    said = [[set(unpunctuated(text).split()) for text in texts] for texts in (judges, load_plain("lessons").texts)]
    number = {word: i for i, word in enumerate(sorted(set().union(*said[0], *said[1])))}
    has = [np.zeros((len(part), len(number)), np.float32) for part in said]
    for part, rows in zip(said, has, strict=True):
        for words, row in zip(part, rows, strict=True):
            row[[number[word] for word in words]] = 1
    both = has[0] @ has[1].T
    either = has[0].sum(1)[:, None] + has[1].sum(1) - both
    assert (both / either).max() < 0.6


def test_the_written_lessons_are_many_of_each_label_and_none_is_there_twice() -> None:
    written = load_plain("lessons")
    assert np.bincount(written.labels, minlength=len(LABELS)).min() >= 800
    assert len(set(map(unpunctuated, written.texts))) == len(written)


def test_a_written_ironic_lesson_is_its_four_labels_in_equal_parts() -> None:
    written = load_plain("lessons")
    of = dict(zip(written.texts, written.targets, strict=True))
    assert of["Thank you, captain obvious."].tolist() == [
        0.25 if label in ("neutral", "joy", "sadness", "anger") else 0 for label in LABELS
    ]
    assert of["The room is empty."].tolist() == [float(label == "neutral") for label in LABELS]


def test_what_the_lessons_say_is_known_as_taught() -> None:
    said = lessons(300, np.random.default_rng(0))
    np.testing.assert_allclose(said.targets.sum(1), 1, rtol=1e-6)
    assert all(map(taught, said.texts))
    assert all(taught(unpunctuated(text)) for text in ("I feel lonely!", "i miss MY DOG"))
    assert not taught("A sentence that nobody was taught.")
