"""Classes and scores are judged in one way."""

import numpy as np
import pytest
import torch

from comp_core.metrics.figures import sentiment_report
from comp_core.modeling.objectives import Classes, Scores


def test_the_loss_of_classes_is_weighted_cross_entropy():
    logits, target = torch.randn(4, 5, 3), torch.randint(3, (4, 5))
    weight = np.array([1.0, 2.0, 0.5])
    loss = Classes("abc", weight).loss(logits, target)
    expected = -logits.log_softmax(-1)[1, 2, target[1, 2]] * weight[target[1, 2]]
    torch.testing.assert_close(loss[1, 2], expected.float())
    assert loss.shape == (4, 5)


def test_errors_are_zero_where_nothing_is_wrong():
    sure = torch.tensor([[50.0, 0.0, 0.0]])
    assert Classes("abc").error(sure, torch.tensor([0])) < 1e-6 < 0.99 < Classes("abc").error(sure, torch.tensor([1]))
    assert Scores().error(torch.tensor([[2.0]]), torch.tensor([2.0])) == 0
    torch.testing.assert_close(Scores().error(torch.tensor([[2.0]]), torch.tensor([-1.0])), torch.tensor([3.0]))
    assert Scores().likelihood(torch.tensor([[2.0]]), torch.tensor([2.0])) == 1


def test_sentiment_figures_are_those_of_the_literature():
    labels = np.array([3.0, -1.0, 0.0, 2.0, -2.0])
    scores = np.array([1.0, -0.4, -2.0, -0.2, -5.0])
    report = sentiment_report(scores, labels)
    assert report["accuracy"] == pytest.approx(3 / 4)  # the utterance with label 0 does not count
    assert report["majority"] == pytest.approx(1 / 2)
    assert report["accuracy_7"] == pytest.approx(0 / 5)
    assert report["mae"] == pytest.approx(np.mean([2, 0.6, 2, 2.2, 3]))
    assert report["pearson"] == pytest.approx(np.corrcoef(scores, labels)[0, 1])
    assert report["n"] == 5
    # Of the four: precision and recall of negative are 2/3 and 1, of positive 1 and 1/2.
    assert report["weighted_f1"] == pytest.approx(0.5 * (2 * 2 / 3 / (5 / 3)) + 0.5 * (2 * 0.5 / 1.5))
    assert sentiment_report(np.zeros(5), labels)["pearson"] == 0
