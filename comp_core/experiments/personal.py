"""What is a lesson of two tries worth? Actors of RAVDESS, whom no network has heard, teach seven labels and a name of their own.

Voices are read by the voice sense, as recorded and changed by rooms, lines and noise. No corpus of ours has faces with names,
so the face is stood in for by action units of the same actors (OpenFace), read by a linear head that was fitted on other actors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import torch

from comp_core.data.ravdess_takes import load_takes
from comp_core.data.speech import RAVDESS, TEST_FOLD, fold_of, parse_name
from comp_core.inference.personal import STRENGTH, Tries, fit, without_lesson
from comp_core.modalities import AUDIO, LABELS, LIVE, VIDEO
from comp_core.senses.voice.network import VoiceNet, VoiceNetConfig
from comp_core.support.checkpoint import load_checkpoint, restore, sha256_of
from comp_core.training.task import Task
from comp_core.training.voice import prepared
from comp_core.training.voice_folds import ask, unheard, within

STRENGTHS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
OWN = (*LABELS, "calm")  # RAVDESS's actors were asked for it, and it is no live label
# Both intensities are acted twice in each of two sentences; neutral has the first intensity only.
INTENSITIES = SENTENCES = REPETITIONS = (1, 2)

# (actor, class, intensity, sentence, repetition)
Key = tuple[str, str, int, int, int]
# Features (D,) and general probabilities (7,) of a take.
Takes = dict[Key, tuple[np.ndarray, np.ndarray]]


def measure(task: Task, epochs: int | None = None) -> None:
    """Write ``personal.json``: each strength of the ridge on actors of the training folds, and the one in use on the test fold's.

    ``chosen`` is the strength that the voices of the former choose: see `strongest`.

    Args:
        epochs: of the networks of the folds, by which voices are read that the final one has heard.
    """
    voices, changed, weights = _voices(task, epochs)
    both: dict[str, tuple[Takes, Takes | None]] = {AUDIO: (voices, changed), VIDEO: (_faces(task), None)}
    actors = sorted({key[0] for key in voices})
    test = [actor for actor in actors if fold_of(actor) == TEST_FOLD]
    choosing = [actor for actor in actors if actor not in test]
    metrics = {
        "choosing": {
            m: {str(strength): figures(*takes, choosing, LABELS, strength) for strength in STRENGTHS} for m, takes in both.items()
        },
        "test": {
            m: {name: figures(*takes, test, names, STRENGTH) for name, names in (("labels", LABELS), ("own", OWN))}
            for m, takes in both.items()
        },
    }
    made = {"weights": weights, "action_units": sha256_of(task.data / "ravdess_au_mfcc.npz"), "strength": STRENGTH}
    made["chosen"] = strongest(metrics["choosing"][AUDIO])
    task.write_report("personal", {**made, "choosing_actors": choosing, "test_actors": test, "metrics": metrics})


def strongest(by_strength: Mapping[str, Mapping[str, float]]) -> float:
    """The strongest ridge that is not worse than the best by more than the best's standard error over actors (Breiman et al., 1984).

    It is judged by another sentence in changed sound: what comes after a lesson is never its repeat.
    """
    best = max(by_strength.values(), key=lambda found: found["changed_with"])
    enough = best["changed_with"] - best["changed_error"]
    return max(float(strength) for strength, found in by_strength.items() if found["changed_with"] >= enough)


def figures(takes: Takes, changed: Takes | None, actors: Sequence[str], names: Sequence[str], strength: float) -> dict[str, Any]:
    """Shares of takes whose name is found, over all lessons of the actors.

    Args:
        changed: the same takes in changed sound, if there are.

    Returns:
        ``fitted``: of those that the head was fitted on; ``repeat``: of the same sentence once more; ``other``: of another sentence;
        ``changed``: the same in changed sound; each ``with`` the lesson and ``without``. ``changed_error``: standard error over actors.
        ``both``: of another sentence, fitted on both repetitions, as on the page.
        ``helped``, ``harmed``: share of the lessons after which more, or fewer, of the repeats are named.
    """
    wanted, known = np.arange(len(names)), np.array([name in LABELS for name in names])
    found: dict[str, list[np.ndarray]] = {}
    better = []
    for lesson in lessons(takes, changed, actors, names):
        head = fit(lesson["fitted"], wanted, names, strength)
        for part, tries in lesson.items():
            before = (without_lesson(tries.general, names).argmax(1) == wanted) & known
            after = head.log_probabilities(tries).argmax(1) == wanted
            found.setdefault(f"{part}_without", []).append(before)
            found.setdefault(f"{part}_with", []).append(after)
            if part == "repeat":
                better.append(int(after.sum()) - int(before.sum()))
        twice = Tries(*(np.concatenate(pair) for pair in zip(_parts(lesson["fitted"]), _parts(lesson["repeat"]), strict=True)))
        head = fit(twice, np.tile(wanted, 2), names, strength)
        found.setdefault("both_with", []).append(head.log_probabilities(lesson["other"]).argmax(1) == wanted)
    shares = {name: float(np.mean(hits)) for name, hits in found.items()}
    if changed is not None:
        by_actor = np.reshape(found["changed_with"], (len(actors), -1)).mean(1)
        shares["changed_error"] = float(by_actor.std(ddof=min(1, len(actors) - 1)) / np.sqrt(len(actors)))
    return {
        "lessons": len(better),
        **shares,
        "helped": float(np.mean(np.array(better) > 0)),
        "harmed": float(np.mean(np.array(better) < 0)),
    }


def lessons(takes: Takes, changed: Takes | None, actors: Sequence[str], names: Sequence[str]) -> Iterator[dict[str, Tries]]:
    """A take of each name: what is ``fitted``, the ``repeat`` of its sentence, the ``other`` sentence, and that one ``changed``.

    Each is (K, D) and (K, 7).
    """

    def tries(of: Takes, actor: str, intensity: int, sentence: int, repetition: int) -> Tries:
        found = [of[actor, name, 1 if name == "neutral" else intensity, sentence, repetition] for name in names]
        return Tries(*(np.array(part) for part in zip(*found, strict=True)))

    for actor, intensity, sentence, repetition in product(actors, INTENSITIES, SENTENCES, REPETITIONS):
        found = {
            "fitted": tries(takes, actor, intensity, sentence, repetition),
            "repeat": tries(takes, actor, intensity, sentence, 3 - repetition),
            "other": tries(takes, actor, intensity, 3 - sentence, repetition),
        }
        yield found if changed is None else {**found, "changed": tries(changed, actor, intensity, 3 - sentence, repetition)}


def _parts(tries: Tries) -> tuple[np.ndarray, np.ndarray]:
    return tries.features, tries.general


def key_of(name: str) -> Key:
    """Of a file of RAVDESS, by its name without suffix."""
    actor, label = parse_name(RAVDESS, name)
    intensity, sentence, repetition = (int(part) for part in name.split("-")[3:6])
    return actor, label, intensity, sentence, repetition


def _voices(task: Task, epochs: int | None) -> tuple[Takes, Takes, str]:
    """All takes as the voice sense reads them, and in changed sound, and the hash of its weights.

    What it has heard in training is read by the networks of the folds.
    """
    config, state, record = load_checkpoint(task.output("voice"), {"voice": VoiceNetConfig})
    reader = restore(VoiceNet, config, state).reader
    heard, _, settings, _ = prepared(task, epochs)
    answers = (unheard(heard, reader, config, settings, task.device), ask(reader, heard, heard.rows(within(TEST_FOLD))))
    random = np.random.default_rng(task.seed)
    takes: Takes = {}
    changed: Takes = {}
    for found in answers:
        with torch.inference_mode():
            said = reader.logits(torch.from_numpy(found.features))[LIVE].softmax(-1).numpy()
        for clip, features, general in zip(found.clips, found.features, said, strict=True):
            if clip.corpus == RAVDESS:
                # The first is the clip as it is.
                variant = random.integers(1, len(features))
                takes[key_of(clip.name)], changed[key_of(clip.name)] = ((features[i], general[i]) for i in (0, variant))
    return takes, changed, record["sha256"]


def _faces(task: Task) -> Takes:
    """All takes by their action units; the general head of each fold is fitted on the other actors, without those of the test fold."""
    units = {key_of(take.ids[0]): take.features[VIDEO][0].astype(float) for takes in load_takes(task.data).values() for take in takes}
    found = {}
    for fold in range(TEST_FOLD + 1):
        train = [key for key in units if fold_of(key[0]) not in (fold, TEST_FOLD) and key[1] in LABELS]
        given, labels = np.array([units[key] for key in train]), np.array([LABELS.index(key[1]) for key in train])
        mean, spread = given.mean(0), given.std(0).clip(min=1e-6)
        alike = np.full((len(train), len(LABELS)), 1 / len(LABELS))
        head = fit(Tries((given - mean) / spread, alike), labels, LABELS)
        for key in (key for key in units if fold_of(key[0]) == fold):
            features = (units[key] - mean) / spread
            found[key] = features, np.exp(head.log_probabilities(Tries(features, alike[0])))
    return found
