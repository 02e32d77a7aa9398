"""Streaming recognition: one stream at a time, and what to do when it ends.

A stream starts at the oldest audio no final has covered, so that one opened after a crash
hears first what the last one had not finished. A stream that grows old is replaced by plan:
the next one is opened beside it and takes over the unfinished audio. Normal endings and
refused configurations are followed by the next stream at once; everything else fails the
actor with `StreamFailed`: restarting is the supervisor's decision. Used by SttActor.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, assert_never

from actors.clock import Timer
from actors.family import OutOfBand
from actors.messages import SttAlive, SttOpened
from actors.stt_feed import StreamFeed, StreamHeard
from actors.transcripts import Transcripts
from media.frame import FRAME_MS
from media.turn_end import TurnEnd
from speech import ports
from speech.failure import Failure, failure_of
from telemetry import STT_READY

SHORT_LIFE_S: Final = 10.0
"""A stream that ended in less, without a final since the last end, did not end normally."""

REFUSALS_MAX: Final = 64
"""Refused configurations in a row: more than ladders have rungs (16 for Hebrew and v2), so that
the engine says first that none is left."""

QUIET_TO_ROTATE_FRAMES: Final = 25
"""Quiet (0.5 s) in which a stream may be changed with nobody noticing."""

LEAST_USE_S: Final = 10.0
"""Before a stream is changed by plan, though its replay alone made it old."""

NEXT_ATTEMPT_S: Final = 1.0
"""Between attempts to open the stream that is to replace an old one."""


class StreamFailed(Exception):
    """The recogniser's stream is over although the call is not."""

    loggable = True
    """The text is a status and the engine's words about itself."""

    expected = True
    """No bug: the supervisor's line says it all, and Pykka's trace of it is not logged."""

    def __init__(self, status: str, detail: str = "") -> None:
        super().__init__(f"{status}: {detail}" if detail else status)
        self.status = status
        self.failure = failure_of(status, detail)


@dataclass(frozen=True, slots=True)
class AttemptTimedOut(OutOfBand):
    """A stream has had its time to open."""

    stream: int


class StreamingSession:
    """Keeps one stream to the recogniser open for as long as the call lives."""

    def __init__(
        self,
        recognizer: ports.Recognizer,
        transcripts: Transcripts,
        tell_self: Callable[[OutOfBand], None],
    ) -> None:
        self._recognizer = recognizer
        self._transcripts = transcripts
        self._context = transcripts.context
        self._settings = transcripts.context.settings
        self._ring = transcripts.state.ring
        self._tell_self = tell_self
        self._turn_end = TurnEnd(
            self._settings.stt_hangover_ms // FRAME_MS, self._settings.stt_timeout_ms // FRAME_MS
        )
        self._partial: ports.Partial | None = None
        self._feed = self._new_feed()
        self._next: StreamFeed | None = None
        self._next_at = 0.0
        self._timeout: Timer | None = None
        self._final_since_end = True
        self._refusals = 0

    @property
    def is_open(self) -> bool:
        """Whether the recogniser takes audio; one that is opening has a time limit of its own."""
        return self._feed.ready

    def open(self) -> None:
        """Open the first stream."""
        self._open(self._feed)

    def frame(self, *, voiced: bool) -> None:
        """Take note of the frame that has just entered the ring, and write what is due."""
        written = self._feed.feed()
        if voiced:
            self._transcripts.voiced()
        if self._turn_end.frame(voiced=voiced):
            self._finish_early()
        if written and self._is_old():
            self._open_next()

    def heard(self, message: StreamHeard) -> None:
        """Take an event of the stream, or of the one that is to replace it.

        Raises:
            StreamFailed: the stream is over although the call is not.
        """
        if message.stream == self._feed.number:
            self._on_event(message.event)
        elif self._next is not None and message.stream == self._next.number:
            self._on_next(self._next, message.event)

    def timed_out(self, message: AttemptTimedOut) -> None:
        """Give up on a stream that did not open in time.

        Raises:
            StreamFailed: it is still not open, and there is no other.
        """
        if message.stream == self._feed.number and not self._feed.ready:
            raise StreamFailed("DEADLINE_EXCEEDED", "the stream did not open in time")
        if self._next is not None and message.stream == self._next.number:
            self._drop_next()

    def cancel(self) -> None:
        """Drop the streams; nothing is heard of them any more."""
        self._feed.cancel()
        self._drop_next()
        if self._timeout is not None:
            self._timeout.cancel()

    # --- opening ---------------------------------------------------------------------

    def _new_feed(self) -> StreamFeed:
        return StreamFeed(self._context, self._ring, self._transcripts.state.next_number())

    def _open(self, feed: StreamFeed) -> None:
        if self._timeout is not None:
            self._timeout.cancel()
        timeout_s = self._settings.stt_attempt_timeout_ms / 1000
        self._timeout = self._transcripts.after(timeout_s, AttemptTimedOut(feed.number))
        feed.open(self._recognizer, self._tell_self)

    def _reopen(self) -> None:
        self._feed.cancel()
        self._drop_next()
        self._feed = self._new_feed()
        self._forget_partial()
        self._transcripts.begin_anew()
        self._open(self._feed)

    def _on_opened(self) -> None:
        if self._feed.ready:
            return  # Said twice: to begin anew would send the audio twice.
        if self._timeout is not None:
            self._timeout.cancel()
        self._feed.begin()
        self._context.log.info(STT_READY)
        self._transcripts.call.post(SttOpened())
        self._feed.feed()

    # --- what the stream says --------------------------------------------------------

    def _on_event(self, event: ports.RecognizerEvent) -> None:
        match event:
            case ports.StreamOpened():
                self._on_opened()
            case ports.Partial():
                self._on_partial(event)
            case ports.SpeechActivity(began=began):
                self._transcripts.call.post(SttAlive(began))
            case ports.Final():
                self._on_final(event)
            case ports.StreamEnded(status=status, detail=detail):
                self._on_ended(status, detail)
            case _:
                assert_never(event)

    def _on_partial(self, partial: ports.Partial) -> None:
        self._refusals = 0
        if not self._transcripts.partial(partial.text) or not self._recognizer.early_finals:
            return
        self._partial = partial
        if self._turn_end.partial(partial.text, partial.stability):
            self._finish_early()

    def _finish_early(self) -> None:
        """Take the newest partial for the final; the audio it covers needs no replay.

        Where it ends must be known: by the engine, or because the voice is quiet. Else a new
        stream would hear the words again.
        """
        partial, quiet_frames = self._partial, self._turn_end.quiet_frames
        if partial is None or (partial.end_ms is None and not quiet_frames):
            return
        self._forget_partial()
        self._final_since_end = True
        self._transcripts.early_final(partial.text)
        # Neither what the stream has not been sent, nor a voice that goes on, is covered.
        covered = min(self._feed.cursor, self._ring.end - quiet_frames)
        if partial.end_ms is not None:
            covered = min(covered, self._feed.frame_at(partial.end_ms))
        self._ring.cut(covered)

    def _on_final(self, final: ports.Final) -> None:
        self._refusals = 0
        self._final_since_end = True
        self._forget_partial()
        self._transcripts.final(final.text)
        # An end beyond what was sent is a mistake, and would cost the frames in between.
        self._ring.cut(min(self._feed.frame_at(final.end_ms), self._feed.cursor))

    def _forget_partial(self) -> None:
        self._partial = None
        self._turn_end.reset()

    # --- endings ---------------------------------------------------------------------

    def _on_ended(self, status: str, detail: str) -> None:
        self._context.metrics.stt_ended.labels(status).inc()
        failure = StreamFailed(status, detail or "the stream was closed while the call lives")
        # Partials do not count: the same replay would bring them again, without end.
        normal = self._final_since_end or self._feed.used_s >= SHORT_LIFE_S
        self._final_since_end = False
        if failure.failure is Failure.CONFIG and self._refusals < REFUSALS_MAX:
            self._refusals += 1
            self._reopen()
        elif failure.failure is Failure.ROLLOVER and normal:
            self._context.log.info("🔄 [STT] Stream ended by the recogniser ({})", status)
            self._reopen()
        else:
            raise failure

    # --- rotation --------------------------------------------------------------------

    def _is_old(self) -> bool:
        """Whether the stream is to be replaced now."""
        if self._recognizer.max_stream_s is None or not self._feed.ready:
            return False
        age_s, after_s = self._feed.age_s, self._settings.stt_rotate_after_s
        if age_s < after_s or self._feed.used_s < min(after_s, LEAST_USE_S):
            return False
        # Not while a real final is awaited that may add to what was finished early.
        settled = self._transcripts.state.early is None
        quiet = settled and self._turn_end.quiet_frames >= QUIET_TO_ROTATE_FRAMES
        return quiet or age_s >= self._settings.stt_rotate_latest_s

    def _open_next(self) -> None:
        """Open the stream to come; the old one goes on until it is ready."""
        now = self._context.runtime.clock.now()
        if self._next is not None or now < self._next_at:
            return
        self._next_at = now + NEXT_ATTEMPT_S
        self._next = self._new_feed()
        self._open(self._next)

    def _on_next(self, feed: StreamFeed, event: ports.RecognizerEvent) -> None:
        if isinstance(event, ports.StreamEnded):
            self._context.metrics.stt_ended.labels(event.status).inc()
            self._context.log.warning("⚠️ [STT] The next stream was refused: {}", event.status)
            self._drop_next()
        elif isinstance(event, ports.StreamOpened):
            self._rotate_to(feed)

    def _rotate_to(self, feed: StreamFeed) -> None:
        """Change streams: the new one hears what the old one has not finished."""
        age_s = self._feed.age_s
        self._feed.cancel()
        self._feed, self._next = feed, None
        self._forget_partial()
        self._transcripts.begin_anew()
        self._context.metrics.stt_rotations.inc()
        self._context.events.note("stt_rotated", age_s=round(age_s, 1))
        self._context.log.info("🔁 [STT] Stream rotated after {:.0f} s", age_s)
        self._on_opened()

    def _drop_next(self) -> None:
        if self._next is not None:
            self._next.cancel()
            self._next = None
