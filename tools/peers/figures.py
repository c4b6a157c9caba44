"""What the updates of one peer say: faces found, changes of what is shown, time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from tests.support.minute import FACE, HAND, Scene

RATE = 10  # pictures a second, as live
WARM_UP_S = 3  # in the first seconds memory, kernels and compiled code are prepared


@dataclass(frozen=True)
class Update:
    """What a peer answered to the picture of ``scene``; ``label`` is what is shown, None where nothing is."""

    scene: Scene
    found: bool
    label: str | None
    wall_ms: float
    cpu_ms: float


# The updates of one pass through the minute, a picture each.
Run = Sequence[Update]


def figures(runs: Sequence[Run]) -> dict[str, Any]:
    """The figures of one peer.

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
