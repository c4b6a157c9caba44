"""How every model is trained and judged: fixed masks, choice of the setting and of the epoch, figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from comp_core.benchmark.conditions import RATES, conditions, masks_of
from comp_core.benchmark.datasets import Dataset, Split, mix_features
from comp_core.benchmark.held import Held
from comp_core.benchmark.learning import GradientSizes
from comp_core.benchmark.methods import Method, Problem
from comp_core.benchmark.search import AS_CONFIGURED, Setting
from comp_core.data.conversations import masked_batch
from comp_core.data.masks import exact_random_mask
from comp_core.evaluation.dominance import dominance_report
from comp_core.evaluation.loop import Predicted, concatenated
from comp_core.metrics.bootstrap import tallies
from comp_core.modalities import MODALITIES, subset_name
from comp_core.modeling.prlf import PRLF
from comp_core.support.devices import CPU
from comp_core.support.threads import one_thread
from comp_core.training.fusion import at_random_rates, fit_fusion


@dataclass(frozen=True)
class Protocol:
    """How figures come about.

    Attributes:
        rates: missing rates that are reported.
        select: ``valid``: one model for all rates, its setting and epoch chosen on validation data under fixed masks. ``test``: the
            literature's way, for comparison with its tables only: a model for each rate, as configured, its epoch the best on *test* data.
        device: to train and predict on.
        settings: what every method may choose among; see `comp_core.benchmark.search`.
        draws: of test masks, over which the figures at a missing rate are averaged.
    """

    rates: Sequence[float] = RATES
    select: str = "valid"
    device: str = CPU
    settings: Sequence[Setting] = (AS_CONFIGURED,)
    draws: int = 3


@dataclass(frozen=True)
class Tested:
    """What one training gave on the test data of its fold.

    Attributes:
        found: condition -> predictions under each draw of its masks.
        history: of the training.
        parameters: of the model.
        setting: the name of the one that was best on validation data.
        learning: the modality learning index of the training.
        leading: of PRLF, condition -> `dominance_report`.
    """

    found: dict[str, list[Predicted]]
    history: list[dict[str, float]]
    parameters: int
    setting: str
    learning: float
    leading: dict[str, dict[str, Any]] = field(default_factory=dict)


def trainings(dataset: Dataset, protocol: Protocol) -> list[tuple[int, float | None]]:
    """What one seed of a method takes: a training for each fold, and, with ``select`` "test", for each rate; else the rate is None."""
    rates = list(protocol.rates) if protocol.select == "test" else [None]
    return [(fold, rate) for fold in range(len(dataset.folds)) for rate in rates]


@one_thread()
def train_and_test(
    dataset: Dataset, method: Method, seed: int, fold: int, at: float | None, protocol: Protocol, epochs: int | None = None
) -> Tested:
    """One of the `trainings`."""
    split = dataset.folds[fold]
    trained = _chosen(dataset, split, method, seed, protocol, epochs, at)
    named = conditions(dataset.given, protocol.rates)
    if at is not None:
        named = {name: rate for name, rate in named.items() if rate == at}
    test, found, leading = split["test"], {}, {}
    held = Held(test, protocol.device)
    for name, condition in named.items():
        # A subset is no matter of chance.
        draws = 1 if isinstance(condition, tuple) else protocol.draws
        masks = [masks_of(test, condition, "test", dataset.given, seed, draw) for draw in range(draws)]
        found[name] = held.under(*masks).answers(trained.model)
        if method.leads and at is None and isinstance(condition, float):
            batch = masked_batch(test, masks[0]).to(protocol.device)
            leading[name] = dominance_report(cast(PRLF, trained.model), batch, dataset.objective, seed=seed)
    parameters = sum(p.numel() for p in trained.model.parameters())
    return Tested(found, trained.history, parameters, trained.setting.name, trained.learning, leading)


def joined(dataset: Dataset, protocol: Protocol, parts: Sequence[Tested]) -> dict[str, Any]:
    """The figures of one seed of a method, from all its `trainings` in their order.

    Returns:
        ``conditions``: name -> figures, means over draws of masks; with one modality also ``unimodal``, those of its head. ``tallies``:
        rate -> figure -> its `Tally`. ``weights``: subset -> mean weight of each modality. ``history``, ``settings`` and
        ``learning``: of each training. ``parameters``. Of PRLF also ``leading``: rate -> `dominance_report` of each fold.
    """
    folds = [fold for fold, _ in trainings(dataset, protocol)]
    figures, weights, sums = {}, {}, {}
    for name, condition in conditions(dataset.given, protocol.rates).items():
        tested = [(fold, part.found[name]) for fold, part in zip(folds, parts, strict=True) if name in part.found]
        if not tested:
            continue
        videos = [c for fold, _ in tested for c in dataset.folds[fold]["test"]]
        labels = np.concatenate([c.labels for c in videos])
        draws = [concatenated(some) for some in zip(*(found for _, found in tested), strict=True)]
        figures[name] = _means([dataset.objective.report(draw.logits, labels) for draw in draws])
        if isinstance(condition, float):
            units = [dataset.unit(c.ids[0]) for c in videos for _ in c.ids]
            sums[name] = {key: tally.to_json() for key, tally in tallies(np.stack([d.logits for d in draws]), labels, units).items()}
        if isinstance(condition, tuple):
            weights[subset_name(condition)] = dict(zip(MODALITIES, draws[0].weights.mean(0).round(4).tolist(), strict=True))
            if len(condition) == 1:
                figures[name]["unimodal"] = dataset.objective.report(draws[0].unimodal[:, MODALITIES.index(condition[0])], labels)
    leading: dict[str, list[dict[str, Any]]] = {}
    for part in parts:
        for name, led in part.leading.items():
            leading.setdefault(name, []).append(led)
    of_each = {"history": "history", "settings": "setting", "learning": "learning"}
    return {
        "conditions": figures,
        "tallies": sums,
        "weights": weights,
        "parameters": parts[-1].parameters,
        "leading": leading,
        **{key: [getattr(part, name) for part in parts] for key, name in of_each.items()},
    }


def _means(reports: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Figure by figure the mean of reports of the same labels; what is no number is the first's."""
    first = reports[0]
    return {key: float(np.mean([r[key] for r in reports])) if isinstance(value, float) else value for key, value in first.items()}


@dataclass(frozen=True)
class Trained:
    """A model with the epoch that was best by its protocol, and how it came about."""

    model: nn.Module
    history: list[dict[str, float]]
    setting: Setting
    learning: float

    @property
    def score(self) -> float:
        return max(row["score"] for row in self.history)


def _chosen(dataset: Dataset, fold: Split, method: Method, seed: int, protocol: Protocol, epochs: int | None, at: float | None) -> Trained:
    """The model with the setting that is best on validation data; on test data nothing but the epoch is chosen."""
    settings = [s for s in protocol.settings if dataset.feature_mixing or not s.mixed] if at is None else [AS_CONFIGURED]
    found = (train(dataset, fold, method, setting, seed, protocol, epochs, at) for setting in settings)
    return max(found, key=lambda trained: trained.score)


def train(
    dataset: Dataset,
    fold: Split,
    method: Method,
    setting: Setting,
    seed: int,
    protocol: Protocol,
    epochs: int | None = None,
    at: float | None = None,
) -> Trained:
    """One model; ``at`` a rate it is trained and chosen at that rate on test data, otherwise at all rates on validation data."""
    # The released code holds no validation data back where the release has none.
    train = fold["train"] + (fold["valid"] if at is not None and dataset.valid_from_train else [])
    epochs = round(method.epochs * (epochs or dataset.epochs))
    steps = epochs * -(-len(train) // dataset.batch)
    problem = Problem(dataset.dims, dataset.objective, dataset.given, dataset.longest, steps, setting.dropout)
    torch.manual_seed(seed)
    model = method.build(problem).to(protocol.device)
    loss, around_step = method.train(model, problem)
    sizes = GradientSizes(model.encoders, dataset.given, around_step)
    split = protocol.select
    judged = fold[split]
    rates = protocol.rates if at is None else [at]
    asked = Held(judged, protocol.device).under(*(masks_of(judged, float(rate), split, dataset.given, seed) for rate in rates))
    labels = np.concatenate([c.labels for c in judged])

    def score_of(net: nn.Module) -> float:
        return float(np.mean([dataset.objective.score(found.logits, labels) for found in asked.answers(net)]))

    def masking(recorded: Tensor, generator: torch.Generator) -> Tensor:
        return at_random_rates(recorded, generator) if at is None else exact_random_mask(recorded, at, generator)

    shares = dataset.feature_mixing if setting.mixed else {}
    best, history = fit_fusion(
        model,
        loss,
        lambda random: mix_features(train, shares, random),
        score_of,
        replace(setting.of(method.settings), epochs=epochs, seed=seed),
        batch_size=dataset.batch,
        masking=masking,
        given=dataset.given,
        around_step=sizes,
    )
    return Trained(best, history, setting, sizes.index)
