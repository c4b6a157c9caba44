"""How far a words network carries from one corpus to the other: comments on the web, and the script of a television series."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch

from comp_core.training.fit import FitConfig, fit
from comp_core.training.task import Task
from comp_core.training.texts import figures, noisy_batches, selection_score, shares_of
from comp_core.training.words import layer_groups, load_corpora, loss_of, start


def measure(task: Task, epochs: int = 1) -> None:
    """Train on one corpus alone, test on it and on the other; write ``words_cross.json``.

    The epoch is chosen on the validation split of the corpus that was trained on. Figures are of the rows with one label.
    """
    corpora = load_corpora(task)
    metrics = {}
    for source in corpora:
        torch.manual_seed(task.seed)
        random = np.random.default_rng(task.seed)
        model, tokenizer = start(corpora, heads=[source])
        own = {source: corpora[source]["train"]}
        batches, steps = noisy_batches(tokenizer, own, {source: len(own[source])}, random)
        settings = FitConfig(epochs, learning_rate=2e-4, weight_decay=0.05, average=0.99, seed=task.seed)
        loss = partial(loss_of, shares=shares_of(own))
        score = selection_score(tokenizer, {source: corpora[source]["valid"]})
        model, _ = fit(model.to(task.device).requires_grad_(True), batches, steps, loss, score, settings, groups=layer_groups)
        metrics[source] = {name: figures(model, tokenizer, [source], parts["test"])[0] for name, parts in corpora.items()}
    task.write_report("words_cross", {"seed": task.seed, "epochs": epochs, "metrics": metrics})
