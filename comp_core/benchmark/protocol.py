"""How every model is trained and judged: conditions, fixed masks, choice of the epoch, figures."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from comp_core.benchmark.datasets import Dataset, Split, mix_features
from comp_core.benchmark.methods import Method, Problem
from comp_core.data.conversations import Conversation, batch_of
from comp_core.data.masks import fixed_mask
from comp_core.evaluation.dominance import dominance_report
from comp_core.modalities import MODALITIES, subset_name, subsets_of
from comp_core.modeling.batch import Batch
from comp_core.support.devices import CPU, device_of
from comp_core.training.fusion import at_random_rates, fit_fusion

RATES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
MOSTLY_GONE = 0.9
# Validation masks differ from test masks by the split's name, and from training masks by being fixed.
MASK_SEED = 2026
VALIDATIONS = 4
_EVALUATED_TOGETHER = 64

# What is observed: a missing rate, a rate for each modality, or the modalities that are there.
Condition = float | Mapping[str, float] | Collection[str]


@dataclass(frozen=True)
class Protocol:
    """How figures come about.

    Attributes:
        rates: missing rates that are reported.
        select: ``valid``: one model for all rates, its epoch chosen on validation data under fixed masks. ``test``: the literature's
            way, for comparison with its tables only: a model for each rate, its epoch the best on *test* data.
        device: to train and predict on.
    """

    rates: Sequence[float] = RATES
    select: str = "valid"
    device: str = CPU


def conditions(given: Collection[str], rates: Sequence[float]) -> dict[str, Condition]:
    """Name -> condition: the rates, the subsets, and each modality mostly gone."""
    by_rate: dict[str, Condition] = {f"rate {rate}": rate for rate in rates}
    gone: dict[str, Condition] = {f"{modality} mostly gone": {modality: MOSTLY_GONE} for modality in MODALITIES if modality in given}
    return {**by_rate, **{f"only {name}": subset for name, subset in subsets_of(given).items()}, **gone}


def masks_of(conversations: Sequence[Conversation], condition: Condition, split: str, given: Collection[str]) -> list[np.ndarray]:
    """What is observed of each conversation, (n, M) bool."""
    absent = {m: 1.0 for m in MODALITIES if m not in given}
    masks = []
    for conversation in conversations:
        if isinstance(condition, float):
            # With two modalities only, the rate is that of the two: fixed by their rates, as no third one can be kept in their place.
            rate = condition if not absent else dict.fromkeys(given, condition) | absent
            masks.append(fixed_mask(conversation.ids, split, MASK_SEED, rate))
        elif isinstance(condition, Mapping):
            masks.append(fixed_mask(conversation.ids, split, MASK_SEED, {**condition, **absent}))
        else:
            masks.append(np.tile([m in condition for m in MODALITIES], (len(conversation), 1)))
    return masks


@dataclass(frozen=True)
class Found:
    """Predictions for all utterances of some conversations: ``logits`` (n, K), ``unimodal`` (n, M, K), ``weights`` (n, M)."""

    logits: np.ndarray
    unimodal: np.ndarray
    weights: np.ndarray


def masked_batch(conversations: Sequence[Conversation], masks: Sequence[np.ndarray]) -> Batch:
    """Conversations as one batch, of which the (n, M) ``masks`` tell what is observed."""
    batch = batch_of(conversations)
    observed = torch.zeros_like(batch.recorded)
    for row, mask in zip(observed, masks, strict=True):
        row[: len(mask)] = torch.from_numpy(mask)
    return replace(batch, conversations=batch.conversations.observe(observed & batch.recorded))


@torch.inference_mode()
def predict(model: nn.Module, conversations: Sequence[Conversation], masks: Sequence[np.ndarray]) -> Found:
    """Predict whole conversations under the masks."""
    device = device_of(model)
    parts: list[tuple[Tensor, Tensor, Tensor]] = []
    for start in range(0, len(conversations), _EVALUATED_TOGETHER):
        some = slice(start, start + _EVALUATED_TOGETHER)
        whole = masked_batch(conversations[some], masks[some]).conversations.to(device)
        output = model(whole)
        parts.append(tuple(x[whole.valid].cpu() for x in (output.logits, output.modality_logits, output.weights)))
    return Found(*(torch.cat(column).numpy() for column in zip(*parts, strict=True)))


@dataclass(frozen=True)
class Tested:
    """What one training gave on the test data of its fold.

    Attributes:
        found: condition -> predictions.
        history: of the training.
        parameters: of the model.
        leading: of PRLF, condition -> `dominance_report`.
    """

    found: dict[str, Found]
    history: list[dict[str, float]]
    parameters: int
    leading: dict[str, dict[str, Any]] = field(default_factory=dict)


def trainings(dataset: Dataset, protocol: Protocol) -> list[tuple[int, float | None]]:
    """What one seed of a method takes: a training for each fold, and, with ``select`` "test", for each rate; else the rate is None."""
    rates = list(protocol.rates) if protocol.select == "test" else [None]
    return [(fold, rate) for fold in range(len(dataset.folds)) for rate in rates]


def train_and_test(
    dataset: Dataset, method: Method, seed: int, fold: int, at: float | None, protocol: Protocol, epochs: int | None = None
) -> Tested:
    """One of the `trainings`, on one thread: another number of them changes last digits, and a training makes those grow."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        split = dataset.folds[fold]
        model, history = _train(dataset, split, method, seed, protocol, epochs, at)
        named = conditions(dataset.given, protocol.rates)
        if at is not None:
            named = {name: rate for name, rate in named.items() if rate == at}
        test, found, leading = split["test"], {}, {}
        for name, condition in named.items():
            masks = masks_of(test, condition, "test", dataset.given)
            found[name] = predict(model, test, masks)
            if method.leads and at is None and isinstance(condition, float):
                leading[name] = dominance_report(model, masked_batch(test, masks).to(protocol.device), dataset.objective, seed=seed)
    finally:
        torch.set_num_threads(threads)
    return Tested(found, history, sum(p.numel() for p in model.parameters()), leading)


def joined(dataset: Dataset, protocol: Protocol, parts: Sequence[Tested]) -> dict[str, Any]:
    """The figures of one seed of a method, from all its `trainings` in their order.

    Returns:
        ``conditions``: name -> figures; with one modality also ``unimodal``, those of its head. ``weights``: subset -> mean weight of each
        modality. ``history``: of each training. ``parameters``. Of PRLF also ``leading``: rate -> `dominance_report` of each fold.
    """
    folds = [fold for fold, _ in trainings(dataset, protocol)]
    figures, weights = {}, {}
    for name, subset in conditions(dataset.given, protocol.rates).items():
        tested = [(fold, part.found[name]) for fold, part in zip(folds, parts, strict=True) if name in part.found]
        if not tested:
            continue
        labels = np.concatenate([c.labels for fold, _ in tested for c in dataset.folds[fold]["test"]])
        found = Found(*(np.concatenate([getattr(f, key) for _, f in tested]) for key in ("logits", "unimodal", "weights")))
        figures[name] = dataset.objective.report(found.logits, labels)
        if isinstance(subset, tuple):
            weights[subset_name(subset)] = dict(zip(MODALITIES, found.weights.mean(0).round(4).tolist(), strict=True))
            if len(subset) == 1:
                figures[name]["own"] = dataset.objective.report(found.unimodal[:, MODALITIES.index(subset[0])], labels)
    leading: dict[str, list[dict[str, Any]]] = {}
    for part in parts:
        for name, led in part.leading.items():
            leading.setdefault(name, []).append(led)
    history, parameters = [part.history for part in parts], parts[-1].parameters
    return {"conditions": figures, "weights": weights, "history": history, "parameters": parameters, "leading": leading}


def _train(
    dataset: Dataset, fold: Split, method: Method, seed: int, protocol: Protocol, epochs: int | None, at: float | None
) -> tuple[nn.Module, list[dict[str, float]]]:
    """One model; ``at`` a rate it is trained and chosen at that rate on test data, otherwise at all rates on validation data."""
    epochs = round(method.epochs * (epochs or dataset.epochs))
    steps = epochs * -(-len(fold["train"]) // dataset.batch)
    problem = Problem(dataset.dims, dataset.objective, dataset.given, dataset.longest, steps)
    torch.manual_seed(seed)
    model = method.build(problem).to(protocol.device)
    loss, around_step = method.train(model, problem)
    split = protocol.select
    judged = fold["test"]
    if split == "valid":
        # Several draws of the mistakes: one is a small sample.
        random, shares = np.random.default_rng(MASK_SEED), dataset.feature_mixing.get(split, {})
        judged = [c for _ in range(VALIDATIONS if shares else 1) for c in mix_features(fold[split], shares, random)]
    rates = protocol.rates if at is None else [at]
    masks = [masks_of(judged, rate, split, dataset.given) for rate in rates]
    labels = np.concatenate([c.labels for c in judged])

    def score_of(net: nn.Module) -> float:
        return float(np.mean([dataset.objective.score(predict(net, judged, some).logits, labels) for some in masks]))

    def masking(valid: Tensor, generator: torch.Generator) -> Tensor:
        if at is None:
            return at_random_rates(valid, generator)
        seeds = torch.randint(2**31, (len(valid),), generator=generator).tolist()
        drawn = [fixed_mask([str(n) for n in range(valid.shape[1])], "train", s, at) for s in seeds]
        return torch.from_numpy(np.stack(drawn)) & valid.unsqueeze(-1)

    return fit_fusion(
        model,
        loss,
        lambda random: mix_features(fold["train"], dataset.feature_mixing.get("train", {}), random),
        score_of,
        replace(method.settings, epochs=epochs, seed=seed),
        batch_size=dataset.batch,
        masking=masking,
        given=dataset.given,
        around_step=around_step,
    )
