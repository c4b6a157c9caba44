"""Why the fused answer is what it is, in one sentence: who says it, who says something else, and what was said before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.live.phrases import Probabilities, listed, percent, ranked
from comp_core.modalities import MODALITIES, NAMES, TEXT

# A label that the conversation raises by less than this is not worth a word.
PULL = 0.1
_COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven")


@dataclass(frozen=True)
class Pull:
    """Earlier sentences make ``label`` more likely; ``count`` of them were themselves judged to be it."""

    label: str
    count: int


def pull_of(fused: Probabilities | None, afresh: Probabilities | None, earlier: Iterable[Probabilities | None]) -> Pull | None:
    """What the conversation adds to one moment.

    Args:
        fused: the answer in the conversation.
        afresh: the answer of the same moment without it.
        earlier: the answers of the sentences before.
    """
    if fused is None or afresh is None:
        return None
    label = max(fused, key=lambda one: fused[one] - afresh[one])
    if fused[label] - afresh[label] < PULL:
        return None
    return Pull(label, sum(_top(one) == label for one in earlier if one is not None))


def no_senses_own(record: Mapping[str, Any]) -> bool:
    """The fused label is not the first choice of any sense by itself."""
    return record["fused"] is not None and _top(record["fused"]) not in {_top(own) for _, own in _there(record)}


def why(record: Mapping[str, Any], pull: Pull | None = None) -> str:
    """The sentence; "" where there is nothing to go on.

    Args:
        record: of the predictor, as a dict (see `comp_core.inference.fusion.Fused`).
    """
    senses = _there(record)
    if record["fused"] is None or not senses:
        return ""
    if len(senses) == 1:
        return f"Only {_name(senses[0][0])} can be read now{_alone(record, *senses[0])}."
    told = _who_says_it(record, senses)
    return f"{told}; {_pulled(pull)}." if pull else f"{told}."


def _alone(record: Mapping[str, Any], modality: str, own: Probabilities) -> str:
    """A single sense answers; unless it has begun to say something else, and does not yet clearly say it."""
    label, p = ranked(own)[0]
    if label != _top(record["fused"]):
        return f", and {'they lean' if modality == TEXT else 'it leans'} to {label} ({percent(p)}), too little to change the answer at once"
    return f", and the answer is {'their' if modality == TEXT else 'its'} own"


def _who_says_it(record: Mapping[str, Any], senses: Sequence[tuple[str, Probabilities]]) -> str:
    answer = _top(record["fused"])
    tops = {m: ranked(own)[0] for m, own in senses}
    saying = [m for m, (label, p) in tops.items() if label == answer and p >= record["sure_from"]]
    others = {m: top for m, top in tops.items() if m not in saying}
    if not saying:
        parts = [f"{_name(m)} {_verb(m)} {label} {percent(p)}" for m, (label, p) in others.items()]
        known = "is sure of" if answer in dict(tops.values()) else "says"
        return f"No sense by itself {known} {answer}: {listed(parts)}"
    if not others:
        return f"{_names(saying)} {'both' if len(saying) == 2 else 'all'} say {answer}".capitalize()
    share = f" {percent(dict(senses)[saying[0]][answer])}" if len(saying) == 1 else ""
    first = f"{_names(saying)} {_verb(*saying)} {answer}{share}".capitalize()
    return ", ".join([first, *(_differs(m, *top, record["sure_from"]) for m, top in others.items())])


def _differs(modality: str, label: str, p: float, answer_threshold: float) -> str:
    if p < answer_threshold:
        return f"{_name(modality)} {'are' if modality == TEXT else 'is'} not sure"
    return f"{_name(modality)} {'disagree' if modality == TEXT else 'disagrees'} ({label} {percent(p)})"


def _pulled(pull: Pull) -> str:
    if pull.count == 0:
        return f"what was said before pulls to {pull.label}"
    plural = pull.count > 1
    return f"{_COUNTS[pull.count]} earlier sentence{'s pull' if plural else ' pulls'} to {pull.label}"


def _there(record: Mapping[str, Any]) -> list[tuple[str, Probabilities]]:
    """Words first, as people would name them; then voice and face."""
    return [(m, record[m]) for m in sorted(MODALITIES, key=lambda m: m != TEXT) if record[m] is not None]


def _top(probabilities: Probabilities) -> str:
    return ranked(probabilities)[0][0]


def _name(modality: str) -> str:
    return f"the {NAMES[modality]}"


def _names(modalities: Sequence[str]) -> str:
    return listed([NAMES[m] for m in modalities]) if len(modalities) > 1 or modalities[0] == TEXT else _name(modalities[0])


def _verb(*modalities: str) -> str:
    return "say" if len(modalities) > 1 or modalities == (TEXT,) else "says"
