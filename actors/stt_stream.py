"""Streaming recognition: one stream, fed from the call's ring by a cursor, in batches.

A stream starts at the oldest audio no final has covered, so that one opened after a crash
hears first what the last one had not finished. It ends by being closed, or by failing its
actor with `StreamFailed`: also over a clean close while the call lives. Used by SttActor.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Final, assert_never

from actors.clock import Timer
from actors.family import OutOfBand
from actors.transcripts import Transcripts
from media.frame import FRAME_MS
from speech import ports

WRITE_MAX_FRAMES: Final = 80
"""Frames in one write: 12 800 bytes. Google refuses more than 25 KB in one request."""


class StreamFailed(Exception):
    """The recogniser's stream is over although the call is not."""

    loggable = True
    """The text is a status and the engine's words about itself."""

    def __init__(self, status: str, detail: str) -> None:
        super().__init__(f"{status}: {detail}" if detail else status)
        self.status = status


@dataclass(frozen=True, slots=True)
class StreamHeard(OutOfBand):
    """An event of a stream, possibly of one that is no longer ours."""

    stream: int
    event: ports.RecognizerEvent


@dataclass(frozen=True, slots=True)
class PartialHeard(StreamHeard):
    """A partial; a newer one of the same burst replaces it."""

    COALESCES: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class AttemptTimedOut(OutOfBand):
    """A stream has had its time to open."""

    stream: int


class StreamingSession:
    """One stream to the recogniser, from its opening to its end."""

    def __init__(
        self,
        recognizer: ports.Recognizer,
        transcripts: Transcripts,
        tell_self: Callable[[OutOfBand], None],
    ) -> None:
        self._recognizer = recognizer
        self._transcripts = transcripts
        self._context = transcripts.context
        self._ring = transcripts.state.ring
        self._tell_self = tell_self
        self._number = 0
        self._stream: ports.RecognizerStream | None = None
        self._timeout: Timer | None = None
        self._ready = False
        self._base = self._cursor = self._ring.start
        self._batch_frames = max(1, self._context.settings.stt_batch_ms // FRAME_MS)

    def open(self) -> None:
        """Open the stream. What it says comes back as `StreamHeard`."""
        number = self._number = self._transcripts.state.next_number()
        timeout_s = self._context.settings.stt_attempt_timeout_ms / 1000
        self._timeout = self._transcripts.after(timeout_s, AttemptTimedOut(number))
        self._stream = self._recognizer.open(lambda event: self._tell_self(_heard(number, event)))

    def feed(self) -> None:
        """Write what the ring holds in front of the cursor, in whole batches."""
        if not self._ready or self._stream is None:
            return
        while self._ring.end - self._cursor >= self._batch_frames:
            audio, self._cursor = self._ring.read(self._cursor, WRITE_MAX_FRAMES)
            began_at = self._context.runtime.clock.now()
            self._stream.write(audio)
            self._context.stats.stt_write.add(self._context.runtime.clock.now() - began_at)

    def heard(self, message: StreamHeard) -> None:
        """Take an event of the stream.

        Raises:
            StreamFailed: the stream is over although the call is not.
        """
        if message.stream != self._number:
            return
        match message.event:
            case ports.StreamOpened():
                self._on_opened()
            case ports.Partial(text=text):
                self._transcripts.partial(text)
            case ports.SpeechActivity():
                pass
            case ports.Final(text=text, end_ms=end_ms):
                self._transcripts.final(text)
                self._ring.cut(self._base + int(end_ms // FRAME_MS))
            case ports.StreamEnded(status=status, detail=detail):
                self._on_ended(status, detail)
            case _:
                assert_never(message.event)

    def timed_out(self, message: AttemptTimedOut) -> None:
        """Give up on a stream that did not open in time.

        Raises:
            StreamFailed: it is still not open.
        """
        if message.stream == self._number and not self._ready:
            raise StreamFailed("DEADLINE_EXCEEDED", "the stream did not open in time")

    def cancel(self) -> None:
        """Drop the stream; nothing is heard of it any more."""
        if self._stream is not None:
            self._stream.cancel()
            self._stream = None

    def _on_opened(self) -> None:
        if self._timeout is not None:
            self._timeout.cancel()
        # Not earlier: a full ring has moved on since, and end times count from the first byte.
        self._base = self._cursor = self._ring.start
        self._ready = True
        self._context.log.info("🟢 STT_SESSION: ready")
        self.feed()

    def _on_ended(self, status: str, detail: str) -> None:
        self._stream = None
        raise StreamFailed(status, detail or "the stream was closed while the call lives")


def _heard(stream: int, event: ports.RecognizerEvent) -> StreamHeard:
    kind = PartialHeard if isinstance(event, ports.Partial) else StreamHeard
    return kind(stream, event)
