"""What a model's outputs are worth: temperatures, who answers for several modalities, and from when on an answer is one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from torch import nn

from comp_core.data.conversations import Conversation
from comp_core.evaluation.answers import answer_threshold, choose_rules
from comp_core.evaluation.predictions import predictions
from comp_core.metrics.calibration import fit_temperature, softmax
from comp_core.metrics.rules import MODEL, RULES
from comp_core.modalities import MODALITIES, SUBSETS, subset_name, subsets_of
from comp_core.own.table import FEWEST_CLIPS


@dataclass(frozen=True)
class Asked:
    """What a model says of n utterances, from every subset of what it has learnt.

    Attributes:
        labels: (n,)
        there: (n, M) bool, which modalities each has.
        fused: subset -> (n, K)
        own: modality -> (n, K), its own head when it is given alone.
    """

    labels: np.ndarray
    there: np.ndarray
    fused: dict[str, np.ndarray]
    own: dict[str, np.ndarray]

    def has(self, subset: str) -> np.ndarray:
        """(n,) bool: all of the subset is there."""
        return np.asarray(self.there[:, [MODALITIES.index(m) for m in SUBSETS[subset]]].all(1))


def ask(model: nn.Module, conversations: Sequence[Conversation], learnt: Collection[str]) -> Asked:
    """Each utterance as the last of its window, as it is asked for in use."""
    found = predictions(model, conversations, subsets_of(learnt))
    there = np.concatenate([np.ones((len(c), len(MODALITIES)), bool) if c.there is None else c.there for c in conversations])
    own = {m: found[subset_name((m,))]["unimodal"][:, MODALITIES.index(m)] for m in MODALITIES if m in learnt}
    return Asked(next(iter(found.values()))["labels"], there, {name: f["fused"] for name, f in found.items()}, own)


def together(parts: Sequence[Asked]) -> Asked:
    """What was asked part by part, as one."""
    first = parts[0]
    return Asked(
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.there for part in parts]),
        {name: np.concatenate([part.fused[name] for part in parts]) for name in first.fused},
        {m: np.concatenate([part.own[m] for part in parts]) for m in first.own},
    )


@dataclass(frozen=True)
class Calibration:
    """As a checkpoint holds it; see `comp_core.inference.fusion.Fusion`.

    Attributes:
        fused: subset -> temperature.
        own: modality -> temperature.
        rules: subset of two or three -> who answers.
        sure_from: subset -> the answer threshold.
    """

    fused: dict[str, float]
    own: dict[str, float]
    rules: dict[str, str]
    sure_from: dict[str, float]

    def answers(self, asked: Asked, subset: str) -> np.ndarray:
        """(n, K) probabilities from a subset, as a model in use gives them."""
        own = {m: softmax(asked.own[m], self.own[m]) for m in SUBSETS[subset]}
        if len(own) == 1:
            return next(iter(own.values()))
        if (rule := self.rules[subset]) == MODEL:
            return softmax(asked.fused[subset], self.fused[subset])
        together = np.stack(list(own.values()))
        return RULES[rule](together, np.full(together.shape[-1], 1 / together.shape[-1]))


def calibrated(asked: Asked) -> Calibration:
    """By utterances that have all of a subset; on validation data. Of fewer than ``FEWEST_CLIPS`` nothing is told, and nothing is sure."""
    fused, rules, sure_from = dict.fromkeys(SUBSETS, 1.0), {}, dict.fromkeys(SUBSETS, 1.0)
    own = dict.fromkeys(MODALITIES, 1.0)
    enough = {name: asked.has(name) for name in asked.fused if asked.has(name).sum() >= FEWEST_CLIPS}
    for m in asked.own:
        if (name := subset_name((m,))) in enough:
            own[m] = fit_temperature(asked.own[m][enough[name]], asked.labels[enough[name]])
    for name, rows in enough.items():
        fused[name] = fit_temperature(asked.fused[name][rows], asked.labels[rows])
    for name in asked.fused:
        subset = SUBSETS[name]
        if len(subset) == 1:
            continue
        rules[name] = MODEL
        if name in enough:
            rows, labels = enough[name], asked.labels[enough[name]]
            alone = {m: softmax(asked.own[m][rows], own[m]) for m in subset}
            prior = np.full(asked.fused[name].shape[1], 1 / asked.fused[name].shape[1])
            by_rule = {rule: join(np.stack(list(alone.values())), prior) for rule, join in RULES.items()}
            by_rule[MODEL] = softmax(asked.fused[name][rows], fused[name])
            rules |= choose_rules({name: {"labels": labels}}, {name: by_rule}, alone)
    found = Calibration(fused, own, rules, sure_from)
    for name, rows in enough.items():
        sure_from[name] = answer_threshold(found.answers(asked, name)[rows], asked.labels[rows])
    return found


def in_use(asked: Asked, calibration: Calibration | None) -> np.ndarray:
    """(n, K) what a model in use says of each utterance from all that it has: probabilities, or without calibration scores."""
    outputs = np.zeros_like(next(iter(asked.fused.values())))
    for name in asked.fused:
        modalities = SUBSETS[name]
        exactly = (asked.there == [m in modalities for m in MODALITIES]).all(1)
        if not exactly.any():
            continue
        if calibration is not None:
            outputs[exactly] = calibration.answers(asked, name)[exactly]
        else:
            outputs[exactly] = (asked.own[modalities[0]] if len(modalities) == 1 else asked.fused[name])[exactly]
    return outputs
