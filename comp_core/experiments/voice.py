"""The voice sense on the test speakers: calibrated figures, and what rooms, noise and bad microphones cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from comp_core.data.speech import SpeechClip, load_speech
from comp_core.inference.degradation import band_limited, noisy
from comp_core.metrics.calibration import fit_temperature, reliability, risk_coverage, softmax
from comp_core.metrics.figures import class_report
from comp_core.modalities import LABELS
from comp_core.senses.speech.vad import SAMPLE_RATE
from comp_core.senses.voice.network import VoiceNet, VoiceNetConfig
from comp_core.support.checkpoint import load_checkpoint, restore
from comp_core.support.progress import progress
from comp_core.training.task import Task
from comp_core.training.voice import LIVE, answers, example

# Sound (n,) and randomness -> worse sound.
Condition = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def measure(task: Task) -> None:
    """Write ``voice_test.json``: the live head; temperature from the validation speakers, figures from the test speakers."""
    config, state, record = load_checkpoint(task.output("voice"), {"voice": VoiceNetConfig})
    model = restore(VoiceNet, config, state)
    corpus = load_speech(task.data, task.work).where(lambda clip: clip.live_index is not None)
    valid, test = corpus.split("valid"), corpus.split("test")
    temperature = fit_temperature(*live_logits(model, list(valid)))
    random, conditions = np.random.default_rng(task.seed), {}
    for name, worsen in CONDITIONS.items():
        values, labels = live_logits(model, [_worse(clip, worsen, random) for clip in progress(list(test), name)])
        conditions[name] = class_report(softmax(values, temperature), labels, LABELS)
    values, labels = live_logits(model, list(test))
    known = softmax(values, temperature), labels
    corpora = {name: np.array([clip.corpus == name for clip in test]) for name in sorted({clip.corpus for clip in test})}
    task.write_report(
        "voice_test",
        {
            "weights": record["sha256"],
            "temperature": temperature,
            "metrics": {
                "live": class_report(*known, LABELS),
                **{f"live_{name}": class_report(known[0][rows], labels[rows], LABELS) for name, rows in corpora.items()},
            },
            "reliability": reliability(*known),
            "risk_coverage": risk_coverage(*known),
            "conditions": conditions,
        },
    )


def live_logits(model: VoiceNet, clips: Sequence[SpeechClip]) -> tuple[np.ndarray, np.ndarray]:
    """Log-probabilities of the live head (n, K), and live labels (n,)."""
    return answers(model, [example(clip)[0] for clip in clips], LIVE).numpy(), np.array([clip.live_index for clip in clips])


def _worse(clip: SpeechClip, worsen: Condition, random: np.random.Generator) -> SpeechClip:
    samples = worsen(np.asarray(clip.samples, np.float32), random).astype(np.float32)
    return SpeechClip(samples, clip.name, clip.corpus, clip.speaker, clip.class_name)


def _noise(snr_db: float, colour: float) -> Condition:
    return lambda samples, random: noisy(samples, snr_db, colour, random)


def _room(seconds: float, direct: float) -> Condition:
    """A room in which sound falls by 60 dB in ``seconds``; ``direct`` is the share of the energy that comes without reflection."""

    def worsen(samples: np.ndarray, random: np.random.Generator) -> np.ndarray:
        count = round(seconds * SAMPLE_RATE)
        tail = random.normal(size=count) * 10 ** (-3 * np.arange(count) / count)
        tail *= np.sqrt((1 - direct) / direct / np.sum(tail**2))
        tail[0] = 1.0
        size = len(samples) + count
        return np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(tail, size), size)[: len(samples)]

    return worsen


def _mu_law(samples: np.ndarray, _: np.random.Generator) -> np.ndarray:
    """Eight bits a sample, as in telephony (ITU-T G.711's curve)."""
    scaled = samples / max(float(np.abs(samples).max()), 1e-6)
    compressed = np.sign(scaled) * np.log1p(255 * np.abs(scaled)) / np.log(256)
    rounded = np.round(compressed * 127) / 127
    return np.sign(rounded) * np.expm1(np.abs(rounded) * np.log(256)) / 255


def _first(seconds: float) -> Condition:
    """The beginning only: an utterance that has just begun. What precedes the first loud sample is silence."""

    def worsen(samples: np.ndarray, _: np.random.Generator) -> np.ndarray:
        start = int(np.argmax(np.abs(samples) > 0.05 * np.abs(samples).max()))
        return samples[start : start + round(seconds * SAMPLE_RATE)]

    return worsen


CONDITIONS: dict[str, Condition] = {
    "studio": lambda samples, _: samples,
    "white noise, 20 dB": _noise(20, 0),
    "pink noise, 20 dB": _noise(20, 1),
    "pink noise, 10 dB": _noise(10, 1),
    "room, 0.3 s": _room(0.3, 0.7),
    "room, 0.8 s": _room(0.8, 0.4),
    "telephone band": lambda samples, _: band_limited(samples, 300, 3400),
    "8-bit mu-law": _mu_law,
    "40 dB softer": lambda samples, _: samples * 0.01,
    "first second": _first(1.0),
}
