"""What all sessions share: senses, fusion models, speech recogniser, clock and times. As protocols, so that tests can script them."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol, TypeVar

import numpy as np

from app.live.batching import Batched
from app.live.transcription import Deliver, Speaker
from comp_core.inference.fusion import Distribution, Fused
from comp_core.inference.windows import Moment
from comp_core.senses.face.sense import FaceFrame
from comp_core.senses.reading import Reading
from comp_core.senses.speech.utterances import Utterance as Stretch

# A conversation and the modalities that are switched off -> its last moment, and that from each of the seven subsets.
Asked = tuple[Sequence[Moment], Collection[str]]
Answer = tuple[Fused, dict[str, Distribution | None]]
Given = TypeVar("Given", contravariant=True)


class Locator(Protocol):
    """Follows the faces of one visitor, as `comp_core.senses.face.locator.FaceLocator` does."""

    def close(self) -> None: ...


class Segmenter(Protocol):
    """Cuts one visitor's sound into stretches of speech, as `comp_core.senses.speech.utterances.Segmenter` does."""

    @property
    def time(self) -> float: ...

    @property
    def speaking(self) -> bool: ...

    @property
    def speech_probability(self) -> float: ...

    @property
    def open(self) -> Stretch | None: ...

    @property
    def paused(self) -> Stretch | None: ...

    def push(self, samples: np.ndarray) -> list[Stretch]: ...

    def finish(self) -> list[Stretch]: ...

    def skip(self, seconds: float) -> list[Stretch]: ...


class FaceSense(Protocol):
    def see_all(self, picture: np.ndarray, locator: Locator) -> list[FaceFrame]: ...

    def summarise(self, frames: Sequence[FaceFrame], freshness: Sequence[float] | None = None) -> Reading: ...


class Sense(Protocol[Given]):
    """Of the voice, given samples, and of the words, given text."""

    def read(self, given: Given, /) -> Reading: ...


class FusionModel(Protocol):
    name: str
    labels: Sequence[str]
    answer_thresholds: Mapping[str, float]
    context: int

    def fuse_last(self, moments: Sequence[Moment], without: Collection[str] = ()) -> Fused: ...

    def fuse_present(self, asked: Sequence[Asked]) -> list[Answer]: ...


class Predictor(Protocol):
    """The senses and fusion models, as `comp_core.predictor.Predictor` has them."""

    face: FaceSense
    voice: Sense[np.ndarray]
    words: Sense[str]
    fusions: Mapping[str, FusionModel]

    def fusion(self, model: str | None = None) -> FusionModel: ...


class Transcribing(Protocol):
    """As `app.live.transcription.Transcriber`."""

    @property
    def waiting(self) -> int: ...

    def can_do_within(self, seconds: float) -> bool: ...

    def submit(self, samples: np.ndarray, deliver: Deliver, speaker: Speaker) -> bool: ...


@dataclass(frozen=True)
class LiveConfig:
    """Times in seconds.

    Attributes:
        voice_every: the voice of a growing utterance is read at most this often.
        voice_share: and for no more than this share of the time: where many visitors make it slow, pictures come first.
        words_every: words of a growing utterance are asked for at most this often, and as soon as the speaker pauses: if that was
            the end, they are there when it is certain.
        words_within: both only if the recogniser has nothing else to do and is likely to give them within this.
        words_from: no words are asked for before an utterance is this long, or paused.
        voiced: or while the latest sound is less likely speech than this.
        hold: an utterance stays the present one this long after its end, and after its words came; what is shown then settles.
        typed_hold: the same for typed words; where nothing but words is given they stay.
        patience: words that take longer than this are not waited for; they still reach the history.
        rest: after an update a session rests this long for each utterance that waits for its words, up to `longest_rest`: where
            visitors are many, pictures become fewer before words come too late.
        idle: without anything new the loop looks at the clock this often.
    """

    voice_every: float = 0.4
    voice_share: float = 0.1
    words_every: float = 0.8
    words_within: float = 1.0
    words_from: float = 0.8
    voiced: float = 0.5
    hold: float = 3.0
    typed_hold: float = 8.0
    patience: float = 15.0
    rest: float = 0.1
    longest_rest: float = 0.4
    idle: float = 0.2


@dataclass(frozen=True)
class LiveContext:
    """Shared by all sessions.

    Attributes:
        predictor: the senses and the fusion models.
        transcriber: the speech recogniser.
        config: times of the loop.
        clock: seconds; given by tests.
        after: called when a session has let go of what it held.
        fuse: name of a fusion model -> what is asked of it by several sessions at once, in one batch.
    """

    predictor: Predictor
    transcriber: Transcribing
    config: LiveConfig = field(default_factory=LiveConfig)
    clock: Callable[[], float] = time.monotonic
    after: Callable[[], None] = lambda: None
    fuse: Mapping[str, Batched[Asked, Answer]] = field(init=False)

    def __post_init__(self) -> None:
        # The model is looked up at each call.
        object.__setattr__(self, "fuse", {name: Batched(partial(self._fuse_present, name)) for name in self.predictor.fusions})

    def _fuse_present(self, model: str, asked: list[Asked]) -> list[Answer]:
        return self.predictor.fusion(model).fuse_present(asked)
