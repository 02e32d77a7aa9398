"""What Google's streaming responses mean: messages of the API become events of the port.

Owns the reading of one stream: concatenated interims, end times, odd speech events. Pure; both
versions of the API differ only by the dialect. A stream has one reader.
"""

from collections.abc import Iterator
from typing import Any
from typing import Final as Constant

from speech.google_counters import GoogleCounters
from speech.google_wire import Dialect
from speech.ports import Final, Partial, SpeechActivity

ACTIVITY_BEGIN: Constant = 2
"""`SPEECH_ACTIVITY_BEGIN`, in both versions."""

ACTIVITY_END: Constant = 3
"""`SPEECH_ACTIVITY_END`, in both versions."""


class ResponseReader:
    """Reads the responses of one stream, in order."""

    __slots__ = ("_counters", "_dialect", "_end_ms")

    def __init__(self, dialect: Dialect, counters: GoogleCounters) -> None:
        self._dialect = dialect
        self._counters = counters
        self._end_ms = 0.0
        """The largest end time so far."""

    def read(self, response: Any) -> Iterator[SpeechActivity | Partial | Final]:
        """Return what a response without an error says; often nothing."""
        event = response.speech_event_type
        if event in (ACTIVITY_BEGIN, ACTIVITY_END):
            yield SpeechActivity(began=event == ACTIVITY_BEGIN)
        elif event:
            self._counters.other_events += 1
        interims: list[Any] = []
        for result in response.results:
            if result.is_final:
                yield self._final(result)
            else:
                interims.append(result)
        if interims and (partial := self._partial(interims)).text:
            yield partial

    def _final(self, result: Any) -> Final:
        """A final without an end time ends where the newest known text did."""
        end_ms = self._note_end(result) or self._end_ms
        if not result.alternatives:
            return Final("", end_ms)
        return Final(result.alternatives[0].transcript.strip(), end_ms)

    def _partial(self, interims: list[Any]) -> Partial:
        """One hypothesis comes in pieces: a stable head and a changing tail."""
        text = "".join(one.alternatives[0].transcript for one in interims if one.alternatives)
        ends = [self._note_end(one) for one in interims]
        return Partial(text.strip(), round(interims[0].stability, 3), max(ends) or None)

    def _note_end(self, result: Any) -> float:
        """Return a result's end in milliseconds of audio since the stream's first byte."""
        end = self._dialect.end_of(result)
        end_ms = float(end.seconds * 1000 + end.nanos / 1_000_000)
        self._end_ms = max(self._end_ms, end_ms)
        return end_ms
