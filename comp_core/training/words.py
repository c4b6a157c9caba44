"""Train the words network: all of it on GoEmotions, then its upper blocks on GoEmotions and MELD together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from comp_core.data.text import LabelledTexts, load_goemotions, load_meld_dialogues, load_plain, meld_texts
from comp_core.modalities import LIVE
from comp_core.senses.words.network import WordsNet, WordsNetConfig
from comp_core.senses.words.sense import TOKENIZER, load_words_net
from comp_core.support.checkpoint import sha256_of
from comp_core.training.fit import FitConfig, fit
from comp_core.training.lessons import lessons
from comp_core.training.minilm import build_tokenizer, choose_pieces, find_source, initial_words_net
from comp_core.training.task import Task, keep_best
from comp_core.training.texts import (
    Batch,
    calibrate,
    classification_loss,
    figures,
    in_bfloat16,
    noisy_batches,
    selection_score,
    shares_of,
    unpunctuated,
)
from comp_core.training.words_folds import FIRST_PHASE, only_upper, train_folds

SPLITS = ("train", "valid", "test")
# Sentences of our own in all.
LESSONS = 50_000
# Rows of each corpus in an epoch. Four epochs of the first phase go once through GoEmotions; it saves after each.
ROWS = {
    "goemotions": {"goemotions": 10_853, "meld": 0, "lessons": 4_000},
    "both": {"goemotions": 10_000, "meld": 9_989, "lessons": 7_000},
}
# A block learns slower than the one above it by this factor (Howard and Ruder, 2018); what MiniLM does not have learns faster.
BLOCK_DECAY, NEW = 0.9, 3.0


def train_words(task: Task, epochs: int = 6) -> None:
    """Train, choose the epoch on validation data, report test once; then train the encoders for out-of-fold features.

    MELD takes part in the second phase only, so that the fold encoders can share the first one without having met its labels.

    Args:
        epochs: of the first phase; the second and the folds have half as many, rounded up.
    """
    torch.manual_seed(task.seed)
    random = np.random.default_rng(task.seed)
    corpora = load_corpora(task)
    model, tokenizer = start(corpora)
    model.to(task.device)
    config = model.config
    task.weights.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(task.weights / TOKENIZER), pretty=False)

    parts = {name: splits["train"] for name, splits in corpora.items()} | {"lessons": lessons(LESSONS, random)}
    valid = {name: splits["valid"] for name, splits in corpora.items()} | {LIVE: load_plain("development")}
    shares = shares_of(parts)
    settings = {
        "goemotions": FitConfig(epochs, learning_rate=2e-4, weight_decay=0.05, average=0.99, seed=task.seed),
        "both": FitConfig((epochs + 1) // 2, learning_rate=2e-4, weight_decay=0.05, average=0.99, seed=task.seed),
    }
    stem = task.output("words")
    stems = {"goemotions": task.work / FIRST_PHASE, "both": stem}
    histories: dict[str, list[dict[str, float]]] = {}
    for phase, rows in ROWS.items():
        if phase == "goemotions" and stems[phase].with_suffix(".safetensors").exists():
            # A first phase that an interrupted run left in the work folder is gone on with.
            model, histories[phase] = load_words_net(stems[phase]).to(task.device), []
            continue
        batches, steps = noisy_batches(tokenizer, parts, rows, random)
        if phase == "both":
            only_upper(model)
        model, histories[phase] = fit(
            model,
            batches,
            steps,
            partial(loss_of, shares=shares),
            selection_score(tokenizer, {name: part for name, part in valid.items() if rows.get(name, 1)}),
            settings[phase],
            keep_best(stems[phase], "words", config, settings[phase], {"phase": phase}),
            groups=layer_groups,
        )
        model.requires_grad_(True)
    calibrate(model, tokenizer, valid)
    metrics = {split: metrics_of(model, tokenizer, {name: parts[split] for name, parts in corpora.items()}) for split in ("valid", "test")}
    about = {
        "started_from": "sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0)",
        "first_phase": {"training": asdict(settings["goemotions"]), "history": histories["goemotions"]},
        "rows_per_epoch": ROWS,
        "tokenizer_sha256": sha256_of(task.weights / TOKENIZER),
    }
    task.finish(stem, "words", model, config, settings["both"], histories["both"], {"metrics": metrics}, about, eight_bits=True)
    train_folds(task, (epochs + 1) // 2)


def metrics_of(model: WordsNet, tokenizer: Tokenizer, parts: Mapping[str, LabelledTexts]) -> dict[str, Any]:
    """Corpus -> form of the text -> figures of the corpus's head, and those of the live head on the text as written."""
    metrics = {}
    for name, part in parts.items():
        own, live = figures(model, tokenizer, (name, LIVE), part)
        (bare,) = figures(model, tokenizer, (name,), part, unpunctuated)
        metrics[name] = {"as_written": own, "unpunctuated": bare, "live_head": live}
    return metrics


def load_corpora(task: Task) -> dict[str, dict[str, LabelledTexts]]:
    """Corpus -> split -> texts, the utterances of MELD one by one."""
    return {
        "goemotions": {split: load_goemotions(task.data, split) for split in SPLITS},
        "meld": {split: meld_texts(load_meld_dialogues(task.data, split)) for split in SPLITS},
    }


def start(corpora: Mapping[str, Mapping[str, LabelledTexts]], heads: Sequence[str] = ("goemotions", "meld")) -> tuple[WordsNet, Tokenizer]:
    """The network as training begins, from MiniLM, and its tokenizer."""
    source = find_source()
    pieces = choose_pieces(source, [text for parts in corpora.values() for text in parts["train"].texts])
    config = WordsNetConfig(vocabulary=len(pieces), corpora=tuple(heads))
    return initial_words_net(source, config, pieces), build_tokenizer(pieces, config.positions)


def loss_of(model: nn.Module, batch: Batch, shares: Tensor) -> Tensor:
    """See `classification_loss`."""
    tokens, mask, targets, corpus = batch
    with in_bfloat16(tokens.device):
        _, logits = model(tokens, mask)
    return classification_loss(logits, targets, corpus, shares)


def layer_groups(model: WordsNet, config: FitConfig) -> list[dict[str, Any]]:
    """The optimiser's groups: the lower a block, the smaller its learning rate; weight decay on matrices of blocks and heads only."""
    top = len(model.blocks)
    parts = [(0, model.pieces), (0, model.places), (0, model.norm), *((i + 1, block) for i, block in enumerate(model.blocks))]
    placed = [(p, BLOCK_DECAY ** (top - level), level > 0) for level, part in parts for p in part.parameters()]
    placed += [(p, NEW, True) for part in (model.attention, model.to_feature, model.heads) for p in part.parameters()]
    together: dict[tuple[float, float], list[nn.Parameter]] = {}
    for p, rate, decays in placed:
        if p.requires_grad:
            together.setdefault((rate, config.weight_decay if decays and p.ndim > 1 else 0.0), []).append(p)
    return [{"params": ps, "lr": config.learning_rate * rate, "weight_decay": decay} for (rate, decay), ps in together.items()]
