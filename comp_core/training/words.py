"""Train the words network: first on GoEmotions, then on GoEmotions and MELD together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from comp_core.data.text import LabelledTexts, load_goemotions, load_meld_dialogues, meld_texts
from comp_core.senses.words.network import WordsNet, WordsNetConfig
from comp_core.senses.words.sense import TOKENIZER
from comp_core.support.checkpoint import sha256_of
from comp_core.training.fit import FitConfig, fit
from comp_core.training.minilm import build_tokenizer, choose_pieces, find_source, initial_words_net
from comp_core.training.task import Task, keep_best
from comp_core.training.texts import Batch, classification_loss, figures, noisy_batches, selection_score, unpunctuated
from comp_core.training.words_folds import FIRST_PHASE, train_folds

SPLITS = ("train", "valid", "test")
# GoEmotions rows in an epoch of the second phase: enough to keep what was learnt, about as many as MELD has.
REPLAY = 10_000


def train_words(task: Task, epochs: int = 3) -> None:
    """Train, choose the epoch on validation data, report test once; then train the encoders for out-of-fold features.

    MELD takes part in the second phase only, so that the fold encoders can share the first one without having met its labels.

    Args:
        epochs: of each of the phases.
    """
    torch.manual_seed(task.seed)
    random = np.random.default_rng(task.seed)
    corpora = load_corpora(task)
    model, tokenizer = start(corpora, random)
    model.to(task.device)
    config = model.config
    task.weights.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(task.weights / TOKENIZER), pretty=False)

    stem = task.output("words")
    every = {name: len(parts["train"]) for name, parts in corpora.items()}
    rows = {"goemotions": {"goemotions": every["goemotions"]}, "both": {"goemotions": REPLAY, "meld": every["meld"]}}
    settings = {
        "goemotions": FitConfig(epochs, learning_rate=4e-4, weight_decay=0.05, average=0.995, seed=task.seed),
        "both": FitConfig(epochs, learning_rate=2e-4, weight_decay=0.05, average=0.99, seed=task.seed),
    }
    stems = {"goemotions": task.work / FIRST_PHASE, "both": stem}
    histories = {}
    for phase, sizes in rows.items():
        batches, steps = noisy_batches(tokenizer, {name: corpora[name]["train"] for name in sizes}, sizes, random)
        model, histories[phase] = fit(
            model.requires_grad_(True),
            batches,
            steps,
            loss_of,
            selection_score(tokenizer, {name: corpora[name]["valid"] for name in sizes}),
            settings[phase],
            keep_best(stems[phase], "words", config, settings[phase], {"phase": phase}),
        )
    metrics = {
        split: {
            name: {
                "as_written": figures(model, tokenizer, name, parts[split]),
                "unpunctuated": figures(model, tokenizer, name, parts[split], unpunctuated),
            }
            for name, parts in corpora.items()
        }
        for split in ("valid", "test")
    }
    about = {
        "started_from": "sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0), lower layers, cut down",
        "first_phase": {"training": asdict(settings["goemotions"]), "history": histories["goemotions"]},
        "rows_per_epoch": rows,
        "tokenizer_sha256": sha256_of(task.weights / TOKENIZER),
    }
    task.finish(stem, "words", model, config, settings["both"], histories["both"], metrics, about)
    train_folds(task, epochs)


def load_corpora(task: Task) -> dict[str, dict[str, LabelledTexts]]:
    """Corpus -> split -> texts, the utterances of MELD one by one."""
    return {
        "goemotions": {split: load_goemotions(task.data, split) for split in SPLITS},
        "meld": {split: meld_texts(load_meld_dialogues(task.data, split)) for split in SPLITS},
    }


def start(
    corpora: Mapping[str, Mapping[str, LabelledTexts]], random: np.random.Generator, heads: Sequence[str] = ("goemotions", "meld")
) -> tuple[WordsNet, Tokenizer]:
    """The network as training begins, from MiniLM's lower layers, and its tokenizer; the vocabulary is that of all training texts."""
    source = find_source()
    texts = [text for parts in corpora.values() for text in parts["train"].texts]
    pieces, counts = choose_pieces(source, texts)
    config = WordsNetConfig(vocabulary=len(pieces), corpora=tuple(heads))
    sample = [str(text) for text in random.choice(texts, 512, replace=False)]
    return initial_words_net(source, config, pieces, counts, sample), build_tokenizer(pieces, config.positions)


def loss_of(model: nn.Module, batch: Batch) -> Tensor:
    tokens, mask, targets, corpus = batch
    return classification_loss(model(tokens, mask)[1], targets, corpus)
