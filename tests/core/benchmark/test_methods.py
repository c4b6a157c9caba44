"""What methods with stages are trained to do in each of them."""

from dataclasses import replace

import torch

from comp_core.benchmark import methods
from comp_core.benchmark.methods import METHODS, Problem
from comp_core.data.conversations import batch_of
from comp_core.modeling.objectives import Scores
from tests.core.benchmark.test_benchmark import made_up


def started(name, steps):
    """A model before its training, the training's loss, and a batch of which a third is missing."""
    dataset = made_up(Scores())
    problem = Problem(dataset.dims, dataset.objective, dataset.given, dataset.longest, steps)
    torch.manual_seed(0)
    model = METHODS[name].build(replace(problem, dropout=0.0)).eval()
    whole = batch_of(dataset.folds[0]["train"])
    observed = torch.rand(whole.conversations.observed.shape, generator=torch.Generator().manual_seed(0)) > 1 / 3
    masked = whole.conversations.observe(observed & whole.conversations.valid.unsqueeze(-1))
    return model, METHODS[name].train(model, problem)[0], replace(whole, conversations=masked)


def reached(model, total):
    model.zero_grad()
    total.backward()
    return {name.split(".")[0] for name, p in model.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0}


def test_energies_come_into_balance_after_the_modalities_have_learnt_alone(monkeypatch):
    model, loss, batch = started("energy", steps=4)
    fusing = {"residual", "classifier"}
    for _ in range(2):
        assert not reached(model, loss(model, batch)) & fusing
    learnt = model.alone(model.read(batch.conversations)[0]).detach()
    assert reached(model, loss(model, batch)) >= fusing
    asked = []
    inner = methods.follow_loss
    monkeypatch.setattr(methods, "follow_loss", lambda *a: asked.append(a[1]) or inner(*a))
    with torch.no_grad():
        for p in model.parameters():
            p += 0.1
    loss(model, batch)
    # Who teaches is the model as it was after the first half.
    torch.testing.assert_close(asked[0], learnt)


def test_the_diffusion_learns_from_what_the_mask_hides():
    model, loss, batch = started("spectral", steps=4)
    torch.manual_seed(1)
    task = methods._task_loss(model, batch, Scores())
    hidden = loss(model, batch) - task
    assert hidden > 0.01
    torch.testing.assert_close(loss(model, replace(batch, recorded=batch.conversations.observed)), task)
