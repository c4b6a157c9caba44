"""What the ear hears in every clip, as it is and changed: computed once, as the ear is not trained."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from comp_core.data.speech import SpeechClip, SpeechSet
from comp_core.evaluation.sound_conditions import CONDITIONS
from comp_core.senses.speech.vad import SAMPLE_RATE
from comp_core.senses.voice.network import VoiceNet, VoiceNetConfig
from comp_core.senses.voice.spectra import HOP, LogMel
from comp_core.support.progress import progress
from comp_core.training.voice_augment import Chances, Changes
from comp_core.training.voice_sounds import Sounds, trimmed

STUDIO, TELEPHONE, NOISE = "studio", "telephone band", "pink noise, 10 dB"
VARIANTS = tuple(f"variant {number}" for number in range(10))
NARROW = VARIANTS[8:]  # always through a line that passes some frequencies only
SHORTEST, LONGEST = SAMPLE_RATE // 2, 5 * SAMPLE_RATE  # samples of a changed utterance
CUT = 0.25  # share of the changed utterances that have only begun, or are cut at both ends

# Batch of clips' numbers -> log-mel frames and how many are real.
_Draw = Callable[[np.ndarray], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Heard:
    """Clips and the ear's statistics of them.

    Attributes:
        versions: `STUDIO`, `TELEPHONE`, `NOISE` and each of `VARIANTS` -> (n, layers * 2 * width), half precision.
    """

    clips: tuple[SpeechClip, ...]
    versions: dict[str, np.ndarray]

    def rows(self, keep: Callable[[SpeechClip], bool]) -> np.ndarray:
        """The numbers of the clips that fulfil a condition."""
        return np.flatnonzero([keep(clip) for clip in self.clips])


def listen(corpus: SpeechSet, config: VoiceNetConfig, whisper: Mapping[str, Tensor], work: Path, device: str) -> Heard:
    """Every clip through the ear, in every version; kept in the work folder. A version takes about a minute on one core."""
    folder, clips = work / "voice_heard", tuple(corpus)
    index = folder / "index.json"
    names = json.dumps([[clip.corpus, clip.name] for clip in clips] + [config.blocks])
    if not index.exists() or index.read_text() != names:
        for old in folder.glob("*.npy"):
            old.unlink()
        folder.mkdir(parents=True, exist_ok=True)
        index.write_text(names)
    network = VoiceNet(config).listen_like(whisper).to(device).eval()
    waves = [trimmed(clip.samples) for clip in clips]
    versions = {}
    for version in progress((STUDIO, TELEPHONE, NOISE, *VARIANTS), "listening"):
        path = folder / f"{version}.npy"
        if not path.exists():
            np.save(path, _heard(network, *_version(version, waves, device)))
        versions[version] = np.load(path)
    return Heard(clips, versions)


def _version(version: str, waves: list[np.ndarray], device: str) -> tuple[Sounds, _Draw]:
    if version in VARIANTS:
        number = VARIANTS.index(version)
        torch.manual_seed(number)
        random = np.random.default_rng(number)
        sounds, changes = (
            Sounds(waves, device),
            Changes(torch.device(device), random, Chances(band=1.0) if version in NARROW else Chances()),
        )
        return sounds, lambda rows: changes(*sounds.batch(rows, *cut(sounds.lengths[rows], CUT, random)))
    random, log_mel = np.random.default_rng(0), LogMel(device)
    sounds = Sounds([np.asarray(CONDITIONS[version](wave, random), np.float32) for wave in waves], device)

    def draw(rows: np.ndarray) -> tuple[Tensor, Tensor]:
        padded, lengths = sounds.batch(rows)
        return log_mel(padded), lengths // HOP

    return sounds, draw


def _heard(network: VoiceNet, sounds: Sounds, draw: _Draw, batch: int = 16) -> np.ndarray:
    order = np.argsort(sounds.lengths, kind="stable")
    with torch.inference_mode():
        found = [network.statistics(*draw(rows)).cpu() for rows in np.array_split(order, -(-len(order) // batch))]
    return torch.cat(found).half().numpy()[np.argsort(order)]


def cut(lengths: np.ndarray, chance: float, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Where to begin and how much to take of utterances, in samples."""
    most = np.minimum(lengths, LONGEST)
    short = np.where(most > SHORTEST, random.integers(np.minimum(SHORTEST, most), most + 1), most)
    taken = np.where(random.random(len(lengths)) < chance, short, most)
    begun = random.random(len(lengths)) < 0.5
    return np.where(begun & (lengths <= LONGEST), 0, random.integers(0, lengths - taken + 1)), taken
