"""How good a fusion model is with every subset of modalities, and whether it beats rules that learn nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from comp_core.data.conversations import Conversation, masked_batch
from comp_core.evaluation.loop import last_of, predict_entries
from comp_core.inference.windows import window_ends
from comp_core.metrics.calibration import fit_temperature, reliability, risk_coverage, softmax
from comp_core.metrics.figures import class_report, mean_and_spread
from comp_core.metrics.rules import ALIKE, RULES
from comp_core.modalities import LABELS, MODALITIES, SUBSETS, subset_name
from comp_core.modeling.batch import Batch

# An answer is given where at most this share of such answers was wrong on validation data.
RISK = 1 / 3
WINDOWS_TOGETHER = 512
_KEYS = ("accuracy", "uar", "weighted_f1", "ece")

# Subset name -> what `predictions` returns.
Found = dict[str, dict[str, np.ndarray]]
# "fused": by subset, "unimodal": by modality.
Temperatures = dict[str, dict[str, float]]


def predictions(
    model: nn.Module,
    conversations: Sequence[Conversation],
    subsets: Mapping[str, Sequence[str]] = SUBSETS,
    masks: Sequence[np.ndarray] | None = None,
) -> Found:
    """Predict each utterance as the last of its window of up to `CONTEXT`, from each of the subsets. The page reads `READ`.

    Args:
        masks: of each conversation, (n, M) bool, what of it is observed; None: what was recorded.

    Returns:
        For each subset ``labels`` (n,), ``unimodal_labels`` (n, M), ``fused`` logits (n, K), ``unimodal`` logits (n, M, K),
        ``weights`` (n, M).
    """
    batches = windows_of(conversations, masks)
    entries = [last_of(batch.conversations.valid) for batch in batches]
    labels, unimodal_labels = (
        torch.cat([values[asked] for values, asked in zip(given, entries, strict=True)]).numpy()
        for given in ([batch.labels for batch in batches], [batch.unimodal_labels for batch in batches])
    )
    found = {}
    for name, subset in subsets.items():
        parts = [batch.conversations.only(subset) for batch in batches]
        told = predict_entries(model, zip(parts, entries, strict=True))
        found[name] = {
            "labels": labels,
            "unimodal_labels": unimodal_labels,
            "fused": told.logits,
            "unimodal": told.unimodal,
            "weights": told.weights,
        }
    return found


def windows_of(conversations: Sequence[Conversation], masks: Sequence[np.ndarray] | None = None) -> list[Batch]:
    """Each utterance as the last of its window, in batches that fit into memory; see `predictions`."""
    masks = masks or [np.ones_like(c.unimodal_labels, bool) for c in conversations]
    cut = [(c.window(part), mask[part]) for c, mask in zip(conversations, masks, strict=True) for part in window_ends(len(c))]
    starts = range(0, len(cut), WINDOWS_TOGETHER)
    return [masked_batch(*zip(*cut[i : i + WINDOWS_TOGETHER], strict=True)) for i in starts]


def fit_temperatures(found: Found) -> Temperatures:
    """A temperature for the fused logits from each subset, and one for each modality's own head; on validation data."""
    unimodal = {}
    for i, modality in enumerate(MODALITIES):
        alone = found.get(subset_name((modality,)))
        if alone is None:
            continue
        unimodal[modality] = fit_temperature(alone["unimodal"][:, i], alone["unimodal_labels"][:, i])
    return {"fused": {name: fit_temperature(f["fused"], f["labels"]) for name, f in found.items()}, "unimodal": unimodal}


def report(
    found: Found,
    temperature: Temperatures,
    by_sense: Mapping[str, np.ndarray] | None = None,
    prior: np.ndarray = ALIKE,
    labels: Sequence[str] = LABELS,
) -> dict[str, dict[str, Any]]:
    """Metrics for each of the subsets in ``found``.

    Args:
        by_sense: modality -> (n, K), what the ``RULES`` join; None: what the same model makes of each modality alone.
        prior: (K,) that the joined predictions have counted in, for the product rule.
        labels: names of the K classes.

    Returns:
        Subset -> ``fused`` metrics and the mean coordinator ``weights``; with one modality, how well its ``unimodal`` head names what it
        shows; with more, the metrics of the ``RULES``.
    """
    fused = {name: softmax(f["fused"], temperature["fused"][name]) for name, f in found.items()}
    results: dict[str, dict[str, Any]] = {}
    for name in found:
        subset, right = SUBSETS[name], found[name]["labels"]
        weights = found[name]["weights"].mean(0).round(4).tolist()
        results[name] = {"fused": class_report(fused[name], right, labels), "weights": dict(zip(MODALITIES, weights, strict=True))}
        if len(subset) == 1:
            i = MODALITIES.index(subset[0])
            unimodal = softmax(found[name]["unimodal"][:, i], temperature["unimodal"][subset[0]])
            results[name]["unimodal"] = class_report(unimodal, found[name]["unimodal_labels"][:, i], labels)
            if by_sense:
                results[name]["rules"] = {"sense": class_report(by_sense[subset[0]], right, labels)}
        else:
            alone = np.stack([by_sense[m] if by_sense else fused[subset_name((m,))] for m in subset])
            results[name]["rules"] = {rule: class_report(join(alone, prior), right) for rule, join in RULES.items()}
    return results


def confidence_report(found: Found, temperature: Temperatures) -> dict[str, list[dict[str, float]]]:
    """Reliability diagram and risk-coverage curve of the fused output, over all seven subsets."""
    pooled = _pooled(found, temperature)
    return {"reliability": reliability(*pooled), "risk_coverage": risk_coverage(*pooled)}


def spread(reports: Sequence[dict[str, dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """Mean and standard deviation over seeds of each subset's figures: fused, and the rules' where there are any."""

    def over(figures: Sequence[dict[str, float]]) -> dict[str, dict[str, float]]:
        return {key: mean_and_spread([f[key] for f in figures]) for key in _KEYS}

    return {
        name: {
            "fused": over([r[name]["fused"] for r in reports]),
            **{rule: over([r[name]["rules"][rule] for r in reports]) for rule in first.get("rules", {})},
        }
        for name, first in reports[0].items()
    }


def _pooled(found: Found, temperature: Temperatures) -> tuple[np.ndarray, np.ndarray]:
    fused = np.concatenate([softmax(f["fused"], temperature["fused"][name]) for name, f in found.items()])
    return fused, np.concatenate([f["labels"] for f in found.values()])
