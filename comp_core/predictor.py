"""The facade: media or readings in, records out. Used by the app, the command line and scripts alike."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from comp_core.inference.budget import Budget, Meter
from comp_core.inference.fusion import Fused, Fusion
from comp_core.inference.media import Media, open_media
from comp_core.inference.windows import Moment
from comp_core.modalities import AUDIO, MODALITIES, TEXT, VIDEO
from comp_core.modeling.registry import COMP
from comp_core.senses.face.locator import FaceLocator
from comp_core.senses.face.sense import FaceFrame, FaceSense
from comp_core.senses.pretrained import PretrainedVoice, PretrainedWords
from comp_core.senses.reading import BEYOND, NOT_GIVEN, SILENCE, Reading
from comp_core.senses.speech.recognition import ENGLISH, Recogniser, load_recogniser
from comp_core.senses.speech.utterances import OF_FILES, segment
from comp_core.senses.speech.vad import SAMPLE_RATE
from comp_core.senses.voice.sense import VoiceSense
from comp_core.senses.words.sense import WordsSense
from comp_core.senses.words.tokens import whole_characters
from comp_core.support.checkpoint import WEIGHTS_DIR, CheckpointError, hash_in
from comp_core.support.devices import Placed, choose_device

FACES_PER_SECOND = 5.0
# Half a sampling step on either side of an utterance, so that the shortest has a frame, and a picture's only one counts.
FACE_SLACK = 0.5 / FACES_PER_SECOND
# A face that is followed is found a little differently from one that is met: it is met so many seconds before it counts.
WARM_UP = 1.0
# A pause this long in a video is a moment of its own: the face goes on when the voice does not.
SHORTEST_PAUSE, LONGEST_PAUSE = 1.0, 4.0  # seconds

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Heard:
    """One utterance of a file: ``start`` and ``end`` in seconds, its words, and a reading for each modality."""

    start: float
    end: float
    transcript: str
    moment: Moment


@dataclass(frozen=True)
class Span:
    """A part of a file that counts as one utterance.

    Attributes:
        start, end: seconds; None: from the file's first, to its last.
        words: that are said in it; None: they are recognised.
    """

    start: float | None = None
    end: float | None = None
    words: str | None = None


# Start, end and speech of a stretch, and its words where they are known.
_Stretch = tuple[float, float, np.ndarray | None, str | None]


class Predictor:
    """Senses and fusion model together. Nothing in it belongs to one stream, so visitors may share it.

    Attributes:
        fusions: the fusion models by name; the first is used where none is named.
        recogniser: None when speech is not recognised; may be set once it is loaded.
        budget: what a file may cost.
    """

    def __init__(
        self,
        face: FaceSense,
        voice: VoiceSense | PretrainedVoice,
        words: WordsSense | PretrainedWords,
        fusions: dict[str, Fusion],
        recogniser: Recogniser | None = None,
        device: str = "cpu",
        budget: Budget = Budget(),  # noqa: B008
    ) -> None:
        self.face, self.voice, self.words, self.recogniser = face, voice, words, recogniser
        self.fusions = fusions
        self.device, self.budget = device, budget

    @classmethod
    def load(
        cls,
        models: Sequence[str | Path] = (COMP,),
        device: str | None = None,
        whisper: str = "off",
        notify: Callable[[str], None] = lambda _: None,
        weights: Path = WEIGHTS_DIR,
        budget: Budget = Budget(),  # noqa: B008
    ) -> Predictor:
        """Load everything.

        Args:
            models: fusion models, each a name in ``weights`` or a path (with or without suffix); the first is used by default.
            device: "cpu", "cuda", "cuda:1", ...; by default CUDA if there is any.
            whisper: name of a Whisper model, path of a checkpoint, or "off" for no speech recognition.
            notify: told in one sentence each what the recogniser is loading and what it could not.
            weights: folder of the senses' weights.
            budget: what a file may cost.

        Raises:
            CheckpointError: weights are missing, damaged or do not fit together.
            RecogniserError: ``whisper`` names neither a model nor a readable checkpoint.
            DeviceError: the device is not there.
        """
        device = choose_device(device)
        face, voice, words = FaceSense.load(weights, device), VoiceSense.load(weights, device), WordsSense.load(weights, device)
        dims = {AUDIO: voice.feature_dim, TEXT: words.feature_dim, VIDEO: face.feature_dim}
        names = Counter(Path(model).stem for model in models)
        if twice := [name for name, count in names.items() if count > 1]:
            raise CheckpointError(f"two models are called {twice[0]}: give the folder or the file of one another name.")
        fusions = {Path(model).stem: Fusion.load(model, weights, device) for model in models}
        for name, fusion in fusions.items():
            if (expected := fusion.model.config.dims) != dims:
                raise CheckpointError(f"the fusion model {name} expects features of sizes {expected}, but the senses here give {dims}.")
            if other := [sense for sense, known in fusion.senses.items() if known != hash_in(weights / sense)]:
                raise CheckpointError(f"the model {name} was trained on what another {' and '.join(other)} sense reads: train it again.")
        return cls(face, voice, words, fusions, load_recogniser(whisper, device, notify), device, budget)

    @property
    def notices(self) -> list[str]:
        """What a user should know of how it runs, in one sentence each: what had to leave a device whose memory ran out."""
        placed: list[Placed | None] = [part.placed for part in (self.face, self.voice, self.words, *self.fusions.values())]
        placed.append(self.recogniser.placed if self.recogniser else None)
        return [one.notice for one in placed if one and one.notice]

    def fusion(self, model: str | None = None) -> Fusion:
        """The fusion model of that name, or the one used by default."""
        return self.fusions[model or next(iter(self.fusions))]

    def predict_text(self, text: str, model: str | None = None) -> dict[str, Any]:
        """The record of one utterance of which only the words are known."""
        text = whole_characters(text)
        fused = self.fusion(model).fuse_last([{TEXT: self.words.read(text)}])
        return _record(0.0, 0.0, text, fused)

    def predict_file(
        self,
        path: str | Path,
        text: str | None = None,
        without: Collection[str] = (),
        progress: Progress = lambda *_: None,
        model: str | None = None,
        language: str = ENGLISH,
    ) -> list[dict[str, Any]]:
        """Read a video, a sound or a picture.

        Args:
            text: its words. The file then counts as one utterance, and nothing is recognised.
            without: modalities to leave out.
            progress: called with the done fraction and what is being done.
            model: name of one of the ``fusions``.
            language: code of what is spoken, one of the recogniser's ``languages``; another than English is translated.

        Returns:
            A record per utterance: ``start`` and ``end`` in seconds, ``transcript``, ``observed``, ``absent_because``, ``fused``,
            one prediction per modality (or None), ``weights`` and ``dominant``. Long pauses of a video are moments of their own.

        Raises:
            MediaError: the file cannot be read; the message says why and what would do.
            OverBudget: it costs too much to be read to its end. `predict_parts` gives what was read before.
            RecogniserError: words are to be recognised, and the recogniser does not understand the language.
        """
        return list(self.predict_parts(path, text, without, progress, model, language))

    def predict_parts(
        self,
        path: str | Path,
        text: str | None = None,
        without: Collection[str] = (),
        progress: Progress = lambda *_: None,
        model: str | None = None,
        language: str = ENGLISH,
    ) -> Iterator[dict[str, Any]]:
        """The records of `predict_file`, each as soon as the file has been read so far."""
        moments = []
        for one in self.hear_file(path, text, text is not None, without, progress, language):
            moments.append(one.moment)
            yield _record(one.start, one.end, one.transcript, self.fusion(model).fuse_last(moments, without))
        progress(1.0, "done")

    def hear_file(
        self,
        path: str | Path,
        text: str | None = None,
        whole: bool = False,
        without: Collection[str] = (),
        progress: Progress = lambda *_: None,
        language: str = ENGLISH,
    ) -> Iterator[Heard]:
        """What the senses make of a file before fusion, utterance by utterance.

        Args:
            text: its words, instead of recognising them.
            whole: the file is one utterance.
            language: as for `predict_file`.

        Raises:
            MediaError, RecogniserError: as for `predict_file`.
        """
        recogniser = self.recogniser if text is None and TEXT not in without else None
        if recogniser:
            recogniser.check(language)
        progress(0.0, "opening")
        media = open_media(path, self.budget)
        spans = [(0.0, media.duration, media.samples)] if whole else _spans(media)
        yield from self._hear(media, [(*span, text) for span in spans], without, progress, recogniser, language)

    def hear_spans(self, path: str | Path, spans: Sequence[Span], language: str = ENGLISH) -> Iterator[Heard]:
        """What the senses make of parts of a file before fusion, each an utterance; of its sound what is speech, pauses within included.

        Args:
            spans: in order of their starts. Of one that starts after the file's end nothing is there.

        Raises:
            MediaError, RecogniserError: as for `predict_file`.
        """
        recogniser = self.recogniser if any(span.words is None for span in spans) else None
        if recogniser:
            recogniser.check(language)
        media = open_media(path, self.budget)
        stretches: list[_Stretch] = []
        beyond: list[Heard] = []
        for span in spans:
            start, end = span.start or 0.0, media.duration if span.end is None else span.end
            if 0 < media.duration <= start:
                beyond.append(Heard(start, end, "", dict.fromkeys(MODALITIES, Reading.absent(BEYOND))))
            else:
                stretches.append((start, end, _speech(media, start, end), span.words))
        yield from self._hear(media, stretches, (), lambda *_: None, recogniser, language)
        yield from beyond

    def _hear(
        self,
        media: Media,
        stretches: Sequence[_Stretch],
        without: Collection[str],
        progress: Progress,
        recogniser: Recogniser | None,
        language: str,
    ) -> Iterator[Heard]:
        meter = Meter(media.path, self.budget)
        faces: list[tuple[float, FaceFrame]] = []

        def tell(seconds: float) -> None:
            meter.spend()
            progress(min(0.99, seconds / media.duration) if media.duration else 0.5, "reading")

        with closing(self._faces(media, VIDEO in without)) as pictures:
            for start, end, samples, words in stretches:
                # No further than this utterance: its record need not wait for the rest of the file.
                while not faces or faces[-1][0] <= end + FACE_SLACK:
                    if (seen := next(pictures, None)) is None:
                        break
                    faces.append(seen)
                    tell(min(seen[0], end))
                tell(end)
                transcript = whole_characters(words or "")
                if recogniser and samples is not None and words is None:
                    transcript = recogniser.transcribe(samples, language).text
                yield Heard(start, end, transcript, self._moment(media, faces, start, end, samples, transcript))

    def read_again(self, media: Media, heard: Heard, transcript: str) -> Heard:
        """What the senses make of one utterance of a file that has changed, with these words for it; no more of the file is looked at."""
        samples = media.samples if heard.moment[AUDIO].present else None
        if samples is not None:
            samples = samples[round(heard.start * SAMPLE_RATE) : round(heard.end * SAMPLE_RATE)]
        faces = list(self._faces(media, False, heard.start - WARM_UP, heard.end + FACE_SLACK))
        moment = self._moment(media, faces, heard.start, heard.end, samples, transcript)
        return Heard(heard.start, heard.end, transcript, moment)

    def _moment(
        self,
        media: Media,
        faces: list[tuple[float, FaceFrame]],
        start: float,
        end: float,
        samples: np.ndarray | None,
        transcript: str,
    ) -> Moment:
        return {
            AUDIO: self.voice.read(samples) if samples is not None else Reading.absent(SILENCE if media.has_audio else NOT_GIVEN),
            TEXT: self.words.read(transcript),
            VIDEO: self._face_between(faces, start, end) if media.has_video else Reading.absent(NOT_GIVEN),
        }

    def _faces(self, media: Media, skip: bool, start: float = 0.0, end: float = math.inf) -> Generator[tuple[float, FaceFrame], None, None]:
        if skip or not media.has_video:
            return
        locator = FaceLocator(tracking=media.kind == "video")
        try:
            for time, picture in media.frames(FACES_PER_SECOND):
                if time > end:
                    break
                if time >= start:
                    yield time, self.face.see(picture, locator)
        finally:
            locator.close()

    def _face_between(self, faces: list[tuple[float, FaceFrame]], start: float, end: float) -> Reading:
        return self.face.summarise([frame for time, frame in faces if start - FACE_SLACK <= time <= end + FACE_SLACK])


def _spans(media: Media) -> list[tuple[float, float, np.ndarray | None]]:
    """(start, end, speech or None) of each utterance, and of each long pause of a video."""
    spoken = segment(media.samples, OF_FILES) if media.samples is not None else []
    spans: list[tuple[float, float, np.ndarray | None]] = [(u.start, u.end, u.samples) for u in spoken]
    if media.has_video:
        edges = [0.0, *(edge for u in spoken for edge in (u.start, u.end)), media.duration]
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            if end - start >= SHORTEST_PAUSE:
                pieces = np.linspace(start, end, 1 + max(1, round((end - start) / LONGEST_PAUSE)))
                spans += [(float(a), float(b), None) for a, b in pairwise(pieces)]
    return sorted(spans, key=lambda span: span[:2]) or [(0.0, media.duration, None)]


def _speech(media: Media, start: float, end: float) -> np.ndarray | None:
    """The samples between the first and the last speech of a part of a file; None where there is none."""
    if media.samples is None:
        return None
    part = media.samples[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]
    spoken = segment(part, OF_FILES)
    return part[round(spoken[0].start * SAMPLE_RATE) : round(spoken[-1].end * SAMPLE_RATE)] if spoken else None


def _record(start: float, end: float, transcript: str, fused: Fused) -> dict[str, Any]:
    return {"start": round(start, 2), "end": round(end, 2), "transcript": transcript, **fused.as_dict()}
