"""A recogniser in process that hears stamped speech, and fails as it is told.

Implements `speech.ports.Recognizer` without a task or a clock: everything happens inside
`write()`, so that whole calls with faults run on the manual clock. What every stream heard,
frame by frame, can be read afterwards.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from media.frame import FRAME_MS
from speech import ports
from tests.support.stamped_ear import StampedEar, StreamCounter
from tests.support.stamped_faults import STREAM_LIMIT_TEXT, Fault, FaultBook, Kind
from tests.support.stamped_hearing import QUIET_MS
from tests.support.stamped_track import Track, covered, frames_in, listen

MS: Final = 1000


class ScriptedCrash(Exception):
    """What `Kind.RAISE` lets `write()` raise."""


class StampedStream:
    """One open stream; implements `speech.ports.RecognizerStream`."""

    def __init__(
        self, sink: ports.RecognizerSink, ear: StampedEar, limit_frames: int | None
    ) -> None:
        self.ear = ear
        self.fault: Fault | None = None
        """What befell it."""
        self.cancelled = False
        self.ended: str | None = None
        """The status it ended with."""
        self._sink = sink
        self._limit_frames = limit_frames
        self._mute = False
        self._held: list[bytes] | None = None

    @property
    def track(self) -> Track:
        """The exact frames it heard."""
        return self.ear.hearing.track

    def begin(self, fault: Fault | None) -> None:
        """Open, unless a fault of openings says otherwise."""
        self.fault = fault
        if fault is not None and fault.kind is Kind.DELAY:
            self._held = []
        elif fault is None or not self._befall(fault):
            self._say(ports.StreamOpened())

    def release(self) -> None:
        """End a DELAY: open, then hear what was written meanwhile."""
        held, self._held = self._held, None
        if held is None:
            return
        self._say(ports.StreamOpened())
        for audio in held:
            self.write(audio)

    def write(self, audio: bytes) -> None:
        """Hear audio; what it makes reaches the sink before this returns."""
        if self.ended is not None or self.cancelled:
            return
        if self._held is not None:
            self._held.append(audio)
            return
        for heard in self.ear.hear(audio):
            if isinstance(heard, Fault):
                self.fault = heard
                if self._befall(heard):
                    return
            else:
                self._say(heard)
        if self._limit_frames is not None and self.track.frames >= self._limit_frames:
            self._end("OUT_OF_RANGE", STREAM_LIMIT_TEXT)

    def cancel(self) -> None:
        """Say nothing more."""
        self.cancelled = True

    def fail(self, status: str = "UNAVAILABLE", detail: str = "scripted") -> None:
        """End with a status, now."""
        self._end(status, detail)

    def _befall(self, fault: Fault) -> bool:
        """Suffer a fault; says whether the stream hears nothing more in this write."""
        match fault.kind:
            case Kind.STATUS | Kind.IN_BAND:
                self._end(fault.status, fault.detail)
            case Kind.MUTE:
                self._mute = True
                return fault.at_open
            case Kind.RAISE:
                self.ended = "raised"
                raise ScriptedCrash(fault.detail)
            case _:
                raise ValueError(f"{fault.kind}: expected with the emulator, or at an opening")
        return True

    def _end(self, status: str, detail: str) -> None:
        if self.ended is None and not self._mute:
            self._say(ports.StreamEnded(status, detail))
            self.ended = status

    def _say(self, event: ports.RecognizerEvent) -> None:
        if not (self.cancelled or self._mute or self.ended is not None):
            self._sink(event)


class StampedRecognizer:
    """Implements `speech.ports.Recognizer`.

    Args:
        faults: what goes wrong, on which stream.
        quiet_ms: quiet after which an utterance has ended.
        max_stream_s: audio after which a stream is ended with OUT_OF_RANGE; None: never.
        early_finals: whether its partials may be answered before their final.
    """

    name = "stamped"
    language = "en-US"
    about = "recogniser stamped: hears stamped speech only"

    def __init__(
        self,
        faults: Iterable[Fault] = (),
        *,
        quiet_ms: int = QUIET_MS,
        max_stream_s: float | None = None,
        early_finals: bool = False,
    ) -> None:
        self.max_stream_s = max_stream_s
        self.early_finals = early_finals
        self.signs_of_life = True
        self.streams: list[StampedStream] = []
        self.requests: list[Track] = []
        """What each single request brought."""
        self._book = FaultBook(faults)
        self._counter = StreamCounter()
        self._quiet_ms = quiet_ms

    async def start(self) -> None:
        """Nothing to get ready."""

    async def aclose(self) -> None:
        """Nothing to let go of."""

    def script(self, faults: Iterable[Fault]) -> None:
        """Put other rules in force, for streams that are opened from now on."""
        self._book = FaultBook(faults)

    def open(self, sink: ports.RecognizerSink) -> StampedStream:
        """Open a stream; `StreamOpened` reaches the sink before this returns."""
        limit = None if self.max_stream_s is None else int(self.max_stream_s * MS / FRAME_MS)
        ear = StampedEar(self._book, self._counter, self._quiet_ms)
        stream = StampedStream(sink, ear, limit)
        self.streams.append(stream)
        stream.begin(self._book.at_open())
        return stream

    def recognize(self, audio: bytes, sink: ports.RecognizeSink) -> "Answered":
        """Answer one segment with the words that are whole in it."""
        track = listen(frames_in(audio))
        fault = self._book.on_request(track.call, len(self.requests))
        self.requests.append(track)
        if fault is None:
            sink(ports.Recognized(" ".join(track.words)))
        elif fault.kind is Kind.STATUS:
            sink(ports.RecognizeFailed(fault.status, fault.detail))
        return Answered()

    def heard_ranges(self) -> Sequence[tuple[int, int]]:
        """The caller's frames that reached any stream or request, joined."""
        tracks = [*(stream.track for stream in self.streams), *self.requests]
        return covered(span for track in tracks for span in track.ranges)


class Answered:
    """A request that was answered before anybody could call it off, or never will be."""

    def cancel(self) -> None:
        """Do nothing."""
