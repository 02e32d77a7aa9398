"""One call's stream to the pocketsphinx recogniser.

Owns: the call's utterances from their first frame to their finals, which come in the order of
speech. Never decodes; that is the workers' part. Actors hold it as a `RecognizerStream`.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final as Constant

from media.frame import FRAME_BYTES, SAMPLE_RATE_HZ
from speech.ports import (
    STREAM_WAITING_MAX_S,
    Final,
    Partial,
    RecognizerSink,
    StreamEnded,
    StreamOpened,
)
from speech.utterance_job import UtteranceJob, UtteranceListener
from speech.utterance_tracker import Began, Ended, UtteranceTracker
from speech.worker_pool import WorkerPool

MIN_VOICED_MS: Constant = 300
"""Less voice than this is a cough or a click and yields nothing."""

MAX_HELD_BYTES: Constant = STREAM_WAITING_MAX_S * SAMPLE_RATE_HZ
"""Unanswered audio: with more the workers do not keep up, and the stream ends."""


@dataclass(slots=True)
class _Utterance:
    """An utterance whose final has not gone out."""

    job: UtteranceJob
    end_ms: int | None = None
    text: str | None = None


@dataclass(slots=True)
class StreamCounters:
    """What streams have seen; plain numbers for metrics, shared by all streams of an engine."""

    utterances: int = 0
    """Utterances that got a final."""
    rejected: int = 0
    """Those of them that resembled no phrase."""
    too_short: int = 0
    """Sounds with too little voice in them."""
    overflows: int = 0
    """Streams ended because the workers did not keep up."""


class PocketsphinxStream:
    """Implements `speech.ports.RecognizerStream`; made by `PocketsphinxRecognizer.open()`."""

    def __init__(
        self,
        pool: WorkerPool,
        sink: RecognizerSink,
        counters: StreamCounters,
        on_over: Callable[["PocketsphinxStream"], None],
    ) -> None:
        self._pool = pool
        self._sink: RecognizerSink | None = sink
        self._counters = counters
        self._on_over = on_over
        self._tracker = UtteranceTracker()
        self._utterances: deque[_Utterance] = deque()
        self._current: _Utterance | None = None
        self._unsent = bytearray()
        self._rest = b""
        self._opened = False
        self._closing = False

    def pool_changed(self) -> None:
        """Workers have come or gone: tell the call, once, or end."""
        if self._pool.down:
            self.close("UNAVAILABLE", self._pool.trouble)
        elif self._pool.ready and not self._opened and self._sink is not None:
            self._opened = True
            self._sink(StreamOpened())

    def write(self, audio: bytes) -> None:
        """Hear audio of any length."""
        if self._sink is None or self._closing:
            return
        for frame in self._frames(audio):
            self._step(frame)
            if self._sink is None:
                return
        self._send()
        if sum(utterance.job.held_bytes for utterance in self._utterances) > MAX_HELD_BYTES:
            self._counters.overflows += 1
            self.close("RESOURCE_EXHAUSTED", "the workers do not keep up with the speech")

    def half_close(self) -> None:
        """End the utterance under way; `StreamEnded` follows the last final.

        Beyond the port: for who hears a file to its end, which no call does.
        """
        self._closing = True
        ended = self._tracker.flush()
        if ended is not None:
            self._end(ended)
        self._deliver()

    def cancel(self) -> None:
        """Forget everything; the sink hears nothing more."""
        if self._sink is None:
            return
        self._sink = None
        for utterance in self._utterances:
            utterance.job.cancel()
        self._utterances.clear()
        self._current = None
        self._on_over(self)

    def _frames(self, audio: bytes) -> Iterator[bytes]:
        held = self._rest + audio if self._rest else audio
        whole = len(held) - len(held) % FRAME_BYTES
        for start in range(0, whole, FRAME_BYTES):
            yield held[start : start + FRAME_BYTES]
        self._rest = held[whole:]

    def _step(self, frame: bytes) -> None:
        match self._tracker.push(frame):
            case Began(audio):
                self._begin(audio)
            case Ended() as ended:
                self._unsent += frame
                self._end(ended)
            case None if self._tracker.speaking:
                self._unsent += frame
            case None:
                pass

    def _begin(self, audio: bytes) -> None:
        def heard(text: str) -> None:
            utterance.text = text
            self._deliver()

        listener = UtteranceListener(self._say_partial, heard, self.close)
        # The job may answer only once the loop turns, after `utterance` is bound.
        utterance = _Utterance(UtteranceJob(self._pool, audio, listener))
        self._current = utterance
        self._utterances.append(utterance)

    def _end(self, ended: Ended) -> None:
        self._send()
        utterance, self._current = self._current, None
        if utterance is None:
            return
        if ended.voiced_ms < MIN_VOICED_MS:
            self._counters.too_short += 1
            utterance.job.cancel()
            self._utterances.remove(utterance)
            return
        utterance.end_ms = ended.end_ms
        utterance.job.end()
        self._deliver()

    def _send(self) -> None:
        if self._current is not None and self._unsent:
            self._current.job.add(bytes(self._unsent))
        self._unsent.clear()

    def _say_partial(self, text: str) -> None:
        if self._sink is not None:
            self._sink(Partial(text))

    def _deliver(self) -> None:
        while self._sink is not None and self._utterances:
            first = self._utterances[0]
            if first.text is None or first.end_ms is None:
                return
            self._utterances.popleft()
            self._counters.utterances += 1
            self._counters.rejected += not first.text
            self._sink(Final(first.text, first.end_ms))
        if self._closing:
            self.close("OK", "")

    def close(self, status: str, detail: str) -> None:
        """End the stream from the engine's side."""
        sink = self._sink
        self.cancel()
        if sink is not None:
            sink(StreamEnded(status, detail))
