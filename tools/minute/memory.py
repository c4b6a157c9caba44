"""How many earlier sentences should count? `python -m tools.minute.memory --data DATA --out assets/reports/memory.json`.

Conversations of acted and of synthetic utterances, made as `tools.minute.scenes` says, but read by the senses directly. The label stays
from one sentence to the next with a given probability; 30 % are said with no face.
`READ` in comp_core/inference/windows.py is chosen from this.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import torch

from comp_core.data.ferplus import framed
from comp_core.data.speech import decode
from comp_core.inference.windows import CONTEXT, Moment
from comp_core.modalities import AUDIO, LABELS, TEXT, VIDEO
from comp_core.modeling.registry import KINDS
from comp_core.predictor import Predictor
from comp_core.senses.face.locator import FaceLocator
from comp_core.senses.reading import NO_FACE, Reading
from comp_core.support.checkpoint import hashes_of
from comp_core.support.progress import progress
from comp_core.support.provenance import made_by
from comp_core.training.texts import unpunctuated
from tests.browser.media import speak
from tools.minute.scenes import PARTS, VOICES, acted_voices, agreed_faces, level, plain_sentences
from tools.told import tell

STAYS = (0.2, 0.4, 0.8)
EARLIER = (0, 1, 2, 3, CONTEXT - 1)
LENGTH, FACELESS = 12, 0.3
# What RAVDESS' actors say, by the number in the file's name.
DOOR = ("kids are talking by the door", "dogs are sitting by the door")
# Which senses read the last sentence of a conversation.
GIVEN = {True: "ATV", False: "AT"}


class Speakers:
    """Utterances of a split by label, each read once."""

    def __init__(self, data: Path, split: str, predictor: Predictor, random: np.random.Generator) -> None:
        self._voices, self._faces = acted_voices(data, split), agreed_faces(data, split)
        self._sentences, self._predictor, self._random = plain_sentences(split), predictor, random
        self._locator = FaceLocator(tracking=False)
        self._read: dict[object, Moment] = {}

    def utterance(self, label: str) -> Moment:
        """Voice and words, acted or synthetic."""
        if self._random.random() < 0.5:
            clip = self._voices[label][self._random.integers(len(self._voices[label]))]
            if clip not in self._read:
                self._read[clip] = self._moment(decode(clip), DOOR[int(clip.stem.split("-")[4]) - 1])
            return self._read[clip]
        sentence = self._sentences[label][self._random.integers(len(self._sentences[label]))]
        key = sentence, str(self._random.choice(VOICES))
        if key not in self._read:
            with TemporaryDirectory() as folder:
                self._read[key] = self._moment(speak(sentence, Path(folder), key[1]), unpunctuated(sentence))
        return self._read[key]

    def face(self, label: str) -> Reading:
        """One in which the mesh finds a face."""
        for i in self._random.permutation(len(self._faces[label])):
            name, image = self._faces[label][i]
            if name not in self._read:
                seen = self._predictor.face.see(cv2.cvtColor(framed(image), cv2.COLOR_GRAY2RGB), self._locator)
                self._read[name] = {VIDEO: self._predictor.face.summarise([seen])}
            if self._read[name][VIDEO].present:
                return self._read[name][VIDEO]
        raise ValueError(f"the mesh finds none of the faces of {label}.")

    def _moment(self, samples: np.ndarray, words: str) -> Moment:
        return {AUDIO: self._predictor.voice.read(level(samples)), TEXT: self._predictor.words.read(words)}


def conversation(speakers: Speakers, stay: float, random: np.random.Generator) -> tuple[list[str], list[Moment]]:
    """Labels and readings of ``LENGTH`` utterances."""
    labels, moments, face = list[str](), list[Moment](), Reading.absent(NO_FACE)
    for _ in range(LENGTH):
        if not labels or random.random() >= stay:
            labels.append(str(random.choice([label for label in LABELS if label not in labels[-1:]])))
            face = speakers.face(labels[-1])
        else:
            labels.append(labels[-1])
        there = random.random() >= FACELESS
        moments.append({**speakers.utterance(labels[-1]), VIDEO: face if there else Reading.absent(NO_FACE)})
    return labels, moments


def figures(predictor: Predictor, conversations: Sequence[tuple[list[str], list[Moment]]]) -> dict[str, dict[str, dict[int, dict]]]:
    """Model -> what was given -> earlier sentences that count -> share right, and mean log-probability of the label."""
    found: dict[tuple[str, str, int], list[tuple[bool, float]]] = {}
    for labels, moments in progress(conversations, "conversations"):
        for n, label in enumerate(labels):
            for model in predictor.fusions:
                for earlier in EARLIER:
                    fused = predictor.fusion(model).fuse_last(moments[max(0, n - earlier) : n + 1]).fused or {}
                    key = model, GIVEN[moments[n][VIDEO].present], earlier
                    found.setdefault(key, []).append((max(fused, key=lambda one: fused[one]) == label, float(np.log(fused[label] + 1e-6))))
    told: dict[str, dict[str, dict[int, dict]]] = {}
    for (model, given, earlier), rows in sorted(found.items()):
        right, log = (float(np.mean(column)) for column in zip(*rows, strict=True))
        told.setdefault(model, {}).setdefault(given, {})[earlier] = {"n": len(rows), "accuracy": right, "log_probability": log}
    return told


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.minute.memory", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder that holds ravdess_speech and ferplus.npz")
    parser.add_argument("--split", choices=tuple(PARTS), default="valid", help="of the corpora (default: %(default)s)")
    parser.add_argument("--conversations", type=int, default=30, help="for each probability to stay (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="also write the JSON here")
    options = parser.parse_args()
    torch.set_num_threads(1)
    predictor, random = Predictor.load(tuple(KINDS), "cpu"), np.random.default_rng(options.seed)
    for fusion in predictor.fusions.values():
        fusion.context = CONTEXT  # their checkpoints keep to what this table chose
    speakers = Speakers(options.data, options.split, predictor, random)
    stays = {stay: [conversation(speakers, stay, random) for _ in range(options.conversations)] for stay in STAYS}
    report = {
        **made_by(f"python -m tools.minute.memory --data DATA --split {options.split} --conversations {options.conversations}"),
        "split": options.split,
        "seed": options.seed,
        "weights": hashes_of(("face", "voice", "words", *KINDS)),
        "metrics": {stay: figures(predictor, made) for stay, made in stays.items()},
    }
    tell(report, options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
