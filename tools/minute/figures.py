"""What is counted on a replayed minute: changes of the headline with what explains them, and who was right for how long."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any

from comp_core.inference.smoothing import SLOWER, TIME_CONSTANT
from comp_core.modalities import MODALITIES, NAMES, subset_name
from tools.minute.scenes import Minute

NOT_SURE, NOTHING = "not sure", "nothing to go on"
# A scene is seen to have changed after this long: no answer is right or wrong before.
SETTLED_S = 1.5
# What happened this long before the headline changed may explain it: the shown answer follows with this time constant at the slowest.
BEFORE_S = SLOWER * TIME_CONSTANT
# Who is compared: the headline, and the tile of each sense by itself, which is what the page would say with the others switched off.
HEADLINE = "headline"
WHO = (HEADLINE, *(NAMES[m] for m in MODALITIES))


@dataclass(frozen=True)
class Seen:
    """What the page drew at ``at`` (seconds), and the label of the scene; None before the wall and while a scene settles."""

    at: float
    view: Mapping[str, Any]
    label: str | None
    wall: bool

    @property
    def headline(self) -> str:
        return self.view["moment"]["headline"]

    def said_by(self, who: str) -> str:
        """A label, "not sure" or "nothing to go on"."""
        if who == HEADLINE:
            return self.headline
        modality = next(m for m in MODALITIES if NAMES[m] == who)
        told = self.view["subsets"][subset_name((modality,))]["told"]
        return told if told in (NOT_SURE, NOTHING) else told.split()[0]


def seen_of(minute: Minute, taken: float, at: float, view: Mapping[str, Any]) -> Seen:
    """What was drawn at ``at`` after the picture ``taken`` then."""
    scene = minute.scene_at(taken)
    return Seen(at, view, scene.label if taken >= scene.start + SETTLED_S else None, scene.label is None)


def changes(seen: Sequence[Seen]) -> list[dict[str, Any]]:
    """Each change of the headline: when, from what to what, the page's own sentence, and what had happened."""
    found = []
    for i, (before, after) in enumerate(pairwise(seen)):
        if before.headline != after.headline:
            told = {"at": round(after.at, 1), "from": before.headline, "to": after.headline, "why": after.view["moment"]["why"]}
            lately = [one for one in seen[:i] if one.at >= after.at - BEFORE_S]
            because = [what for one, next_one in pairwise([*lately, before, after]) for what in _happened(one, next_one)]
            found.append({**told, "label": after.label, "because": list(dict.fromkeys(because))})
    return found


def _happened(past: Seen, now: Seen) -> list[str]:
    """What is otherwise than just before: what is read, whose words, what a sense says by itself, and whether earlier sentences pull."""
    told = []
    if past.view["moment"]["of"] != now.view["moment"]["of"]:
        told.append(f"the headline is of {now.view['moment']['of']}")
    for m in MODALITIES:
        old, new = past.view["moment"]["modalities"][m], now.view["moment"]["modalities"][m]
        if old["state_text"] != new["state_text"]:
            told.append(f"{NAMES[m]}: {new['state_text']}")
        elif old["top"] != new["top"]:
            told.append(f"{NAMES[m]}: {old['top']} to {new['top']}")
    if past.view["transcript"]["text"] != now.view["transcript"]["text"]:
        told.append("other words")
    if "pull" in now.view["moment"]["why"] and "pull" not in past.view["moment"]["why"]:
        told.append("earlier sentences pull")
    return told


def figures(of_minutes: Sequence[Sequence[Seen]]) -> dict[str, Any]:
    """Over all minutes: how calm, how sure, how right."""
    counts = [changes(seen) for seen in of_minutes]
    everything = [one for seen in of_minutes for one in seen]
    labelled = [one for one in everything if one.label is not None]
    by_label = {label: [one for one in labelled if one.label == label] for label in sorted({one.label for one in labelled if one.label})}
    walls = [one for one in everything if one.wall]
    return {
        "minutes": len(of_minutes),
        "headline_changes": {
            "mean": sum(map(len, counts)) / len(counts),
            "median": median(map(len, counts)),
            "most": max(map(len, counts)),
            "unexplained": sum(not change["because"] for found in counts for change in found),
        },
        "not_sure": sum(one.headline == NOT_SURE for one in everything) / len(everything),
        "named_before_the_wall": sum(one.headline not in (NOT_SURE, NOTHING) for one in walls) / max(1, len(walls)),
        "who": {who: _answers(labelled, who) for who in WHO},
        "right_by_label": {
            label: {who: sum(one.said_by(who) == label for one in group) / len(group) for who in WHO} for label, group in by_label.items()
        },
        "said_by_label": {label: dict(Counter(one.headline for one in group)) for label, group in by_label.items()},
    }


def _answers(seen: Sequence[Seen], who: str) -> dict[str, float]:
    """Shares: of the time a label was named, was named and right; and wrong of what was named."""
    said = [(one.said_by(who), one.label) for one in seen]
    named = [(told, label) for told, label in said if told not in (NOT_SURE, NOTHING)]
    right = sum(told == label for told, label in named)
    return {
        "named": len(named) / len(said),
        "right": right / len(said),
        "wrong_when_named": 1 - right / len(named) if named else 0.0,
        "not_sure": sum(told == NOT_SURE for told, _ in said) / len(said),
    }
