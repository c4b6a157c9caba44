"""Utterances with holes."""

import json

import numpy as np
import pytest
import torch

from comp_core.cli import main
from comp_core.data.paired import ALWAYS
from comp_core.experiments import partial_loss
from comp_core.experiments.partial_loss import SHARES, frames_with_holes, words_with_holes
from comp_core.modeling.comp import ComP, ComPConfig
from comp_core.reports.tables import partial_loss_table
from tests.core.training.test_training import made_up_dialogues


@pytest.mark.parametrize("share", SHARES)
def test_the_share_asked_for_is_lost_and_the_order_stays(share):
    random = np.random.default_rng(0)
    words = [str(n) for n in range(4000)]
    kept = words_with_holes(share, random)(" ".join(words)).split()
    assert len(kept) / len(words) == pytest.approx(1 - share, abs=0.03)
    assert kept == sorted(kept, key=int)
    spectra = torch.arange(3000.0).expand(2, 3, -1)
    left = frames_with_holes(spectra, share, random)
    assert left.shape[-1] / 3000 == pytest.approx(1 - share, abs=0.03)
    assert (left.diff() > 0).all()


def test_something_is_always_left():
    random = np.random.default_rng(0)
    assert words_with_holes(1.0, random)("hello there") == "hello"
    assert frames_with_holes(torch.ones(2, 3, 5), 1.0, random).shape == (2, 3, 1)
    assert words_with_holes(0.5, random)("") == ""


def test_the_command_reports_both_models_at_every_share(tmp_path, monkeypatch):
    dialogues = made_up_dialogues(4, np.random.default_rng(0))
    seen = []

    def features(task, split, form):
        seen.append(len(form("a b c d e f g h i j").split()))
        return dialogues.words[0]

    description = {"name": "A model", "temperature": {"fused": dict.fromkeys(("A", "T", "AT", "ATV"), 1.0)}}
    model = ComP(ComPConfig(dims=dict.fromkeys(("audio", "text", "video"), 7), outputs=7, width=8)).eval()
    for name, stand_in in {
        "meld_features": features,
        "voice_pool": lambda *_: dialogues.voices,
        "face_pool": lambda *_: dialogues.faces,
        "people": lambda _task: ALWAYS,
        "load_meld_dialogues": lambda *_: dialogues.dialogues,
        "load_fusion": lambda stem: (model, {**description, "name": stem.name}),
    }.items():
        monkeypatch.setattr(partial_loss, name, stand_in)
    assert main(["experiment", "partial_loss", "--data", str(tmp_path), "--reports", str(tmp_path)]) == 0
    assert seen[0] == 10 and min(seen) < 5
    report = json.loads((tmp_path / "partial_loss.json").read_text())
    assert set(report["metrics"]) == {"comp", "prlf"}
    assert list(report["metrics"]["comp"]) == [str(share) for share in SHARES]
    assert partial_loss_table(report).count("\n") == 1 + 2 * 4
