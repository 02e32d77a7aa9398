"""One stream to the recogniser, fed from the call's ring by a cursor, in whole batches.

Knows where in the call its stream began, so that the recogniser's times become frames of the
ring. Decides nothing: opening, changing and giving up are the session's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Final

from actors.context import CallContext
from actors.family import OutOfBand
from media.frame import FRAME_MS
from media.ring import AudioRing
from speech import ports

WRITE_MAX_FRAMES: Final = 80
"""Frames in one write: 12 800 bytes. Google refuses more than 25 KB in one request."""


@dataclass(frozen=True, slots=True)
class StreamHeard(OutOfBand):
    """An event of a stream, possibly of one that is no longer ours."""

    stream: int
    event: ports.RecognizerEvent


@dataclass(frozen=True, slots=True)
class PartialHeard(StreamHeard):
    """A partial; a newer one of the same burst replaces it."""

    COALESCES: ClassVar[bool] = True


class StreamFeed:
    """Writes the ring's audio to one stream."""

    def __init__(self, context: CallContext, ring: AudioRing, number: int) -> None:
        """Prepare a stream; nothing is opened yet.

        Args:
            context: the call's surroundings.
            ring: what the caller said since the last final.
            number: tells this stream's events from those of others.
        """
        self.number = number
        self.ready = False
        """Whether it takes audio."""
        self.opened_at = 0.0
        self._clock = context.runtime.clock
        self._meter = context.stats.stt_write
        self._ring = ring
        self._batch_frames = max(1, context.settings.stt_batch_ms // FRAME_MS)
        self._base = self._cursor = ring.start
        self._stream: ports.RecognizerStream | None = None

    def open(self, recognizer: ports.Recognizer, tell_self: Callable[[OutOfBand], None]) -> None:
        """Open the stream. What it says comes back as `StreamHeard`."""
        number = self.number
        self._stream = recognizer.open(lambda event: tell_self(_heard(number, event)))

    def begin(self) -> None:
        """Take it that the stream is open: it hears first what no final has covered."""
        # Not earlier: a full ring has moved on since, and end times count from the first byte.
        self._base = self._cursor = self._ring.start
        self.opened_at = self._clock.now()
        self.ready = True

    def feed(self) -> bool:
        """Write what the ring holds in front of the cursor, in whole batches.

        Returns:
            whether there was a batch.
        """
        if not self.ready or self._stream is None:
            return False
        first = self._cursor
        while self._ring.end - self._cursor >= self._batch_frames:
            audio, self._cursor = self._ring.read(self._cursor, WRITE_MAX_FRAMES)
            began_at = self._clock.now()
            self._stream.write(audio)
            self._meter.add(self._clock.now() - began_at)
        return self._cursor != first

    def frame_at(self, audio_ms: float) -> int:
        """The ring's frame at so many milliseconds of this stream's audio."""
        return self._base + int(audio_ms // FRAME_MS)

    @property
    def cursor(self) -> int:
        """The ring's first frame that this stream has not been sent."""
        return self._cursor

    @property
    def used_s(self) -> float:
        """Seconds since it was opened."""
        return self._clock.now() - self.opened_at if self.ready else 0.0

    @property
    def age_s(self) -> float:
        """Seconds it has been used, by the clock or by the audio, whichever is more.

        Recognisers limit both, and a replay is faster than the clock.
        """
        audio_s = (self._cursor - self._base) * FRAME_MS / 1000
        return max(self.used_s, audio_s) if self.ready else 0.0

    def cancel(self) -> None:
        """Drop the stream; nothing is heard of it any more."""
        self.ready = False
        if self._stream is not None:
            self._stream.cancel()
            self._stream = None


def _heard(stream: int, event: ports.RecognizerEvent) -> StreamHeard:
    kind = PartialHeard if isinstance(event, ports.Partial) else StreamHeard
    return kind(stream, event)
