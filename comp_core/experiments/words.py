"""The words sense on test texts: calibrated figures, and what lost and misheard words cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from comp_core.data.text import LabelledTexts, load_goemotions, load_meld_dialogues, load_plain, meld_texts
from comp_core.inference.degradation import misheard
from comp_core.metrics.calibration import fit_temperature, reliability, risk_coverage, softmax
from comp_core.metrics.figures import class_report
from comp_core.modalities import LABELS, LIVE
from comp_core.senses.words.network import WordsNet, WordsNetConfig
from comp_core.senses.words.sense import TOKENIZER, load_words_net
from comp_core.senses.words.tokens import load_tokenizer
from comp_core.support.checkpoint import load_checkpoint
from comp_core.training.task import Task
from comp_core.training.texts import run, unpunctuated

# A text, words to mishear it as, and randomness -> a worse text.
Condition = Callable[[str, Sequence[str], np.random.Generator], str]


def measure(task: Task) -> None:
    """Write ``words_test.json``: a temperature for each corpus's head from its validation texts, and figures from test.

    ``development`` are the live head's figures on the plain sentences by which it was chosen.
    """
    model, tokenizer = load_words_net(task.output("words")), load_tokenizer(task.weights / TOKENIZER)
    *_, record = load_checkpoint(task.output("words"), {"words": WordsNetConfig})
    report: dict[str, Any] = {"weights": record["sha256"], "temperature": {}, "metrics": {}, "confidence": {}, "conditions": {}}
    tests = {}
    for corpus in model.config.corpora:
        valid, tests[corpus] = (texts_of(task, corpus, split) for split in ("valid", "test"))
        temperature = fit_temperature(logarithms(model, tokenizer, corpus, valid.texts), valid.labels)
        known = softmax(logarithms(model, tokenizer, corpus, tests[corpus].texts), temperature), tests[corpus].labels
        report["temperature"][corpus] = temperature
        report["metrics"][corpus] = class_report(*known, LABELS)
        report["confidence"][corpus] = {"reliability": reliability(*known), "risk_coverage": risk_coverage(*known)}
        report["conditions"][corpus] = conditions_report(model, tokenizer, corpus, tests[corpus], temperature, task.seed)
    plain = load_plain("development")
    report["development"] = {
        form: class_report(np.exp(logarithms(model, tokenizer, LIVE, [change(text) for text in plain.texts])), plain.labels, LABELS)
        for form, change in (("as_written", str), ("unpunctuated", unpunctuated))
    }
    task.write_report("words_test", report)


def texts_of(task: Task, corpus: str, split: str) -> LabelledTexts:
    """The rows of a corpus that have one label."""
    part = load_goemotions(task.data, split) if corpus == "goemotions" else meld_texts(load_meld_dialogues(task.data, split))
    return part.single()


def logarithms(model: WordsNet, tokenizer: Tokenizer, head: str, texts: Sequence[str]) -> np.ndarray:
    """Log-probabilities (n, 7) of a head."""
    return np.log(run(model, tokenizer, texts)[1][head].clip(1e-9))


def conditions_report(
    model: WordsNet, tokenizer: Tokenizer, head: str, test: LabelledTexts, temperature: float, seed: int
) -> dict[str, dict[str, Any]]:
    """Metrics under each of the ``CONDITIONS``."""
    lexicon = [word for text in test.texts for word in unpunctuated(text).split()]
    results = {}
    for name, worsen in CONDITIONS.items():
        random = np.random.default_rng(seed)
        worse = [worsen(text, lexicon, random) or text for text in test.texts]
        results[name] = class_report(softmax(logarithms(model, tokenizer, head, worse), temperature), test.labels)
    return results


def _dropped(rate: float) -> Condition:
    return lambda text, _, random: " ".join(word for word in unpunctuated(text).split() if random.random() >= rate)


def _misheard(rate: float) -> Condition:
    return lambda text, lexicon, random: " ".join(misheard(unpunctuated(text).split(), rate, lexicon, random))


CONDITIONS: dict[str, Condition] = {
    "as written": lambda text, *_: text,
    "lower case, no punctuation": lambda text, *_: unpunctuated(text),
    "so, and a fifth of the words lost": _dropped(0.2),
    "so, and a fifth of the words misheard": _misheard(0.2),
    "so, and half of the words misheard": _misheard(0.5),
}
