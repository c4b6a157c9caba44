"""The start of the words network from other weights, and out-of-fold features."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from comp_core.data.text import LabelledTexts, load_meld_dialogues
from comp_core.experiments import words_cross
from comp_core.modalities import LIVE
from comp_core.senses.words.network import WordsNet, WordsNetConfig
from comp_core.senses.words.sense import TOKENIZER, load_words_net
from comp_core.senses.words.tokens import encode
from comp_core.support.checkpoint import CheckpointError, save_checkpoint
from comp_core.training import minilm, texts, words
from comp_core.training.fit import FitConfig, fit
from comp_core.training.minilm import build_tokenizer, choose_pieces, find_source, initial_words_net
from comp_core.training.task import Task
from comp_core.training.texts import calibrate, classification_loss, run
from comp_core.training.words import layer_groups
from comp_core.training.words_folds import FOLDS, fold_of, meld_features, only_upper

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
WORDS = ["a", "b", "##a", "face", "with", "tears", "of", "joy", "rare", "common"]
WIDTH, INNER = 8, 12


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A random encoder in the names and layout of the real source, where an import would find it."""
    folder = tmp_path / minilm.PACKAGE / "model"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").write_text("raise RuntimeError('code of the package was run')\n", encoding="utf-8")
    (folder / "vocab.txt").write_text("\n".join([*SPECIAL, *WORDS]), encoding="utf-8")
    make = torch.Generator().manual_seed(0)

    def of(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=make)

    sizes = {
        "attention.self.query": (WIDTH, WIDTH),
        "attention.self.key": (WIDTH, WIDTH),
        "attention.self.value": (WIDTH, WIDTH),
        "attention.output.dense": (WIDTH, WIDTH),
        "intermediate.dense": (INNER, WIDTH),
        "output.dense": (WIDTH, INNER),
        "attention.output.LayerNorm": (WIDTH,),
        "output.LayerNorm": (WIDTH,),
    }
    tensors = {"embeddings.position_ids": torch.arange(9)}
    for name, shape in {
        "word_embeddings.weight": (len(SPECIAL + WORDS), WIDTH),
        "position_embeddings.weight": (9, WIDTH),
        "token_type_embeddings.weight": (2, WIDTH),
        "LayerNorm.weight": (WIDTH,),
        "LayerNorm.bias": (WIDTH,),
    }.items():
        tensors[f"embeddings.{name}"] = of(*shape)
    for layer in range(2):
        for name, shape in sizes.items():
            tensors[f"encoder.layer.{layer}.{name}.weight"] = of(*shape)
            tensors[f"encoder.layer.{layer}.{name}.bias"] = of(shape[0])
    save_file(tensors, folder / "model.safetensors")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(minilm, "SHA256", {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in minilm.SHA256})
    return folder


def test_the_source_is_found_without_running_its_code(source: Path) -> None:
    assert find_source() == source


def test_a_source_with_another_hash_is_refused(source: Path) -> None:
    (source / "vocab.txt").write_text("changed", encoding="utf-8")
    with pytest.raises(ValueError, match="hash differs"):
        find_source()


def test_an_absent_source_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minilm, "PACKAGE", "a_package_that_is_not_there")
    with pytest.raises(FileNotFoundError, match="pip install"):
        find_source()


def test_pieces_are_the_sources_and_the_emoji_that_occur(source: Path) -> None:
    laughing = "\U0001f602"
    with (source / "vocab.txt").open("a", encoding="utf-8") as file:
        file.write("\n[unused7]\n\u0441")
    assert choose_pieces(source, ["common " + laughing * 3, "\U0001f600"], least=2) == [*SPECIAL, *WORDS, laughing]


def test_the_start_is_the_source_itself(source: Path) -> None:
    """The transformer of the source, written out here a second time, gives the same states."""
    from safetensors.torch import load_file

    pieces = [*SPECIAL, *WORDS]
    config = WordsNetConfig(len(pieces), width=WIDTH, layers=2, heads=2, inner=INNER, positions=9)
    net = initial_words_net(source, config, pieces).eval()
    seen = []
    net.blocks[-1].register_forward_hook(lambda _m, _i, out: seen.append(out))
    tokens, mask = encode(build_tokenizer(pieces, 9), ["a face with joy"])
    net(tokens, mask)

    t = load_file(source / "model.safetensors")

    def linear(x: torch.Tensor, name: str) -> torch.Tensor:
        return x @ t[f"{name}.weight"].T + t[f"{name}.bias"]

    def norm(x: torch.Tensor, name: str) -> torch.Tensor:
        return torch.nn.functional.layer_norm(x, (WIDTH,), t[f"{name}.weight"], t[f"{name}.bias"], 1e-12)

    x = t["embeddings.word_embeddings.weight"][tokens[0]] + t["embeddings.position_embeddings.weight"][: tokens.shape[1]]
    x = norm(x + t["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    for layer in ("encoder.layer.0", "encoder.layer.1"):
        q, k, v = (linear(x, f"{layer}.attention.self.{n}").view(-1, 2, WIDTH // 2).transpose(0, 1) for n in ("query", "key", "value"))
        mixed = ((q @ k.transpose(1, 2) / (WIDTH // 2) ** 0.5).softmax(2) @ v).transpose(0, 1).flatten(1)
        x = norm(x + linear(mixed, f"{layer}.attention.output.dense"), f"{layer}.attention.output.LayerNorm")
        inner = torch.nn.functional.gelu(linear(x, f"{layer}.intermediate.dense"))
        x = norm(x + linear(inner, f"{layer}.output.dense"), f"{layer}.output.LayerNorm")
    torch.testing.assert_close(seen[0][0], x, rtol=1e-4, atol=1e-4)


def test_emoji_start_as_the_words_of_their_names(source: Path) -> None:
    pieces = [*SPECIAL, *WORDS, "\U0001f602"]
    config = WordsNetConfig(len(pieces), width=WIDTH, layers=1, heads=2, inner=INNER, positions=6)
    net = initial_words_net(source, config, pieces)
    name = [pieces.index(word) for word in ("face", "with", "tears", "of", "joy")]
    torch.testing.assert_close(net.pieces.weight[-1], net.pieces.weight[name].mean(0))


ROW = '1,"{text}",X,joy,positive,{dialogue},{number},1,1,"0","0"\n'


@pytest.fixture
def task(tmp_path: Path) -> Task:
    """Made-up MELD, three different random encoders: the final one and one for each fold."""
    folder = tmp_path / "data" / "text"
    folder.mkdir(parents=True)
    rows = [ROW.format(text="a " * (1 + n) + "face", dialogue=d, number=n) for d in range(5) for n in range(1 + d)]
    header = "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime\n"
    for split in ("train", "dev"):
        (folder / f"meld_{split}_sent_emo.csv").write_text(header + "".join(rows), encoding="utf-8")
    task = Task(tmp_path / "data", tmp_path / "work", tmp_path / "weights", tmp_path / "reports", 0, "")
    config = WordsNetConfig(len(SPECIAL + WORDS), width=WIDTH, layers=1, heads=2, inner=INNER, positions=9, feature_dim=5)
    for seed, stem in enumerate([task.output("words"), *(task.work / f"words_fold{fold}" for fold in range(FOLDS))]):
        torch.manual_seed(seed)
        save_checkpoint(stem, "words", WordsNet(config), config, {})
    build_tokenizer([*SPECIAL, *WORDS], 9).save(str(task.weights / TOKENIZER))
    return task


@pytest.mark.parametrize("split", ["train", "valid"])
def test_features_come_from_the_encoder_that_never_saw_the_dialogue(task: Task, split: str) -> None:
    tokenizer = build_tokenizer([*SPECIAL, *WORDS], 9)
    dialogues = load_meld_dialogues(task.data, split)
    features = meld_features(task, split)
    assert [f.shape for f in features] == [(len(d.utterances), 5) for d in dialogues]
    for dialogue, found in zip(dialogues, features, strict=True):
        stem = task.work / f"words_fold{fold_of(dialogue)}" if split == "train" else task.output("words")
        expected, _ = run(load_words_net(stem), tokenizer, [u.text for u in dialogue.utterances])
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_features_without_fold_encoders_say_what_is_missing(task: Task) -> None:
    (task.work / "words_fold1.json").unlink()
    with pytest.raises(CheckpointError, match="train words"):
        meld_features(task, "train")


PAIRS = {"goemotions": ("a", "b"), "meld": ("face", "joy")}


def two_corpora() -> dict[str, dict[str, LabelledTexts]]:
    """Corpora of two words each, the first neutral and the second joy."""
    target = np.eye(7, dtype=np.float32)[[0, 1] * 1000]
    return {name: dict.fromkeys(("train", "valid", "test"), LabelledTexts(pair * 1000, target)) for name, pair in PAIRS.items()}


def start_small(_corpora, heads=("goemotions", "meld")):
    pieces = [*SPECIAL, *WORDS]
    config = WordsNetConfig(len(pieces), width=8, layers=1, heads=2, inner=8, positions=9, corpora=tuple(heads))
    return WordsNet(config), build_tokenizer(pieces, 9)


def test_across_corpora_a_network_knows_the_one_it_was_trained_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words_cross, "load_corpora", lambda _task: two_corpora())
    monkeypatch.setattr(words_cross, "start", start_small)
    words_cross.measure(Task(tmp_path, tmp_path, tmp_path, tmp_path, 0, "..."), epochs=15)
    metrics = json.loads((tmp_path / "words_cross.json").read_text(encoding="utf-8"))["metrics"]
    for source, by_test in metrics.items():
        for name, figures in by_test.items():
            assert (figures["accuracy"] > 0.95) == (name == source), (source, name, figures["accuracy"])


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> list[WordsNet]:
    """What `fit` gave, in turn, in trainings of the words sense on `two_corpora`, in short epochs and without fold encoders."""
    made: list[WordsNet] = []

    def kept(*args, **named):
        model, history = fit(*args, **named)
        made.append(model)
        return model, history

    monkeypatch.setattr(words, "load_corpora", lambda _task: two_corpora())
    monkeypatch.setattr(words, "start", start_small)
    monkeypatch.setattr(words, "train_folds", lambda _task, _epochs: None)
    monkeypatch.setattr(words, "LESSONS", 200)
    monkeypatch.setattr(words, "ROWS", {phase: {name: min(n, 200) for name, n in rows.items()} for phase, rows in words.ROWS.items()})
    monkeypatch.setattr(words, "fit", kept)
    return made


def test_an_average_is_the_mean_of_every_weight() -> None:
    soup = [WordsNet(WordsNetConfig(20, width=WIDTH, layers=1, heads=2, inner=INNER, positions=9)) for _ in range(3)]
    for name, mean in words.averaged(soup).state_dict().items():
        torch.testing.assert_close(mean, sum(model.state_dict()[name] for model in soup) / 3)


def test_both_phases_are_trained_and_averaged(tmp_path: Path, trainings: list[WordsNet]) -> None:
    task = Task(tmp_path, tmp_path / "work", tmp_path / "weights", tmp_path / "reports", 0, "...")
    words.train_words(task, epochs=1)
    assert len(trainings) == 2 * words.SOUP
    for stem, soup in ((task.work / words.FIRST_PHASE, trainings[::2]), (task.output("words"), trainings[1::2])):
        # A bias is kept in half precision, matrices of the last in 8 bits.
        found, *own = (net.heads["goemotions"].bias.detach() for net in (load_words_net(stem), *soup))
        off = (found - torch.stack(own).mean(0)).norm()
        assert all(off < 0.5 * (found - one).norm() for one in own)
    assert sorted(path.stem for path in task.work.glob("*.safetensors")) == [words.FIRST_PHASE]


def test_an_interrupted_training_goes_on_with_what_it_finished(tmp_path: Path, trainings: list[WordsNet], monkeypatch) -> None:
    task = Task(tmp_path, tmp_path / "work", tmp_path / "weights", tmp_path / "reports", 0, "...")
    whole, calls = words.save_checkpoint, []

    def stopped(stem, *args, **named):
        whole(stem, *args, **named)
        calls.append(stem)
        if len(calls) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(words, "save_checkpoint", stopped)
    with pytest.raises(KeyboardInterrupt):
        words.train_words(task, epochs=1)
    words.train_words(task, epochs=1)
    assert len(trainings) == 2 * words.SOUP


def test_what_was_made_from_other_texts_is_made_again(tmp_path: Path, trainings: list[WordsNet]) -> None:
    model, tokenizer = start_small(None)
    settings, other = FitConfig(1, learning_rate=2e-4), two_corpora()
    other["goemotions"]["train"] = LabelledTexts(("b", "a") * 1000, other["goemotions"]["train"].targets)
    for corpora, made in ((two_corpora(), 1), (two_corpora(), 1), (other, 2)):
        words.train_phase("goemotions", model, tokenizer, corpora, settings, tmp_path / "kept")
        assert len(trainings) == made


def test_lower_blocks_learn_slower_and_frozen_ones_not_at_all() -> None:
    net = WordsNet(WordsNetConfig(20, width=WIDTH, layers=4, heads=2, inner=INNER, positions=9))
    settings = FitConfig(1, learning_rate=0.1, weight_decay=0.5)

    def rates() -> dict[int, tuple[float, float]]:
        return {id(p): (group["lr"], group["weight_decay"]) for group in layer_groups(net, settings) for p in group["params"]}

    found = rates()
    assert set(found) == {id(p) for p in net.parameters()}
    blocks = [found[id(block.expand.weight)][0] for block in net.blocks]
    assert found[id(net.pieces.weight)][0] < blocks[0] < blocks[1] < blocks[2] < blocks[3] < found[id(net.to_feature.weight)][0]
    assert found[id(net.blocks[0].expand.weight)][1] == 0.5
    assert found[id(net.blocks[0].expand.bias)][1] == found[id(net.pieces.weight)][1] == 0
    only_upper(net)
    upper = [net.blocks[2], net.blocks[3], net.attention, net.to_feature, net.heads]
    assert set(rates()) == {id(p) for part in upper for p in part.parameters()}


def test_the_live_head_learns_without_the_shares() -> None:
    """Logits that only name the shares are the live head's best answer of no knowledge only if it is told them: then zeros are."""
    shares = torch.tensor([[0.4, 0.3, 0.1, 0.1, 0.05, 0.03, 0.02]])
    targets, corpus = shares, torch.zeros(1, dtype=torch.long)

    def loss(live: torch.Tensor) -> float:
        return classification_loss({LIVE: live, "goemotions": torch.zeros(1, 7)}, targets, corpus, shares).item()

    assert loss(torch.zeros(1, 7)) < loss(shares.log())


def test_calibration_changes_no_answer_and_makes_confidence_true(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    net = WordsNet(WordsNetConfig(14, width=WIDTH, layers=1, heads=2, inner=INNER, positions=9)).eval()
    before = net.heads[LIVE].weight.detach().clone()
    odds = np.log(np.full((7, 7), 0.1 / 6) + np.eye(7) * (0.9 - 0.1 / 6))
    labels = np.concatenate([np.arange(7), np.arange(7), (np.arange(7) + 1) % 7])
    monkeypatch.setattr(texts, "run", lambda *_: (None, {LIVE: np.exp(odds[np.tile(np.arange(7), 3)])}))
    part = LabelledTexts(("a",) * 21, np.eye(7, dtype=np.float32)[labels])
    temperature = calibrate(net, build_tokenizer([*SPECIAL, *WORDS], 9), {"meld": part})
    assert temperature > 1, "two of three right are told as nine of ten"
    torch.testing.assert_close(net.heads[LIVE].weight, before / temperature)
