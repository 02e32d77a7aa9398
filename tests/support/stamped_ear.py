"""One stream of a recogniser under a script of faults: bytes in; events, or its fault, out.

Owns the cutting into frames and the moment a fault strikes: between two frames of one
write if need be. What a fault then does to the stream is for its user, the in-process
recogniser or the emulator. Pure, no clock.
"""

from collections.abc import Iterator

from media.frame import FRAME_BYTES
from tests.support.stamped_faults import Fault, FaultBook
from tests.support.stamped_hearing import QUIET_MS, HeardEvent, Hearing
from tests.support.stamped_track import frames_in


class StreamCounter:
    """Numbers the streams of each call."""

    def __init__(self) -> None:
        self._next: dict[int, int] = {}

    def number(self, call: int) -> int:
        """The number of the call's next stream, from 0."""
        number = self._next.get(call, 0)
        self._next[call] = number + 1
        return number


class StampedEar:
    """Hears one stream and knows what is to befall it."""

    def __init__(self, book: FaultBook, counter: StreamCounter, quiet_ms: int = QUIET_MS) -> None:
        self.hearing = Hearing(quiet_ms)
        self.number: int | None = None
        """Which of its call's streams it is; known with the first stamped frame."""
        self._book = book
        self._counter = counter
        self._waiting: list[Fault] = []
        self._rest = b""

    @property
    def call(self) -> int | None:
        """Whose stream it is, once known."""
        return self.hearing.track.call

    def hear(self, audio: bytes) -> Iterator[HeardEvent | Fault]:
        """Hear audio, of any length; the caller may stop at a fault: the rest is not heard."""
        audio = self._rest + audio
        whole = len(audio) - len(audio) % FRAME_BYTES
        self._rest = audio[whole:]
        for payload in frames_in(audio[:whole]):
            yield from self.hearing.push(payload)
            fault = self._strike()
            if fault is not None:
                yield fault

    def flush(self) -> Iterator[HeardEvent]:
        """End the audio."""
        yield from self.hearing.flush()

    def _strike(self) -> Fault | None:
        track = self.hearing.track
        if self.number is None and track.call is not None:
            self.number = self._counter.number(track.call)
            self._waiting = self._book.on_stream(track.call, self.number)
        for fault in self._waiting:
            if fault.due(track.frames, track.newest):
                self._waiting.remove(fault)
                self._book.struck(fault, track.call)
                return fault
        return None
