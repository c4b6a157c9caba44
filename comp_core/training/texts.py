"""What the trainings of the words network share: noisy batches from several corpora, the loss, predictions and figures."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from comp_core.data.text import LabelledTexts
from comp_core.metrics.calibration import fit_temperature
from comp_core.metrics.figures import class_report
from comp_core.modalities import LABELS, LIVE
from comp_core.senses.words.network import WordsNet
from comp_core.senses.words.tokens import encode
from comp_core.support.devices import device_of, moved

BATCH = 64
# So many texts of a corpus's validation split choose the epoch.
CHOOSING = 1500
# Rows of this many batches are sorted by length, so that little of a batch is padding.
_SORTED_BATCHES = 25

# tokens (B, L), mask (B, L), targets (B, 7), corpus (B,) as an index into the network's corpora
Batch = tuple[Tensor, Tensor, Tensor, Tensor]


def unpunctuated(text: str) -> str:
    """Lower case and no punctuation, as a simple recogniser writes; the text itself if nothing would be left."""
    return " ".join(re.sub(r"[^\w\s']", " ", text.lower()).split()) or text


def as_recognised(text: str, random: np.random.Generator, lexicon: Sequence[str]) -> str:
    """Half of the texts lose their punctuation; a third lose up to 30 % of their words, dropped or misheard."""
    if random.random() < 0.5:
        text = unpunctuated(text)
    if random.random() < 2 / 3:
        return text
    words, rate = text.split(), random.uniform(0, 0.3)
    fates = random.random(len(words)) / rate
    kept = [(word, fate) for word, fate in zip(words, fates, strict=True) if not 0.5 <= fate < 1]
    heard = [lexicon[int(random.integers(len(lexicon)))] if fate < 0.5 else word for word, fate in kept]
    return " ".join(heard) or text


def noisy_batches(
    tokenizer: Tokenizer, parts: Mapping[str, LabelledTexts], rows: Mapping[str, int], random: np.random.Generator
) -> tuple[Callable[[int], Iterator[Batch]], int]:
    """Batches that mix corpora.

    Args:
        parts: training texts of each corpus, in the order of the network's corpora.
        rows: how many rows of each corpus make an epoch; a row comes again when all have been drawn.

    Returns:
        epoch number -> batches, and the number of batches in an epoch.
    """
    lexicon = [word for part in parts.values() for text in part.texts for word in unpunctuated(text).split()]

    waiting = {name: np.empty(0, int) for name in parts}

    def next_of(name: str) -> np.ndarray:
        wanted = min(rows[name], len(parts[name]))
        if len(waiting[name]) < wanted:
            waiting[name] = random.permutation(len(parts[name]))
        taken, waiting[name] = np.split(waiting[name], [wanted])
        return taken

    def batches(_epoch: int) -> Iterator[Batch]:
        drawn = [(c, i) for c, name in enumerate(parts) for i in next_of(name)]
        random.shuffle(drawn)
        sets = list(parts.values())
        for start in range(0, len(drawn), BATCH * _SORTED_BATCHES):
            group = drawn[start : start + BATCH * _SORTED_BATCHES]
            tokens, mask = encode(tokenizer, [as_recognised(sets[c].texts[i], random, lexicon) for c, i in group])
            targets = torch.from_numpy(np.stack([sets[c].targets[i] for c, i in group]))
            corpus = torch.tensor([c for c, _ in group])
            by_length = mask.sum(1).argsort().split(BATCH)
            for k in random.permutation(len(by_length)):
                rows_of_batch = by_length[k]
                longest = int(mask[rows_of_batch].sum(1).max())
                yield tokens[rows_of_batch, :longest], mask[rows_of_batch, :longest], targets[rows_of_batch], corpus[rows_of_batch]

    total = sum(min(rows[name], len(part)) for name, part in parts.items())
    sizes = [min(BATCH * _SORTED_BATCHES, total - start) for start in range(0, total, BATCH * _SORTED_BATCHES)]
    return batches, sum(-(-size // BATCH) for size in sizes)


def shares_of(parts: Mapping[str, LabelledTexts]) -> Tensor:
    """The share of each label in each corpus, (corpora, 7)."""
    return torch.from_numpy(np.stack([part.targets.mean(0) for part in parts.values()]))


def classification_loss(logits: Mapping[str, Tensor], targets: Tensor, corpus: Tensor, shares: Tensor) -> Tensor:
    """Cross-entropy of each row at the head of its own corpus, and at the live head.

    At the corpus's head a label weighs by the inverse root of its share. The live head is told the shares while it learns, and so
    answers without them as for people who try each label about as often (Menon et al., 2021).

    Args:
        shares: of each label in each corpus, (corpora, 7); a corpus beyond the heads is for the live head only.
    """
    logits = {name: head.float() for name, head in logits.items()}
    # A label that a corpus lacks must not make the loss endless.
    own_shares = shares.to(targets.device)[corpus].clamp(min=1e-6)
    weights = own_shares.rsqrt() / own_shares.sqrt().sum(1, keepdim=True)
    heads = torch.stack([*(head for name, head in logits.items() if name != LIVE), logits[LIVE]], 1)
    own = heads[torch.arange(len(corpus), device=corpus.device), corpus]
    live = (logits[LIVE] + own_shares.log()).log_softmax(1)
    return -(targets * (weights * own.log_softmax(1) + live)).sum(1).mean()


def in_bfloat16(device: torch.device) -> AbstractContextManager[Any]:
    """Products in bfloat16, where the device knows how."""
    return torch.autocast(device.type, torch.bfloat16) if device.type in ("cpu", "cuda") else nullcontext()


@torch.inference_mode()
def run(model: WordsNet, tokenizer: Tokenizer, texts: Sequence[str], batch: int = 128) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Features (n, D) of texts, and for each corpus the probabilities (n, 7) of its head."""
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    encoded = (encode(tokenizer, [texts[i] for i in order[start : start + batch]]) for start in range(0, len(order), batch))
    outputs = [model(*moved(some, device_of(model))) for some in encoded]
    back = np.argsort(order)
    features = torch.cat([feature for feature, _ in outputs]).cpu().numpy()[back]
    heads = {corpus: torch.cat([logits[corpus] for _, logits in outputs]).softmax(1).cpu().numpy()[back] for corpus in model.heads}
    return features, heads


def figures(
    model: WordsNet, tokenizer: Tokenizer, heads: Sequence[str], part: LabelledTexts, change: Callable[[str], str] = str
) -> list[dict]:
    """`class_report` of each of the heads on rows with one label, after ``change`` of each text."""
    part = part.single()
    _, found = run(model, tokenizer, [change(text) for text in part.texts])
    return [class_report(found[head], part.labels, LABELS) for head in heads]


def selection_score(tokenizer: Tokenizer, valid: Mapping[str, LabelledTexts]) -> Callable[[WordsNet], float]:
    """The mean of GoEmotions macro-F1, MELD weighted F1 and, of the live head on plain sentences, accuracy as written and bare."""
    chosen = {"goemotions": "macro_f1", "meld": "weighted_f1", LIVE: "accuracy"}
    some = {head: LabelledTexts(part.texts[:CHOOSING], part.targets[:CHOOSING]) for head, part in valid.items()}

    def score(model: WordsNet) -> float:
        scores = {head: figures(model, tokenizer, [head], part)[0][chosen[head]] for head, part in some.items()}
        if LIVE in some:
            scores["bare"] = figures(model, tokenizer, [LIVE], some[LIVE], unpunctuated)[0]["accuracy"]
        print({head: round(figure, 3) for head, figure in scores.items()}, file=sys.stderr)
        return float(np.mean(list(scores.values())))

    return score


@torch.no_grad()
def calibrate(model: WordsNet, tokenizer: Tokenizer, valid: Mapping[str, LabelledTexts]) -> float:
    """Divide the live head by the temperature that suits validation texts, labels and sets weighing alike; returns it."""
    found, labels = [], []
    for part in valid.values():
        single = part.single()
        _, heads = run(model, tokenizer, single.texts)
        found.append(np.log(heads[LIVE].clip(1e-9)))
        labels.append(single.labels)
    temperature = fit_temperature(np.concatenate(found), np.concatenate(labels), np.concatenate([balance(y) for y in labels]))
    for parameter in model.heads[LIVE].parameters():
        parameter.div_(temperature)
    return temperature


def balance(labels: np.ndarray) -> np.ndarray:
    """Weights (n,) that sum to 1, of which each label that occurs has the same share."""
    counts = np.bincount(labels, minlength=len(LABELS))
    return 1 / counts[labels] / (counts > 0).sum()
