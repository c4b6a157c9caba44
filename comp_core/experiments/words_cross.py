"""How far a words network carries from one corpus to the other: comments on the web, and the script of a television series."""

from __future__ import annotations

import numpy as np
import torch

from comp_core.training.fit import FitConfig, fit
from comp_core.training.task import Task
from comp_core.training.texts import figures, noisy_batches, selection_score
from comp_core.training.words import load_corpora, loss_of, start


def measure(task: Task, epochs: int = 3) -> None:
    """Train on one corpus alone, test on it and on the other; write ``words_cross.json``.

    The epoch is chosen on the validation split of the corpus that was trained on. Figures are of the rows with one label.
    """
    corpora = load_corpora(task)
    metrics = {}
    for source in corpora:
        torch.manual_seed(task.seed)
        random = np.random.default_rng(task.seed)
        model, tokenizer = start(corpora, random, heads=[source])
        batches, steps = noisy_batches(tokenizer, {source: corpora[source]["train"]}, {source: len(corpora[source]["train"])}, random)
        settings = FitConfig(epochs, learning_rate=4e-4, weight_decay=0.05, average=0.995, seed=task.seed)
        score = selection_score(tokenizer, {source: corpora[source]["valid"]})
        model, _ = fit(model.to(task.device).requires_grad_(True), batches, steps, loss_of, score, settings)
        metrics[source] = {name: figures(model, tokenizer, source, parts["test"]) for name, parts in corpora.items()}
    task.write_report("words_cross", {"seed": task.seed, "epochs": epochs, "metrics": metrics})
