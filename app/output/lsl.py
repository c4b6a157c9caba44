"""Each message as a sample of a Lab Streaming Layer stream, for recording beside other instruments. Needs the extra `output`."""

from __future__ import annotations

import math
from collections.abc import Sequence

from app.live.message import Message
from comp_core.modalities import LABELS, MODALITIES

NAME, WORDS = "live-affect", "live-affect words"
_MISSING = "--lsl needs pylsl and its library: pip install '.[output]' (where that brings no library: liblsl of your system)."


def channels_of(labels: Sequence[str]) -> list[str]:
    """Names of the numbers of a sample."""
    shares = [f"{what}/{label}" for what in ("fused", *MODALITIES) for label in labels]
    return [*shares, *(f"{modality}/weight" for modality in MODALITIES), "sure", "speech"]


class LslFollower:
    """Two outlets: numbers of each moment, NaN where there is none; and the words of each utterance, as markers, when they are final.

    Args:
        labels: of all models that can be chosen; a label that the chosen one does not have is NaN.

    Raises:
        ValueError: pylsl is missing.
    """

    def __init__(self, labels: Sequence[str] = LABELS) -> None:
        try:
            # Without its library the import itself fails.
            import pylsl
        except (ImportError, RuntimeError, OSError) as error:
            raise ValueError(_MISSING) from error
        self._labels, names = labels, channels_of(labels)
        numbers = pylsl.StreamInfo(NAME, "Expression", len(names), pylsl.IRREGULAR_RATE, pylsl.cf_float32, NAME)
        described = numbers.desc()
        described.append_child_value("version", Message.model_fields["version"].default)
        channels = described.append_child("channels")
        for channel in names:
            channels.append_child("channel").append_child_value("label", channel)
        markers = pylsl.StreamInfo(WORDS, "Markers", 1, pylsl.IRREGULAR_RATE, pylsl.cf_string, WORDS)
        self._numbers, self._markers = pylsl.StreamOutlet(numbers), pylsl.StreamOutlet(markers)
        self._last = ""

    @property
    def told(self) -> str:
        return "every computer of this network that asks (LSL)"

    def take(self, message: Message) -> None:
        self._numbers.push_sample(sample_of(message, self._labels))
        text = "" if message.words.interim else message.words.text
        if text and text != self._last:
            self._markers.push_sample([text])
            self._last = text

    def end(self) -> None:
        """The outlets stay for the next session."""
        self._last = ""


def sample_of(message: Message, labels: Sequence[str]) -> list[float]:
    """The numbers of a message, in the order of `channels_of`."""
    shares = [message.fused, *(message.senses[modality].probabilities for modality in MODALITIES)]
    weights = [message.senses[modality].weight for modality in MODALITIES]
    return [
        *(share.get(label, math.nan) if share else math.nan for share in shares for label in labels),
        *(math.nan if weight is None else weight for weight in weights),
        float(message.sure),
        message.speech,
    ]
