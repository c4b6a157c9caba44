"""The utterances so far and the present one: how they begin, get their words, end, and are corrected."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

import numpy as np

from app.live.context import LiveContext, Segmenter
from app.live.export import Record
from app.live.inbox import Arrived, Recognised
from app.live.latencies import Latencies
from app.live.looking import Looking
from app.live.people import Sight
from app.live.senses import reading_of
from app.live.settings import Settings
from app.live.snapshot import Said
from app.live.utterance import Utterance
from comp_core.inference.windows import Moment
from comp_core.modalities import AUDIO, TEXT, VIDEO
from comp_core.senses.reading import NO_WORDS, SILENCE, Reading
from comp_core.senses.speech.utterances import Utterance as Stretch

UTTERANCES_KEPT = 12

# Asks for the words of a stretch of speech; the number is that of its utterance. False if none will come.
AskWords = Callable[[Stretch, int], bool]


class Conversation:
    """One visitor's.

    Args:
        ask_words: has the words of an utterance recognised; they come back by `take_recognised`.
        record: is given every utterance that ends.

    Attributes:
        utterances: those that have ended, oldest first.
        present: the one that is spoken, or held for a while after; None in between.
        forgotten: utterances up to this number are not remembered.
    """

    def __init__(
        self,
        context: LiveContext,
        settings: Settings,
        looking: Looking,
        latencies: Latencies,
        record: Record,
        ask_words: AskWords,
        random: np.random.Generator,
    ) -> None:
        self._context, self._settings, self._looking = context, settings, looking
        self._latencies, self._record, self._ask_words, self._random = latencies, record, ask_words, random
        self.utterances: deque[Utterance] = deque(maxlen=UTTERANCES_KEPT)
        self.present: Utterance | None = None
        self._count = self.forgotten = 0

    @property
    def growing(self) -> Utterance | None:
        return self.present if self.present and self.present.open else None

    # --- spoken -------------------------------------------------------------------------------------------------

    def grow(self, segmenter: Segmenter, now: float, at: float) -> None:
        """Take what is spoken, as far as it goes. Where nothing is any more, it was a click or a cough.

        Args:
            now: on the loop's clock.
            at: the same in seconds since the session began.
        """
        stretch = segmenter.open
        if stretch is None:
            if self.growing:
                self._drop(self.growing, now, at)
            return
        utterance, config = self.growing or self._begin(stretch.start), self._context.config
        if self._voice_due(utterance, now):
            utterance.voice_read_at = now
            utterance.voice = self._read_voice(stretch.samples)
        paused = segmenter.paused
        if paused:
            due = paused.end != utterance.asked_until
        else:
            voiced = segmenter.speech_probability >= config.voiced  # else it may just have ended: the next words are final
            due = voiced and stretch.end - stretch.start >= config.words_from and now - utterance.asked_at >= config.words_every
        if due and self._context.transcriber.can_do_within(config.words_within):
            utterance.asked_at = now
            self._ask(utterance, paused or stretch)

    def end(self, ended: Iterable[Stretch], now: float) -> None:
        """These stretches of speech have ended; the first is what was growing."""
        for stretch in ended:
            utterance = self.growing or self._begin(stretch.start)
            utterance.start, utterance.end, utterance.ended_at = stretch.start, stretch.end, now
            utterance.shown_until = now + self._context.config.hold
            utterance.voice = self._read_voice(stretch.samples)
            utterance.face_number, utterance.face = self._looking.during(utterance.sights)
            utterance.sights.clear()  # summed up; a session has many utterances
            if utterance.asked_until != stretch.end:
                self._ask(utterance, stretch)
            utterance.pending = utterance.heard_until < utterance.asked_until == stretch.end
            self._keep(utterance)
            self._judge(utterance)

    def takes_long(self, arrived: Arrived, now: float) -> bool:
        """What arrived has words to be read, or sound after which the voice is."""
        return bool(arrived.recognised or (arrived.audio and self.growing and self._voice_due(self.growing, now)))

    def _voice_due(self, utterance: Utterance, now: float) -> bool:
        takes, config = (self._latencies.median("voice") or 0.0) / 1000, self._context.config
        return now - utterance.voice_read_at >= max(config.voice_every, takes / config.voice_share)

    def see(self, sight: Sight) -> None:
        """The faces while something is said."""
        if self.growing:
            self.growing.sights.append(sight)

    def _begin(self, start: float) -> Utterance:
        self._count += 1
        self.present = Utterance(self._count, start)
        return self.present

    def _keep(self, utterance: Utterance) -> None:
        self.utterances.append(utterance)
        self._record.utterances.append(utterance)

    def _drop(self, utterance: Utterance, now: float, at: float) -> None:
        """It was no utterance; unless words were typed meanwhile, which are kept."""
        self.present = None
        if utterance.typed is not None:
            self.take_typed(utterance.typed[0], now, at)

    # --- words --------------------------------------------------------------------------------------------------

    def _ask(self, utterance: Utterance, stretch: Stretch) -> None:
        if self._ask_words(stretch, utterance.number):
            utterance.asked_until = stretch.end

    def take_recognised(self, recognised: Recognised, now: float) -> None:
        """Words of an utterance, which may have ended long ago."""
        self._latencies.add("recogniser", recognised.milliseconds)
        utterance = self._find(recognised.number)
        if utterance is None or not (utterance.open or recognised.until == utterance.end):
            return  # too late: dropped from the history, or the words of the whole utterance are on their way
        utterance.heard_until = recognised.until
        if recognised.error:
            utterance.spoken = ("", Reading.absent(f"failed: {recognised.error}"))
        else:
            utterance.confidence = recognised.words.confidence
            utterance.spoken = self._with_reading(self._settings.degradation.words(recognised.words.text, self._random))
        if not utterance.open:
            utterance.pending = False
            utterance.shown_until = max(utterance.shown_until, now + self._context.config.hold)
            if utterance.typed is None:  # else it was judged by the visitor's words, which stand
                self._judge(utterance)

    def take_typed(self, text: str, now: float, at: float) -> None:
        """Words for the present utterance, or for one of their own; without any, the recognised ones count again."""
        if not text.strip():
            if self.present is not None:
                self.present.typed = None
                self._judge(self.present)
            return
        utterance = self.present
        if utterance is None:
            utterance = self._begin(at)
            utterance.end, utterance.ended_at = at, now
            utterance.face_number, utterance.face = self._looking.people.read, self._looking.present(now)
            self._keep(utterance)
        utterance.typed = self._with_reading(text)
        utterance.shown_until = max(utterance.shown_until, now + self._context.config.typed_hold)
        self._judge(utterance)

    def take_correction(self, number: int, text: str) -> None:
        """Other words for an utterance that has ended."""
        utterance = next((one for one in self.utterances if one.number == number), None)
        if utterance is not None:  # else too late: dropped from the history
            utterance.typed = self._with_reading(text) if text.strip() else None
            self._judge(utterance)

    def _find(self, number: int) -> Utterance | None:
        known = [*self.utterances, self.present] if self.present else self.utterances
        return next((one for one in known if one.number == number), None)

    def _with_reading(self, text: str) -> tuple[str, Reading]:
        with self._latencies.measure("words"):
            return text, reading_of("words", lambda: self._context.predictor.words.read(text))

    def _read_voice(self, samples: np.ndarray) -> Reading:
        with self._latencies.measure("voice"):
            return reading_of("voice", lambda: self._context.predictor.voice.read(samples))

    # --- for the fusion -----------------------------------------------------------------------------------------

    def forget(self) -> None:
        """What was said so far no longer counts for what is said now; its lines stay."""
        self.forgotten = self._count

    @property
    def remembered(self) -> list[Utterance]:
        """What was said before the present moment and counts for it, oldest first."""
        present = self.present
        face = self._looking.people.read if present is None or present.open else present.face_number
        return self._before(present.number if present else self._count + 1, face)

    def _before(self, number: int, face: int | None) -> list[Utterance]:
        """Of the utterances before that of this number; what was said with another face is another person's, and does not count."""
        if not self._settings.memory:
            return []
        # The present one is read together with them.
        count = self._context.predictor.fusion(self._settings.model).context - 1
        own = [one for one in self.utterances if face is None or one.face_number in (None, face)]
        return [one for one in own if self.forgotten < one.number < number][-count:] if count else []

    @property
    def said_last(self) -> Utterance | None:
        """The present utterance once it has words; until then the last one that had."""
        known = [*self.utterances, self.present] if self.present else self.utterances
        return next((one for one in reversed(known) if one.transcript), None)

    def release(self, now: float, words_alone: bool = False) -> None:
        """Let the present utterance go once it has been shown long enough; never where ``words_alone`` are given."""
        utterance = self.present
        if utterance is None or utterance.open or now < utterance.shown_until or (words_alone and utterance.typed):
            return
        if not utterance.pending or now - utterance.ended_at >= self._context.config.patience:
            self.present = None

    def moments(self, now: float, silence: str) -> list[Moment]:
        """The conversation up to now: the utterance that is spoken or held, else ``silence`` with the face as it is now.

        One that has ended keeps the face with which it was said, so that its answer settles; unless there is no face any more.
        """
        moments = [earlier.readings() for earlier in self.remembered]
        face, utterance = self._looking.present(now), self.present
        if utterance is None:
            return [*moments, {AUDIO: Reading.absent(silence), TEXT: Reading.absent(NO_WORDS), VIDEO: face}]
        if face.present and not utterance.open and utterance.face.present:
            face = utterance.face
        voice = Reading.absent(silence) if utterance.voice.absent_because == SILENCE else utterance.voice
        return [*moments, {AUDIO: voice, TEXT: utterance.words, VIDEO: face}]

    def told(self) -> list[Said]:
        named = self._looking.people.name_of
        return [
            Said(one.number, one.start, one.end, one.transcript, one.pending, one.judged, one.face_number, named(one.face_number))
            for one in self.utterances
        ]

    def _judge(self, utterance: Utterance) -> None:
        """Fuse a whole utterance, for the history: once, when nothing of it is still to come; again only when the visitor corrects it."""
        if utterance.open or (utterance.pending and utterance.typed is None):
            return
        before = [earlier.readings() for earlier in self._before(utterance.number, utterance.face_number)]
        model = self._context.predictor.fusion(self._settings.model)
        utterance.judged = model.fuse_last([*before, utterance.readings()], without=self._settings.switched_off)
