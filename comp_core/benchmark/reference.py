"""A linear model beside the methods: multinomial logistic regression on the features of a subset of modalities, one for each subset."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F

from comp_core.benchmark.datasets import Dataset
from comp_core.data.conversations import Conversation
from comp_core.metrics.figures import class_report
from comp_core.modalities import subsets_of

_DECAY = 1e-3
_STEPS = 200


def logistic_regression(dataset: Dataset) -> dict[str, dict[str, float]]:
    """Subset -> accuracy and UAR on the tests of all folds together, of models fitted on train and valid, which choose nothing."""
    found = {}
    for name, subset in subsets_of(dataset.given).items():
        guesses, labels = [], []
        for fold in dataset.folds:
            known = _rows(fold["train"] + fold["valid"], subset)
            features, truth = _rows(fold["test"], subset)
            guesses.append(_fitted(*known, dataset.objective.outputs)(features))
            labels.append(truth)
        report = class_report(torch.cat(guesses).softmax(-1).numpy(), torch.cat(labels).numpy())
        found[f"only {name}"] = {key: report[key] for key in ("accuracy", "uar")}
    return found


def _rows(conversations: Sequence[Conversation], subset: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
    features = np.concatenate([np.concatenate([c.features[m] for m in subset], 1) for c in conversations])
    return torch.from_numpy(features).double(), torch.from_numpy(np.concatenate([c.labels for c in conversations]))


def _fitted(features: torch.Tensor, labels: torch.Tensor, classes: int) -> Callable[[torch.Tensor], torch.Tensor]:
    """A linear map of standardised features with the least log loss."""
    mean, spread = features.mean(0), features.std(0).clamp(min=1e-2)
    linear = torch.nn.Linear(features.shape[1], classes, dtype=torch.double)
    torch.nn.init.zeros_(linear.weight)
    torch.nn.init.zeros_(linear.bias)
    optimiser = torch.optim.LBFGS(linear.parameters(), max_iter=_STEPS, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        loss = F.cross_entropy(linear((features - mean) / spread), labels) + _DECAY * linear.weight.square().sum()
        loss.backward()
        return loss

    optimiser.step(closure)
    linear.requires_grad_(False)
    return lambda asked: linear((asked - mean) / spread)
