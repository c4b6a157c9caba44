"""What the trainings of the words network share: noisy batches from several corpora, the loss, predictions and figures."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor

from comp_core.data.text import LabelledTexts
from comp_core.metrics.figures import class_report
from comp_core.modalities import LABELS
from comp_core.senses.words.network import WordsNet
from comp_core.senses.words.tokens import encode
from comp_core.support.devices import device_of, moved

BATCH = 64
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
    heard = [lexicon[random.integers(len(lexicon))] if fate < 0.5 else word for word, fate in kept]
    return " ".join(heard) or text


def noisy_batches(
    tokenizer: Tokenizer, parts: Mapping[str, LabelledTexts], rows: Mapping[str, int], random: np.random.Generator
) -> tuple[Callable[[int], Iterator[Batch]], int]:
    """Batches that mix corpora.

    Args:
        parts: training texts of each corpus, in the order of the network's corpora.
        rows: how many rows of each corpus make an epoch; they are drawn afresh for each.

    Returns:
        epoch number -> batches, and the number of batches in an epoch.
    """
    lexicon = [word for part in parts.values() for text in part.texts for word in unpunctuated(text).split()]

    def batches(_epoch: int) -> Iterator[Batch]:
        drawn = [(c, i) for c, name in enumerate(parts) for i in random.permutation(len(parts[name]))[: rows[name]]]
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


def classification_loss(logits: Mapping[str, Tensor], targets: Tensor, corpus: Tensor) -> Tensor:
    """Cross-entropy of each row at the head of its own corpus."""
    own = torch.stack(list(logits.values()), 1)[torch.arange(len(corpus)), corpus]
    return F.cross_entropy(own, targets)


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


def figures(model: WordsNet, tokenizer: Tokenizer, corpus: str, part: LabelledTexts, change: Callable[[str], str] = str) -> dict:
    """`class_report` of the head of ``corpus`` on rows with one label, after ``change`` of each text."""
    part = part.single()
    _, heads = run(model, tokenizer, [change(text) for text in part.texts])
    return class_report(heads[corpus], part.labels, LABELS)


def selection_score(tokenizer: Tokenizer, valid: Mapping[str, LabelledTexts]) -> Callable[[WordsNet], float]:
    """The mean of GoEmotions macro-F1 and MELD weighted F1, those that are in ``valid``."""
    chosen = {"goemotions": "macro_f1", "meld": "weighted_f1"}

    def score(model: WordsNet) -> float:
        of = partial(figures, model, tokenizer)
        return float(np.mean([of(corpus, part)[chosen[corpus]] for corpus, part in valid.items()]))

    return score
