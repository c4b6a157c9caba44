"""What a visitor is answered: one sense's own prediction, and of several the fusion model's only where it is worth its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from comp_core.data.conversations import Conversation
from comp_core.evaluation.predictions import RISK, Found, Temperatures
from comp_core.metrics.calibration import answer_from, softmax
from comp_core.metrics.figures import class_report
from comp_core.metrics.rules import ALIKE, MODEL, PEOPLE, RULES, as_people
from comp_core.modalities import MODALITIES, SUBSETS
from comp_core.senses.reading import Sense

# A label that is not clearly likelier than chance is no answer, however good the answers before it were: this share of the way from chance
# to certainty, of seven labels to 30 %.
_OVER_CHANCE = 11 / 60


def alone(senses: Mapping[str, Sense], conversations: Sequence[Conversation]) -> dict[str, np.ndarray]:
    """Modality -> what its sense alone makes of every utterance, (n, K), in the order of `predictions`."""
    return {m: senses[m].probabilities(np.concatenate([c.features[m] for c in conversations])) for m in MODALITIES}


def candidates(
    found: Found, temperature: Temperatures, by_sense: Mapping[str, np.ndarray], joint: np.ndarray
) -> dict[str, dict[str, np.ndarray]]:
    """Subset of two or three -> each of the ``RULES``, `PEOPLE` and `MODEL` -> probabilities (n, K).

    Args:
        joint: how far voice and face agree, see `as_people`.
    """
    results = {}
    for name, subset in SUBSETS.items():
        if len(subset) > 1:
            together = np.stack([by_sense[m] for m in subset])
            results[name] = {rule: join(together, ALIKE) for rule, join in RULES.items()}
            results[name][PEOPLE] = as_people({m: by_sense[m] for m in subset}, joint)
            results[name][MODEL] = softmax(found[name]["fused"], temperature["fused"][name])
    return results


def choose_rules(found: Found, several: Mapping[str, Mapping[str, np.ndarray]], by_sense: Mapping[str, np.ndarray]) -> dict[str, str]:
    """Subset of two or three -> who of the `candidates` answers; on validation data.

    The fusion model does, where its accuracy and its UAR are at least those of the average and of the best single sense. Elsewhere the
    rule with the highest sum of both does.
    """
    chosen = {}
    for name, by_rule in several.items():
        labels = found[name]["labels"]
        known = {rule: _figures(probabilities, labels) for rule, probabilities in by_rule.items()}
        to_beat = [known["late_average"], *(_figures(by_sense[m], labels) for m in SUBSETS[name])]
        worth_it = (known[MODEL] >= np.max(to_beat, 0)).all()
        chosen[name] = MODEL if worth_it else max(known.keys() - {MODEL}, key=lambda rule: known[rule].sum())
    return chosen


def answered(
    several: Mapping[str, Mapping[str, np.ndarray]], by_sense: Mapping[str, np.ndarray], rules: Mapping[str, str]
) -> dict[str, np.ndarray]:
    """Each of the seven subsets -> the answers of who was chosen for it, (n, K)."""
    return {name: several[name][rules[name]] if len(subset) > 1 else by_sense[subset[0]] for name, subset in SUBSETS.items()}


def answer_threshold(answers: np.ndarray, labels: np.ndarray) -> float:
    """The confidence from which on an answer (n, K) is wrong at most at a rate of ``RISK``, and never near chance; on validation data."""
    chance = 1 / answers.shape[1]
    return max(chance + _OVER_CHANCE * (1 - chance), answer_from(answers, labels, RISK))


def _figures(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    report = class_report(probabilities, labels)
    return np.array([report["accuracy"], report["uar"]])
