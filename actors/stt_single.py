"""Recognition by single requests: the fallback once streaming has failed too often.

Cuts the audio into segments of speech and asks about each by itself. Nothing waits for an
answer: segments are asked about as they end, a few at once, and answered in their order. A
request that fails is asked again, later each time; its audio stays in the ring until it has
an answer, so that a stream may take over at any moment. Begins with what the ring holds.
Used by SttActor.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from actors.family import OutOfBand
from actors.messages import SingleFailed
from actors.transcripts import Transcripts
from media.segmenter import Segment, Segmenter
from speech import ports
from speech.failure import Failure, failure_of

REQUESTS_MAX: Final = 4
"""Segments asked about at once; what is beyond them waits in the ring."""

RETRY_AFTER_S: Final = (1.0, 2.0, 4.0)
"""Pauses before a failed request is made again; after the last one it is given up."""


@dataclass(frozen=True, slots=True)
class RequestAnswered(OutOfBand):
    """A request has its answer."""

    request: int
    answer: ports.Recognized | ports.RecognizeFailed


@dataclass(frozen=True, slots=True)
class RequestTimedOut(OutOfBand):
    """A request has had its time."""

    request: int


@dataclass(frozen=True, slots=True)
class RetryDue(OutOfBand):
    """A failed request is to be made again."""

    request: int


@dataclass(slots=True)
class _Request:
    number: int
    """Of the attempt: an answer to an older one goes nowhere."""

    audio: bytes
    end_frame: int
    failures: int = 0
    settled: bool = False
    text: str | None = None
    """What was recognised; None when it was given up."""

    under_way: ports.Cancellable | None = None


class SingleRequestSession:
    """Recognises segment by segment."""

    def __init__(
        self,
        recognizer: ports.Recognizer,
        transcripts: Transcripts,
        tell_self: Callable[[OutOfBand], None],
        *,
        maybe_noise: bool,
    ) -> None:
        settings = transcripts.context.settings
        self._recognizer = recognizer
        self._transcripts = transcripts
        self._context = transcripts.context
        self._ring = transcripts.state.ring
        self._tell_self = tell_self
        self._requests: deque[_Request] = deque()
        self._base = self._cursor = self._ring.start
        self._noise_until = self._ring.end if maybe_noise else 0
        self._segmenter = Segmenter(
            min_speech_ms=settings.single_min_speech_ms,
            quiet_ms=settings.single_quiet_ms,
            max_ms=settings.single_max_ms,
            resuming=self._ring.end > self._ring.start,
        )

    @property
    def busy(self) -> bool:
        """Whether something is being asked about."""
        return bool(self._requests)

    def feed(self) -> None:
        """Look at the frames the ring has got since the last time."""
        while self._cursor < self._ring.end and len(self._requests) < REQUESTS_MAX:
            overrun = max(0, self._ring.start - self._cursor)
            self._base += overrun  # The segmenter counts only what it has seen.
            self._cursor += overrun
            voiced = self._ring.voiced(self._cursor)
            audio, self._cursor = self._ring.read(self._cursor, 1)
            discarded = self._segmenter.discarded_segments
            segment = self._segmenter.push(audio, voiced=voiced)
            self._context.stats.segments_discarded += self._segmenter.discarded_segments - discarded
            if segment is not None:
                self._take(segment)

    def answered(self, message: RequestAnswered) -> None:
        """Take an answer; transcripts leave in the order of the segments."""
        request = self._find(message.request)
        if request is None:
            return
        match message.answer:
            case ports.Recognized(text=text):
                self._settle(request, text)
            case ports.RecognizeFailed(status=status, detail=detail):
                self._failed(request, status, detail)

    def timed_out(self, message: RequestTimedOut) -> None:
        """Give up on an attempt."""
        request = self._find(message.request)
        if request is None or request.under_way is None:
            return
        request.under_way.cancel()
        self._failed(request, "DEADLINE_EXCEEDED", "no answer in time")

    def retry(self, message: RetryDue) -> None:
        """Ask again."""
        request = self._find(message.request)
        if request is not None:
            self._ask(request)

    def cancel(self) -> None:
        """Drop every request under way."""
        for request in self._requests:
            if request.under_way is not None:
                request.under_way.cancel()
        self._requests.clear()

    def _take(self, segment: Segment) -> None:
        request = _Request(0, segment.audio, self._base + segment.end_frame)
        self._requests.append(request)
        self._ask(request)

    def _ask(self, request: _Request) -> None:
        number = request.number = self._transcripts.state.next_number()
        timeout_s = self._context.settings.single_timeout_s
        self._transcripts.after(timeout_s, RequestTimedOut(number))
        request.under_way = self._recognizer.recognize(
            request.audio, lambda answer: self._tell_self(RequestAnswered(number, answer))
        )

    def _failed(self, request: _Request, status: str, detail: str) -> None:
        """Try again later; in the end the agent asks the caller to say it again."""
        self._context.log.warning("⚠️ [STT] Single request failed: {} {}", status, detail)
        fatal = failure_of(status, detail) is Failure.FATAL
        self._transcripts.call.post(SingleFailed(status, fatal))
        request.under_way = None
        if request.failures == len(RETRY_AFTER_S):
            self._settle(request, None)
            return
        self._transcripts.after(RETRY_AFTER_S[request.failures], RetryDue(request.number))
        request.failures += 1

    def _settle(self, request: _Request, text: str | None) -> None:
        request.settled, request.text = True, text
        while self._requests and self._requests[0].settled:
            done = self._requests.popleft()
            self._tell(done)
            self._ring.cut(done.end_frame)
        self.feed()

    def _tell(self, done: _Request) -> None:
        if done.text is None:
            self._transcripts.given_up()
        elif done.text or done.end_frame > self._noise_until:
            self._transcripts.final(done.text)

    def _find(self, number: int) -> _Request | None:
        waiting = (asked for asked in self._requests if not asked.settled)
        return next((asked for asked in waiting if asked.number == number), None)
