"""Train the words network: all of it on GoEmotions, then its upper blocks on GoEmotions and MELD together."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from comp_core.data.text import LabelledTexts, load_goemotions, load_meld_dialogues, load_plain, meld_texts
from comp_core.modalities import LIVE
from comp_core.senses.words.network import WordsNet, WordsNetConfig
from comp_core.senses.words.sense import TOKENIZER, load_words_net
from comp_core.support.checkpoint import load_checkpoint, restore, save_checkpoint, sha256_of
from comp_core.support.devices import device_of
from comp_core.training.fit import FitConfig, fit
from comp_core.training.lessons import lessons
from comp_core.training.minilm import build_tokenizer, choose_pieces, find_source, initial_words_net
from comp_core.training.task import Task
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
# So many trainings are averaged weight by weight (Wortsman et al., 2022).
SOUP = 3
# Rows of each corpus in an epoch. Four epochs of the first phase go once through GoEmotions.
ROWS = {
    "goemotions": {"goemotions": 10_853, "meld": 0, "lessons": 4_000},
    "both": {"goemotions": 10_000, "meld": 9_989, "lessons": 7_000},
}
# A block learns slower than the one above it by this factor (Howard and Ruder, 2018); what MiniLM does not have learns faster.
BLOCK_DECAY, NEW = 0.9, 3.0


def train_words(task: Task, epochs: int = 6) -> None:
    """Train, choose epochs on validation data, report test once; then train the encoders for out-of-fold features.

    MELD takes part in the second phase only, so that the fold encoders can share the first one without having met its labels. The
    weights are the averages of `SOUP` trainings. What an interrupted run finished in the work folder is not made again.

    Args:
        epochs: of the first phase; the second and the folds have half as many, rounded up.
    """
    corpora, lengths = load_corpora(task), {"goemotions": epochs, "both": (epochs + 1) // 2}
    settings = {
        phase: FitConfig(length, learning_rate=2e-4, weight_decay=0.05, average=0.99, seed=task.seed) for phase, length in lengths.items()
    }
    torch.manual_seed(task.seed)
    begun, tokenizer = start(corpora)
    begun.to(task.device)
    task.weights.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(task.weights / TOKENIZER), pretty=False)

    soups: dict[str, list[WordsNet]] = {phase: [] for phase in ROWS}
    histories: dict[str, list[list[dict[str, float]]]] = {phase: [] for phase in ROWS}
    for number in range(SOUP):
        model = begun
        for phase in ROWS:
            own = replace(settings[phase], seed=task.seed + number)
            model, history = train_phase(phase, model, tokenizer, corpora, own, kept_at(task, phase, number))
            soups[phase].append(model)
            histories[phase].append(history)
    config, first_phase = begun.config, {"training": asdict(settings["goemotions"])}
    save_checkpoint(task.work / FIRST_PHASE, "words", averaged(soups["goemotions"]), config, first_phase)
    model = averaged(soups["both"])
    calibrate(model, tokenizer, {name: splits["valid"] for name, splits in corpora.items()} | {LIVE: load_plain("development")})
    metrics = {
        split: metrics_of(model, tokenizer, {name: splits[split] for name, splits in corpora.items()}) for split in ("valid", "test")
    }
    about = {
        "started_from": "sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0)",
        "averaged": {"trainings": SOUP, "seeds": [task.seed + number for number in range(SOUP)]},
        "first_phase": {**first_phase, "history": _in_turn(histories["goemotions"])},
        "rows_per_epoch": ROWS,
        "tokenizer_sha256": sha256_of(task.weights / TOKENIZER),
    }
    history, told = _in_turn(histories["both"]), {"metrics": metrics}
    task.finish(task.output("words"), "words", model, config, settings["both"], history, told, about, eight_bits=True)
    train_folds(task, lengths["both"])
    for phase, number in product(ROWS, range(SOUP)):
        for suffix in (".safetensors", ".json"):
            kept_at(task, phase, number).with_suffix(suffix).unlink()


def kept_at(task: Task, phase: str, number: int) -> Path:
    """Where a finished training of a phase lies until all are averaged, without suffix."""
    return task.work / f"words_{phase}_{number}"


def train_phase(
    phase: str,
    begun: WordsNet,
    tokenizer: Tokenizer,
    corpora: Mapping[str, Mapping[str, LabelledTexts]],
    settings: FitConfig,
    stem: Path,
) -> tuple[WordsNet, list[dict[str, float]]]:
    """Train a copy of a network; what lies at ``stem`` is taken instead if it was made so, from the same weights and texts.

    Args:
        corpora: corpus -> split -> texts.

    Returns:
        The weights that scored best on validation data, and the history.
    """
    torch.manual_seed(settings.seed)
    random = np.random.default_rng(settings.seed)
    parts = {name: splits["train"] for name, splits in corpora.items()} | {"lessons": lessons(LESSONS, random)}
    made_of = hashlib.sha256()
    for part in parts.values():
        made_of.update("\n".join(part.texts).encode() + part.targets.tobytes())
    for tensor in begun.state_dict().values():
        made_of.update(tensor.half().cpu().numpy().tobytes())
    recipe = {"training": asdict(settings), "rows": ROWS[phase], "made_of_sha256": made_of.hexdigest()}
    if stem.with_suffix(".json").is_file():
        config, state, record = load_checkpoint(stem, {"words": WordsNetConfig})
        if recipe.items() <= record.items():
            return restore(WordsNet, config, state).to(device_of(begun)), record["history"]
    valid = {name: splits["valid"] for name, splits in corpora.items() if ROWS[phase][name]} | {LIVE: load_plain("development")}
    model = copy.deepcopy(begun)
    if phase == "both":
        only_upper(model)
    model, history = fit(
        model,
        *noisy_batches(tokenizer, parts, ROWS[phase], random),
        partial(loss_of, shares=shares_of(parts)),
        selection_score(tokenizer, valid),
        settings,
        groups=layer_groups,
    )
    save_checkpoint(stem, "words", model, begun.config, {**recipe, "history": history})
    # As it was kept, in half precision: an interrupted run gives the same weights as a whole one.
    return load_words_net(stem).to(device_of(begun)), history


def averaged(soup: Sequence[WordsNet]) -> WordsNet:
    """A network whose weights are the means of some that began alike."""
    mean = copy.deepcopy(soup[0])
    states = [model.state_dict() for model in soup]
    mean.load_state_dict({name: torch.stack([state[name] for state in states]).mean(0) for name in states[0]})
    return mean


def _in_turn(histories: Sequence[list[dict[str, float]]]) -> list[dict[str, float]]:
    """The histories of several trainings, one after the other, each epoch with its training's number."""
    return [{"run": number, **row} for number, history in enumerate(histories) for row in history]


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
