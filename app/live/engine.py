"""The live loop: newest media -> senses -> conversation -> fusion -> snapshot.

One thread per visitor runs it. Capture never waits for it: frames are replaced by newer ones, sound queues up. A sense that
fails makes its modality absent, and the loop goes on.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from app.live.batching import Together
from app.live.session import Frame, Heard, Inbox, Session, Snapshot, Turn
from app.live.transcription import Transcriber
from comp_core.inference.smoothing import Smoother
from comp_core.modalities import AUDIO, TEXT, VIDEO
from comp_core.senses.reading import NO_WORDS, NOT_GIVEN, SILENCE, Reading
from comp_core.senses.speech.recognition import Transcript
from comp_core.senses.speech.utterances import Utterance
from comp_core.senses.speech.vad import SAMPLE_RATE

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class EngineConfig:
    """Times in seconds.

    Attributes:
        voice_every: the voice of a growing utterance is read at most this often.
        voice_share: and for no more than this share of the time: where many visitors make it slow, pictures come first.
        words_every: words of a growing utterance are asked for at most this often, and as soon as the speaker pauses: if that was
            the end, they are there when it is certain.
        words_within: both only if the recogniser has nothing else to do and is likely to give them within this.
        words_from: no words are asked for before an utterance is this long, or paused.
        voiced: or while the latest sound is less likely speech than this.
        hold: an utterance stays the present moment this long after its end, and after its words came.
        typed_hold: the same for typed words.
        patience: words that take longer than this are not waited for; they still reach the history.
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
    idle: float = 0.2


class Engine:
    """Turns what visitors send into snapshots.

    Args:
        predictor: the senses (`face`, `voice`, `words`) and `fusion`s; shared by all visitors.
        transcriber: the speech recogniser; shared by all visitors.
        clock: seconds; given by tests.
    """

    def __init__(
        self,
        predictor: Any,
        transcriber: Transcriber,
        config: EngineConfig | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.predictor, self.transcriber = predictor, transcriber
        self.config = config or EngineConfig()
        self.clock = clock
        self._fuse = {name: Together(partial(self._fuse_present, name)) for name in predictor.fusions}

    def start(self, session: Session) -> None:
        threading.Thread(target=self.run, args=(session,), name="engine", daemon=True).start()

    def run(self, session: Session) -> None:
        """Update until the session is closed, then let go of what it held."""
        smoother = Smoother()
        while not session.closed:
            inbox = session.take(self.config.idle)
            try:
                self.update(session, inbox, smoother)
            except Exception:
                # One bad update must not end the visit.
                logger.exception("an update of the live loop failed")
        session.locator.close()

    def update(self, session: Session, inbox: Inbox, smoother: Smoother) -> None:
        """One pass: take in what arrived, then publish a snapshot of the present moment."""
        now = self.clock()
        if inbox.missed:
            self._end_all(session, session.segmenter.skip(inbox.missed), now)
        samples = inbox.samples
        if samples.size:
            self._listen(session, samples, now)
        if inbox.broken_off:
            self._break_off(session, now)
        if inbox.frame is not None:
            self._look(session, inbox.frame, now)
        for heard in inbox.heard:
            self._take_words(session, heard, now)
        for text in inbox.typed:
            self._take_typed(session, text, now)
        for number, text in inbox.corrected:
            self._take_correction(session, number, text)
        self._release(session, now)
        session.publish(self._snapshot(session, now, smoother))

    # --- sound --------------------------------------------------------------------------------------------------

    def _listen(self, session: Session, samples: np.ndarray, now: float) -> None:
        session.has_microphone = True
        session.gone.pop(AUDIO, None)
        if session.broken_off_at is not None:
            # These samples were spoken before now; what is told of an utterance is when it was said.
            gap, session.broken_off_at = now - session.broken_off_at - len(samples) / SAMPLE_RATE, None
            self._end_all(session, session.segmenter.skip(gap), now)
        spoilt = session.spoiling.sound(samples, session.random)
        samples = np.zeros_like(samples) if spoilt is None else spoilt
        try:
            with session.latencies.measure("speech"):
                ended = session.segmenter.push(samples)
            session.speech_failure = None
        except Exception as error:
            session.speech_failure = _failure(error)
            logger.exception("speech detection failed")
            return
        self._end_all(session, ended, now)
        growing = session.segmenter.open
        if growing is None:
            if session.turn and session.turn.open:
                self._drop(session, session.turn, now)
            return
        turn = session.turn if session.turn and session.turn.open else self._begin(session, growing.start)
        takes = (session.latencies.median("voice") or 0.0) / 1000
        if now - turn.voice_read_at >= max(self.config.voice_every, takes / self.config.voice_share):
            turn.voice_read_at = now
            turn.voice = self._read(session, "voice", self.predictor.voice.read, growing.samples)
        paused = session.segmenter.paused
        if paused:
            due = paused.end != turn.asked_until
        else:
            voiced = session.segmenter.speech_probability >= self.config.voiced  # else it may just have ended: the next words are final
            due = voiced and growing.end - growing.start >= self.config.words_from and now - turn.asked_at >= self.config.words_every
        if due and self.transcriber.can_do_within(self.config.words_within):
            turn.asked_at = now
            self._ask_words(session, turn, paused or growing)

    def _end_all(self, session: Session, ended: list[Utterance], now: float) -> None:
        for utterance in ended:
            turn = session.turn if session.turn and session.turn.open else self._begin(session, utterance.start)
            self._end(session, turn, utterance, now)

    def _break_off(self, session: Session, now: float) -> None:
        """Nothing more is heard for a while: what was being said ends here."""
        session.broken_off_at, session.has_microphone = now, False
        self._end_all(session, session.segmenter.finish(), now)
        if session.turn and session.turn.open:
            self._drop(session, session.turn, now)

    def _begin(self, session: Session, start: float) -> Turn:
        session.turn_count += 1
        session.turn = Turn(session.turn_count, start)
        return session.turn

    def _end(self, session: Session, turn: Turn, utterance: Any, now: float) -> None:
        turn.start, turn.end, turn.closed_at = utterance.start, utterance.end, now
        turn.shown_until = now + self.config.hold
        turn.voice = self._read(session, "voice", self.predictor.voice.read, utterance.samples)
        turn.face = self._face(session, lambda: self.predictor.face.summarise(turn.frames))
        turn.frames.clear()  # summed up; a visit has many turns
        if turn.asked_until != utterance.end:
            self._ask_words(session, turn, utterance)
        turn.pending = turn.heard_until < turn.asked_until == utterance.end
        self._keep(session, turn)
        self._judge(session, turn)

    def _drop(self, session: Session, turn: Turn, now: float) -> None:
        """It was a click or a cough, not an utterance; unless words were typed meanwhile, which are kept."""
        session.turn = None
        if turn.typed is not None:
            self._take_typed(session, turn.typed[0], now)

    def _keep(self, session: Session, turn: Turn) -> None:
        session.turns.append(turn)
        session.record.turns.append(turn)

    # --- words --------------------------------------------------------------------------------------------------

    def _ask_words(self, session: Session, turn: Turn, utterance: Utterance) -> None:
        number = turn.number

        def deliver(words: Transcript, milliseconds: float, error: str | None) -> None:
            session.hear(Heard(number, words, utterance.end, milliseconds, error))

        if self.transcriber.submit(utterance.samples, deliver, session):
            turn.asked_until = utterance.end

    def _take_words(self, session: Session, heard: Heard, now: float) -> None:
        session.latencies.add("recogniser", heard.milliseconds)
        known = [*session.turns, session.turn] if session.turn else session.turns
        turn = next((turn for turn in known if turn.number == heard.turn), None)
        if turn is None or not (turn.open or heard.until == turn.end):
            return  # too late: dropped from the history, or the words of the whole utterance are on their way
        turn.heard_until = heard.until
        if heard.error:
            turn.spoken = ("", Reading.absent(f"failed: {heard.error}"))
        else:
            words = session.spoiling.words(heard.words.text, session.random)
            turn.confidence = heard.words.confidence
            turn.spoken = (words, self._read(session, "words", self.predictor.words.read, words))
        if not turn.open:
            turn.pending = False
            turn.shown_until = max(turn.shown_until, now + self.config.hold)
            self._judge(session, turn)

    def _take_typed(self, session: Session, text: str, now: float) -> None:
        turn = session.turn
        if not text.strip():
            if turn is not None:
                turn.typed = None
                self._judge(session, turn)
            return
        if turn is None:
            seconds = now - session.began
            turn = self._begin(session, seconds)
            turn.end, turn.closed_at = seconds, now
            turn.face = self._present_face(session, now)
            self._keep(session, turn)
        turn.typed = (text, self._read(session, "words", self.predictor.words.read, text))
        turn.shown_until = max(turn.shown_until, now + self.config.typed_hold)
        self._judge(session, turn)

    def _take_correction(self, session: Session, number: int, text: str) -> None:
        turn = next((turn for turn in session.turns if turn.number == number), None)
        if turn is not None:  # else too late: dropped from the history
            turn.typed = (text, self._read(session, "words", self.predictor.words.read, text)) if text.strip() else None
            self._judge(session, turn)

    # --- picture ------------------------------------------------------------------------------------------------

    def _look(self, session: Session, frame: Frame, now: float) -> None:
        session.has_camera = True
        session.gone.pop(VIDEO, None)
        session.captured = frame.captured
        spoiling = session.spoiling
        if session.random.random() < spoiling.frames_lost:
            return
        try:
            with session.latencies.measure("face"):
                seen = self.predictor.face.see(spoiling.picture(frame.picture, session.random), session.locator)
        except Exception as error:
            logger.exception("the face sense failed")
            session.face_failure, session.box, session.others = _failure(error), None, ()
            return
        session.face_failure, session.box, session.others = None, seen.box, seen.others
        session.recent_faces.add(seen, now)
        if session.turn is not None and session.turn.open:
            session.turn.frames.append(seen)

    def _present_face(self, session: Session, now: float) -> Reading:
        return self._face(session, lambda: session.recent_faces.read(self.predictor.face, now))

    def _face(self, session: Session, read: Callable[[], Reading]) -> Reading:
        if session.face_failure:
            return Reading.absent(session.face_failure)
        if not session.has_camera:
            return Reading.absent(session.gone.get(VIDEO, NOT_GIVEN))
        try:
            return read()
        except Exception as error:
            logger.exception("the face sense failed")
            return Reading.absent(_failure(error))

    # --- the present moment -------------------------------------------------------------------------------------

    def _release(self, session: Session, now: float) -> None:
        """Let the shown utterance go once it has been seen long enough."""
        turn = session.turn
        if turn is None or turn.open or now < turn.shown_until:
            return
        if turn.pending and now - turn.closed_at < self.config.patience:
            return
        session.turn = None

    def _present(self, session: Session, now: float) -> dict[str, Reading]:
        """The present moment: the turn that is spoken or held, else silence; the face always as it is now."""
        turn = session.turn
        silence = (session.speech_failure or SILENCE) if session.has_microphone else session.gone.get(AUDIO, NOT_GIVEN)
        face = self._present_face(session, now)
        if turn is None:
            return {AUDIO: Reading.absent(silence), TEXT: Reading.absent(NO_WORDS), VIDEO: face}
        voice = turn.voice if turn.voice.present or turn.voice.absent_because != SILENCE else Reading.absent(silence)
        return {AUDIO: voice, TEXT: turn.words, VIDEO: face}

    def _judge(self, session: Session, turn: Turn) -> None:
        """Fuse a whole turn, for the history."""
        if turn.open:
            return
        before = [earlier.readings() for earlier in session.turns if earlier.number < turn.number]
        turn.fused = self.predictor.fusion(session.model).fuse_last([*before, turn.readings()], without=session.switched_off).fused

    def _fuse_present(self, model: str, asked: list[Any]) -> list[Any]:
        return self.predictor.fusion(model).fuse_present(asked)

    def _snapshot(self, session: Session, now: float, smoother: Smoother) -> Snapshot:
        turn, off = session.turn, session.switched_off
        context = [earlier.readings() for earlier in session.turns if earlier is not turn]
        with session.latencies.measure("fusion"):
            fused, subsets = self._fuse[session.model](([*context, self._present(session, now)], off))
        if fused.fused is not None:
            session.present_at = now
        smoother.time_constant = session.recent_faces.time_constant = session.smoothing
        shown = smoother.update({**fused.as_dict(), "subsets": subsets}, now)
        session.record.add(now - session.began, session.model, shown)
        words_shown = turn is not None and bool(turn.transcript)
        return Snapshot(
            at=now - session.began,
            captured=session.captured,
            box=session.box,
            others=session.others,
            fused=shown,
            switched_off=off,
            speaking=bool(session.segmenter.speaking),
            speech_probability=float(session.segmenter.speech_probability),
            transcript=turn.transcript if turn else "",
            transcript_source=("typed" if turn.typed else "recognised") if words_shown else "",
            confidence=turn.confidence if words_shown and not turn.typed else None,
            pending=bool(turn and turn.pending and not turn.typed),
            turns=[
                {"number": t.number, "start": t.start, "end": t.end, "transcript": t.transcript, "pending": t.pending, "fused": t.fused}
                for t in session.turns
            ],
            stage_ms=session.latencies.medians(),
            frames_dropped=session.frames_dropped,
            audio_lost_s=session.audio_lost_s,
            smoothing=session.smoothing,
        )

    def _read(self, session: Session, stage: str, read: Callable[[Any], Reading], of: Any) -> Reading:
        try:
            with session.latencies.measure(stage):
                return read(of)
        except Exception as error:
            logger.exception("the %s sense failed", stage)
            return Reading.absent(_failure(error))


def _failure(error: Exception) -> str:
    return f"failed: {str(error) or type(error).__name__}"
