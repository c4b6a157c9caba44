"""How often people say what an actor was asked for, from the voice alone, the face alone and both."""

from __future__ import annotations

from typing import Any

import numpy as np

from comp_core.data.cremad_people import Votes, actor_of, load_votes
from comp_core.data.paired import VOTES
from comp_core.support.checkpoint import sha256_of
from comp_core.training.task import Task

SOURCE = "CREMA-D: Cao et al. (2014), IEEE Transactions on Affective Computing 5(4), 377-390, doi:10.1109/TAFFC.2014.2336244"
LICENCE = "Open Database License 1.0"


def measure(task: Task) -> None:
    """Write ``people.json``, a table that is derived from CREMA-D's votes and stays under their licence."""
    votes = load_votes(task.data)
    actors = {actor_of(clip) for clip in votes.clips}
    about = {"source": SOURCE, "licence": LICENCE, "data": {VOTES: sha256_of(task.data / VOTES)}}
    task.write_report("people", {**about, "clips": len(votes.clips), "actors": len(actors), "metrics": figures(votes)})


def figures(votes: Votes) -> dict[str, Any]:
    """Condition -> number of answers, and the share of them that are what the actor was asked for: of single raters, and of the majorities.

    ``single`` counts each rater once. ``majority`` counts each clip once; clips in which several labels lead alike count in part.
    """
    asked, found = votes.asked_for, {}
    for condition, counted in votes.counts.items():
        counts = counted.astype(np.float64)
        most = counts == counts.max(1, keepdims=True)
        ways = {"single": (counts, counts.sum(1)), "majority": (most / most.sum(1, keepdims=True), np.ones(len(counts)))}
        found[condition] = {
            "answers": int(counts.sum()),
            **{way: _right(given, of, asked, votes.classes) for way, (given, of) in ways.items()},
        }
    return found


def _right(given: np.ndarray, of: np.ndarray, asked: np.ndarray, classes: list[str]) -> dict[str, Any]:
    """Share of what was ``given`` (N, K), of so much ``of`` each clip (N,), that is what was asked for: over all, and by label."""
    right = given[np.arange(len(asked)), asked]
    by_label = {name: float(right[asked == k].sum() / of[asked == k].sum()) for k, name in enumerate(classes) if (asked == k).any()}
    return {"all": float(right.sum() / of.sum()), "by_label": by_label}
