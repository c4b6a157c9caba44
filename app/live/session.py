"""One visitor's session, from Start to Stop: newest media -> senses -> conversation -> fusion -> snapshot.

Capture never waits for the loop: frames are replaced by newer ones, sound queues up. All is in memory; it dies with its token.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any, Protocol

import numpy as np

from app.live.context import LiveContext, Locator, Segmenter
from app.live.conversation import Conversation
from app.live.export import Note, Record
from app.live.followers import Followers
from app.live.hearing import Hearing
from app.live.inbox import Arrived, Inbox, Recognised
from app.live.latencies import Latencies
from app.live.lesson import Lesson
from app.live.looking import Looking
from app.live.settings import Settings
from app.live.snapshot import BETWEEN, NOW, PAST, REMEMBERED, SAID, SPOKEN, Snapshot, Words
from app.live.why import Pull, pull_of
from comp_core.inference.fusion import Fused
from comp_core.inference.smoothing import Smoother
from comp_core.modalities import AUDIO, VIDEO
from comp_core.senses.speech.recognition import Transcript
from comp_core.senses.speech.utterances import Utterance as Stretch

logger = logging.getLogger(__name__)


class OwnDevices(Protocol):
    """The computer's own camera and microphone, read for one session."""

    def pause(self, on: bool) -> None:
        """Release the devices for now, or open them again."""

    def view(self) -> dict[str, Any]:
        """For the page: the newest picture, and what is wrong with a device."""


class LiveSession:
    """Owns what one visitor sent, the conversation, and the loop that reads it.

    Args:
        token: the secret that the page holds.
        context: what all sessions share.
        locator: follows the face of this visitor.
        segmenter: cuts this visitor's sound.

    Attributes:
        began: when the session began, on the context's clock.
        last_seen: on the same clock, when the page last asked.
        present_at: on the same clock, when there last was anything to go on.
        inbox: what capture fills.
        settings: what the visitor has chosen.
        record: what the visitor may take along.
        followers: programs that get each snapshot.
        lesson: what the visitor has taught it.
        local: the computer's own devices, where they are read instead of the browser's.
    """

    def __init__(self, token: str, context: LiveContext, locator: Locator, segmenter: Segmenter) -> None:
        self.token, self._context = token, context
        self.began = self.last_seen = self.present_at = context.clock()
        self.inbox, self.latencies = Inbox(), Latencies()
        self.followers = Followers()
        self.settings = Settings(model=next(iter(context.predictor.fusions)))
        self.local: OwnDevices | None = None
        random = np.random.default_rng()
        self.looking = Looking(context.predictor.face, locator, self.settings, self.latencies, random)
        self.record = Record(self.looking.people.name_of)
        self.hearing = Hearing(segmenter, self.settings, self.latencies, random)
        self.lesson = Lesson(context.predictor.face, context.predictor.voice, segmenter)
        self.conversation = Conversation(context, self.settings, self.looking, self.latencies, self.record, self._ask_words, random)
        self._smoother = Smoother()
        self._face_read: int | None = None
        self._snapshot: Snapshot | None = None
        self._closed = self._waited_for = False
        self._published = threading.Condition()

    # --- from any thread ----------------------------------------------------------------------------------------

    def switch(self, modality: str, on: bool) -> None:
        """Use a modality, or do without."""
        self.settings.switches[modality] = on
        self.inbox.wake()

    def choose(self, model: str) -> None:
        """Take another fusion model from now on."""
        self.settings.model = model
        self.inbox.wake()

    def remember(self, on: bool) -> None:
        """Judge what is said in the light of what was said before, or by itself."""
        self.settings.memory = on
        self.inbox.wake()

    def forget(self) -> None:
        """Judge what is said from now on as if nothing had been said before."""
        self.conversation.forget()
        self.inbox.wake()

    def note(self, text: str) -> None:
        """Take down a remark, or with empty text a marker."""
        self.record.notes.append(Note(self._context.clock() - self.began, text))

    def snapshot(self, at_least: float | None = None, timeout: float = 0.0) -> Snapshot | None:
        """The newest snapshot; waits up to `timeout` seconds for one that has seen the frame captured `at_least` then.

        Only one call waits at a time: each holds a thread, and a page asks again when it is answered.
        """

        def seen() -> bool:
            captured = self._snapshot.captured if self._snapshot else None
            return self._closed or (captured is not None and captured >= at_least)

        with self._published:
            if at_least is not None and not self._waited_for:
                self._waited_for = True
                try:
                    self._published.wait_for(seen, timeout)
                finally:
                    self._waited_for = False
            return self._snapshot

    def close(self) -> None:
        with self._published:
            self._closed = True
            self._published.notify_all()
        self.followers.end()
        self.lesson.delete()
        self.inbox.close()

    @property
    def closed(self) -> bool:
        return self._closed

    @property
    def language(self) -> str:
        """For the transcriber: what is spoken."""
        return self.settings.language

    # --- the loop -----------------------------------------------------------------------------------------------

    def start(self) -> None:
        threading.Thread(target=self.run, name="live session", daemon=True).start()

    def run(self) -> None:
        """Update until the session is closed, then let go of what it held."""
        while not self._closed:
            arrived = self.inbox.take(self._context.config.idle)
            # The page waits for its picture's answer; voice and words that take longer are in the next one.
            late = self.conversation.takes_long(arrived, self._context.clock())
            for part in arrived.picture_first() if late else [arrived]:
                try:
                    self.update(part)
                except Exception:
                    # One bad update must not end the session.
                    logger.exception("an update of the live loop failed")
            config = self._context.config
            time.sleep(min(config.longest_rest, config.rest * self._context.transcriber.waiting))
        self.looking.locator.close()
        self._context.after()

    def update(self, arrived: Arrived) -> None:
        """One pass: take in what arrived, then publish a snapshot of the present."""
        now = self._context.clock()
        at = now - self.began
        self._hear(arrived, now, at)
        self._look(arrived, now)
        for recognised in arrived.recognised:
            self.conversation.take_recognised(recognised, now)
        for text in arrived.typed:
            self.conversation.take_typed(text, now, at)
        for number, text in arrived.corrected:
            self.conversation.take_correction(number, text)
        self.conversation.release(now, words_alone=not (self.looking.has_camera or self.hearing.has_microphone))
        self.lesson.keep_time(now)
        snapshot = self._read(now, at)
        with self._published:
            self._snapshot = snapshot
            self._published.notify_all()
        self.followers.tell(snapshot)

    def _hear(self, arrived: Arrived, now: float, at: float) -> None:
        if arrived.missed:
            self.conversation.end(self.hearing.segmenter.skip(arrived.missed), now)
        samples = arrived.samples
        if samples.size:
            ended = self.hearing.listen(samples, now)
            self.lesson.hear(ended)
            self.conversation.end(ended, now)
            if self.hearing.failure is None:
                self.conversation.grow(self.hearing.segmenter, now, at)
        if AUDIO in arrived.lost:
            self.conversation.end(self.hearing.lose(arrived.lost[AUDIO], now), now)
            self.conversation.grow(self.hearing.segmenter, now, at)

    def _look(self, arrived: Arrived, now: float) -> None:
        if VIDEO in arrived.lost:
            self.looking.lose(arrived.lost[VIDEO])
        if arrived.frame is not None:
            # Who speaks is judged by the voice only while the voice is used.
            voice = float(self.hearing.segmenter.speech_probability) if self.settings.switches[AUDIO] else 0.0
            sight = self.looking.look(arrived.frame, now, voice)
            if sight is not None:
                self.conversation.see(sight)
                self.lesson.see(sight.frame)

    def _ask_words(self, stretch: Stretch, number: int) -> bool:
        def deliver(words: Transcript, milliseconds: float, error: str | None) -> None:
            self.inbox.hear(Recognised(number, words, stretch.end, milliseconds, error))

        return self._context.transcriber.submit(stretch.samples, deliver, self)

    def _read(self, now: float, at: float) -> Snapshot:
        """Fuse the conversation up to now, and tell all that is known of it."""
        settings, model, off = self.settings, self.settings.model, self.settings.switched_off
        moments, ask = self.conversation.moments(now, self.hearing.silence), self._context.fuse[model]
        # Of one sense alone the answer is its own, whatever was said before.
        together = sum(reading.present for m, reading in moments[-1].items() if m not in off) > 1
        with self.latencies.measure("fusion"):
            # What it would be without what was said before is asked in the same breath.
            *afresh, (fused, subsets) = ask(*([(moments[-1:], off)] if together and len(moments) > 1 else []), (moments, off))
            pull = self._pull(fused, afresh[0][0]) if afresh else None
        if fused.fused is not None:
            self.present_at = now
        people = self.looking.people
        read, faces = (None, ()) if VIDEO in off else (people.read, self.looking.faces(now))
        self._smoother.time_constant = settings.smoothing
        if people.read != self._face_read:
            # Of another face there is no before.
            self._smoother, self._face_read = Smoother(settings.smoothing), people.read
        fusion = self._context.predictor.fusion(model)
        told = {"subsets": subsets, "answer_thresholds": dict(fusion.answer_thresholds), "labels": list(fusion.labels)}
        shown = self._smoother.update({**fused.as_dict(), **told}, now)
        utterance = self.conversation.present
        lesson = self.lesson.state(moments[-1], off, now)
        self.record.add(at, model, shown, utterance.transcript if utterance else "", lesson.answer, read, faces)
        return Snapshot(
            at=at,
            model=model,
            captured=self.looking.captured,
            box=self.looking.box,
            faces=faces,
            fused=shown,
            switched_off=off,
            speaking=bool(self.hearing.segmenter.speaking),
            speech_probability=float(self.hearing.segmenter.speech_probability),
            moment=BETWEEN if utterance is None else SPOKEN if utterance.open else SAID,
            words=self._words(now),
            remembered=len(self.conversation.remembered),
            pull=pull,
            pending=bool(utterance and utterance.pending and not utterance.typed),
            utterances=self.conversation.told(),
            stage_ms=self.latencies.medians(),
            frames_dropped=self.inbox.frames_dropped,
            audio_lost_s=self.inbox.audio_lost_s,
            smoothing=settings.smoothing,
            lesson=lesson,
        )

    def _pull(self, fused: Fused, afresh: Fused) -> Pull | None:
        return pull_of(fused.fused, afresh.fused, [earlier.fused for earlier in self.conversation.remembered])

    def _words(self, now: float) -> Words:
        utterance = self.conversation.said_last
        if utterance is None:
            return Words()
        remembered = any(utterance is one for one in self.conversation.remembered)
        return Words(
            text=utterance.transcript,
            source=utterance.source,
            confidence=utterance.confidence if utterance.source == "recognised" else None,
            counts=NOW if utterance is self.conversation.present else REMEMBERED if remembered else PAST,
            age=0.0 if utterance.open else now - utterance.ended_at,
            interim=utterance.open and utterance.typed is None,
        )
