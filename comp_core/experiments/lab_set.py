"""The conversations on which the lab's curve is drawn: some of the live models' test data, as features."""

from __future__ import annotations

import numpy as np

from comp_core.evaluation.curve import save_conversations
from comp_core.training.live import PAIRING_SEED
from comp_core.training.live_features import paired_split
from comp_core.training.task import Task

UTTERANCES = 400


def measure(task: Task) -> None:
    """Write ``lab/lab_set.npz`` beside the weights: test dialogues of MELD with faces and voices paired by label, drawn at random."""
    paired = paired_split(task, "test", ["as_written"])
    random = np.random.default_rng(PAIRING_SEED)
    dialogues = paired.draw(random)
    chosen, count = [], 0
    for i in random.permutation(len(dialogues)):
        if count >= UTTERANCES:
            break
        chosen.append(dialogues[i])
        count += len(dialogues[i])
    save_conversations(task.weights.parent / "lab" / "lab_set.npz", chosen)
    print(f"{len(chosen)} dialogues, {count} utterances")
