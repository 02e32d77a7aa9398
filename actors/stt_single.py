"""Recognition by single requests: the fallback once streaming has failed too often.

Cuts the audio into segments of speech and asks about each by itself. Nothing waits for an
answer: segments are asked about as they end, a few at once, and answered in their order.
Begins with what the ring holds. Used by SttActor.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from actors.family import OutOfBand
from actors.transcripts import Transcripts
from media.segmenter import Segment, Segmenter
from speech import ports

REQUESTS_MAX: Final = 4
"""Requests under way at once; a segment beyond them is not asked about, and counted."""


@dataclass(frozen=True, slots=True)
class RequestAnswered(OutOfBand):
    """A request has its answer."""

    request: int
    answer: ports.Recognized | ports.RecognizeFailed


@dataclass(frozen=True, slots=True)
class RequestTimedOut(OutOfBand):
    """A request has had its time."""

    request: int


@dataclass(slots=True)
class _Request:
    number: int
    end_frame: int
    text: str | None = None
    under_way: ports.Cancellable | None = None


class SingleRequestSession:
    """Recognises segment by segment."""

    def __init__(
        self,
        recognizer: ports.Recognizer,
        transcripts: Transcripts,
        tell_self: Callable[[OutOfBand], None],
    ) -> None:
        settings = transcripts.context.settings
        self._recognizer = recognizer
        self._transcripts = transcripts
        self._context = transcripts.context
        self._ring = transcripts.state.ring
        self._tell_self = tell_self
        self._requests: deque[_Request] = deque()
        self._base = self._cursor = self._ring.start
        self._segmenter = Segmenter(
            min_speech_ms=settings.single_min_speech_ms,
            quiet_ms=settings.single_quiet_ms,
            max_ms=settings.single_max_ms,
        )
        self.skipped_segments = 0

    def feed(self) -> None:
        """Look at the frames the ring has got since the last time."""
        while self._cursor < self._ring.end:
            self._cursor = max(self._cursor, self._ring.start)
            voiced = self._ring.voiced(self._cursor)
            audio, self._cursor = self._ring.read(self._cursor, 1)
            segment = self._segmenter.push(audio, voiced=voiced)
            if segment is not None:
                self._ask(segment)

    def answered(self, message: RequestAnswered) -> None:
        """Take an answer; transcripts leave in the order of the segments."""
        request = self._find(message.request)
        if request is None:
            return
        match message.answer:
            case ports.Recognized(text=text):
                request.text = text
            case ports.RecognizeFailed(status=status, detail=detail):
                self._context.log.warning("⚠️ [STT] Single request failed: {} {}", status, detail)
                request.text = ""
        self._deliver()

    def timed_out(self, message: RequestTimedOut) -> None:
        """Give up on a request; the agent will ask the caller to say it again."""
        request = self._find(message.request)
        if request is None or request.text is not None:
            return
        if request.under_way is not None:
            request.under_way.cancel()
        self._context.log.warning("⚠️ [STT] Single request timed out")
        request.text = ""
        self._deliver()

    def cancel(self) -> None:
        """Drop every request under way."""
        for request in self._requests:
            if request.under_way is not None:
                request.under_way.cancel()
        self._requests.clear()

    def _ask(self, segment: Segment) -> None:
        if len(self._requests) >= REQUESTS_MAX:
            self.skipped_segments += 1
            self._context.log.warning("⚠️ [STT] Segment skipped: {} are waiting", REQUESTS_MAX)
            return
        number = self._transcripts.state.next_number()
        request = _Request(number, self._base + segment.end_frame)
        self._requests.append(request)
        timeout_s = self._context.settings.single_timeout_s
        self._transcripts.after(timeout_s, RequestTimedOut(number))
        request.under_way = self._recognizer.recognize(
            segment.audio, lambda answer: self._tell_self(RequestAnswered(number, answer))
        )

    def _find(self, number: int) -> _Request | None:
        return next((asked for asked in self._requests if asked.number == number), None)

    def _deliver(self) -> None:
        while self._requests and self._requests[0].text is not None:
            request = self._requests.popleft()
            self._transcripts.final(request.text or "")
            self._ring.cut(request.end_frame)
