"""What the updates of one peer say: faces found, changes of what is shown, time, and who is right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from comp_core.experiments.recognition import word_errors, words_of
from comp_core.modalities import LABELS
from tests.support import minute
from tests.support.minute import FACE, HAND
from tools.minute import scenes
from tools.minute.figures import SETTLED_S

RATE = 10  # pictures a second, as live
LABELLED_RATE = 5  # of the minutes with labels, which are longer
SETTLED = round(SETTLED_S * LABELLED_RATE)  # pictures
WARM_UP_S = 3  # in the first seconds memory, kernels and compiled code are prepared
# Other tools' words for our labels.
_OURS = {"happy": "joy", "sad": "sadness", "angry": "anger", "fearful": "fear", "disgusted": "disgust", "surprised": "surprise"}


@dataclass(frozen=True)
class Said:
    """What a recording says, and how long it is."""

    words: str
    seconds: float


# What a picture shows, a scene of the minute with one face or of those with labels; or what a recording says.
Given = minute.Scene | scenes.Scene | Said


@dataclass(frozen=True)
class Update:
    """What a peer answered to a picture of ``scene``, or to a recording; ``label`` is what is shown or understood, or None."""

    scene: Any  # a `Given`: whoever makes the film and whoever counts know which
    found: bool
    label: str | None
    wall_ms: float
    cpu_ms: float


# The updates of one pass through the minute, a picture each.
Run = Sequence[Update]


def figures(runs: Sequence[Run]) -> dict[str, Any]:
    """The figures of one peer on the minute with one face.

    ``changes`` are of what is shown, a label or nothing, for one run: ``all`` over the minute; ``face`` and ``hand`` between two pictures
    of one scene that shows the face free, or with a hand before the mouth. Times are of an update; the mean is taken of each second
    that shows the face, and of these the median and the quartiles. They are None where no second is left.
    """
    updates = [update for run in runs for update in run]
    there = [update for update in updates if update.scene.has_face]
    pairs = [pair for run in runs for pair in pairwise(run)]
    changed = [(a, b) for a, b in pairs if a.label != b.label]
    within = Counter(a.scene.shows for a, b in changed if a.scene is b.scene)
    wall, cpu = (_seconds(runs, key) for key in ("wall_ms", "cpu_ms"))
    return {
        "found": {"of_faces": _share(there), "of_none": _share([update for update in updates if not update.scene.has_face])},
        "changes": {name: count / len(runs) for name, count in (("all", len(changed)), (FACE, within[FACE]), (HAND, within[HAND]))},
        "labels": {
            shows: dict(Counter(update.label or "none" for update in there if update.scene.shows == shows).most_common())
            for shows in (FACE, HAND)
        },
        "updates_per_second": round(1000 / wall["median"], 2) if wall else None,
        "wall_ms": wall,
        "cpu_ms": cpu,
    }


def rightness(runs: Sequence[Run]) -> dict[str, Any]:
    """The figures of one peer on minutes whose faces have labels: shares of the pictures with a face, and changes of the label a minute.

    A label is ``named`` where it is one of the seven; it is ``right`` where it is that of the scene. Pictures at which a scene has only
    just begun count for nobody.
    """
    updates = [update for run in runs for update in run]
    settled = [u for run in runs for i, u in enumerate(run) if u.scene.label and i >= SETTLED and run[i - SETTLED].scene is u.scene]
    said = [(_OURS.get(u.label or "", u.label), u.scene.label) for u in settled]
    changed = sum(a.label != b.label for run in runs for a, b in pairwise(run))
    return {
        "faces": len(settled),
        "found": _share(settled),
        "named": sum(label in LABELS for label, _ in said) / len(said),
        "right": sum(label == truth for label, truth in said) / len(said),
        "right_by_label": {
            label: sum(told == label for told, truth in said if truth == label) / sum(truth == label for _, truth in said)
            for label in LABELS
            if any(truth == label for _, truth in said)
        },
        "changes_per_minute": 60 * LABELLED_RATE * changed / len(updates),
    }


def understood(runs: Sequence[Run]) -> dict[str, Any]:
    """The figures of a recogniser: words replaced, left out or put in, as a share of the words said, and time for a second of speech.

    The first answer, which loads what is loaded at first use, counts for the words and not for the time.
    """
    updates = [update for run in runs for update in run]
    errors = [word_errors(" ".join(words_of(u.scene.words)), u.label or "") for u in updates]
    warm = [update for run in runs for update in run[1:]]
    seconds = sum(update.scene.seconds for update in warm)
    return {
        "word_error_rate": sum(wrong for wrong, _ in errors) / sum(words for _, words in errors),
        "whole_sentences": sum(not wrong for wrong, _ in errors) / len(errors),
        **{f"{key}_per_second": round(sum(getattr(u, key) for u in warm) / seconds, 1) for key in ("wall_ms", "cpu_ms")},
    }


def _share(updates: Sequence[Update]) -> float | None:
    return sum(update.found for update in updates) / len(updates) if updates else None


def _seconds(runs: Sequence[Run], key: str) -> dict[str, Any] | None:
    means = [
        np.mean([getattr(update, key) for update in run[first : first + RATE]])
        for run in runs
        for first in range(WARM_UP_S * RATE, len(run), RATE)
        if run[first].scene.has_face
    ]
    if not means:
        return None
    lower, middle, upper = np.percentile(means, (25, 50, 75)).round(2).tolist()
    return {"median": middle, "quartiles": [lower, upper], "seconds": len(means)}
